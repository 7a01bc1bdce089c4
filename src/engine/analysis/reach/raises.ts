import { subjectOf } from '../iamworld/allowers.ts';
import type { IamWorld, Raise } from '../iamworld/iamworld.ts';
import type { WorldPolicy } from '../iamworld/policies.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  type Permitted,
  type Posture,
  postureOf,
  resourcesInReach,
  surest,
} from './asking.ts';
import { changing } from './protected.ts';
import { createOthersChanged } from './raisedothers.ts';
import type { KnownRole } from './trusts.ts';

/** How somebody comes to be allowed more than it is, and what it is then: itself, or somebody it changed or made. */
export interface IamRaise extends Posture {
  /** What it took. */
  readonly by: Permitted;
  /** `gives itself a policy that allows everything` */
  readonly message: string;
}

/** Who can raise what it may; each is looked at once. */
export interface IamRaises {
  /**
   * The ways, strongest first: a way that gives everything without boundary for certain stands alone, else whatever there is,
   * as each may be enough where another is not.
   */
  of(principal: KnownPrincipal): readonly IamRaise[];
  /** All of an account that have one. */
  inAccount(accountId: string): readonly KnownPrincipal[];
}

const selfActions = {
  user: ['iam:PutUserPolicy', 'iam:AttachUserPolicy'],
  role: ['iam:PutRolePolicy', 'iam:AttachRolePolicy'],
} as const;
const boundaryActions = {
  user: ['iam:DeleteUserPermissionsBoundary', 'iam:PutUserPermissionsBoundary'],
  role: ['iam:DeleteRolePermissionsBoundary', 'iam:PutRolePermissionsBoundary'],
} as const;
/** Whoever has none of these raises nothing. */
const raisingActions = [
  ...[...selfActions.user, ...selfActions.role, ...boundaryActions.user, ...boundaryActions.role],
  ...['iam:PutGroupPolicy', 'iam:AttachGroupPolicy', 'iam:AddUserToGroup'],
  ...['iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion'],
] as const;

/** What one may do to a principal, an account's policies and groups: the questions all raises are made of. */
export function createChanges(world: World) {
  const { partition } = world.snapshot;
  // Both let whoever has them give itself the rest.
  const administrators = ['AdministratorAccess', 'IAMFullAccess'].map(
    (name) => `arn:${partition}:iam::aws:policy/${name}`,
  );

  const attaches = (posture: Posture, action: string, resource: string, policyArn: string) =>
    posture.may({ action, resource, context: { 'iam:PolicyARN': policyArn } });

  /** A policy that it makes, for where only some may be attached. */
  const attachesNew = (posture: Posture, action: string, resource: string): Permitted | undefined => {
    const fallback = `arn:${partition}:iam::${posture.subject.accountId}:policy/any`;
    const arns = resourcesInReach(posture, 'iam:CreatePolicy', {
      ...{ fallback, within: fallback.replace('any', '*') },
    });
    return surest(
      arns.map((arn) => {
        const makes = posture.may({ action: 'iam:CreatePolicy', resource: arn });
        const attached = makes && attaches(posture, action, resource, arn);
        return makes && attached && both(makes, attached);
      }),
    );
  };

  const gives = (posture: Posture, actions: readonly string[], resource: string): Permitted | undefined =>
    surest(
      actions.flatMap((action) =>
        action.startsWith('iam:Attach')
          ? [
              ...administrators.map((arn) => attaches(posture, action, resource, arn)),
              attachesNew(posture, action, resource),
            ]
          : [posture.may({ action, resource })],
      ),
    );

  /** Another text for one of the policies. */
  const rewrites = (posture: Posture, arns: readonly string[]): Permitted | undefined =>
    surest(
      arns
        // Those of AWS nobody changes (iam-facts J9).
        .filter((arn) => arn.split(':')[4] === posture.subject.accountId)
        .flatMap((arn) => {
          const former = posture.may({ action: 'iam:SetDefaultPolicyVersion', resource: arn });
          return [
            posture.may({ action: 'iam:CreatePolicyVersion', resource: arn }),
            former && assuming(former, `a former version of \`${arn}\` grants more`),
          ];
        }),
    );

  const ofGroups = (posture: Posture, { kind, accountId, record }: KnownPrincipal): Permitted | undefined => {
    const groups = kind === 'user' && 'groupNames' in record ? record.groupNames : [];
    return surest(
      groups.flatMap((name) => {
        const group = world.principals.group(accountId, name);
        if (group === undefined) return [];
        const actions = ['iam:PutGroupPolicy', 'iam:AttachGroupPolicy'];
        return [gives(posture, actions, group.arn), rewrites(posture, group.attachedPolicyArns)];
      }),
    );
  };

  return {
    gives,
    attaches,
    /** A policy that allows everything for the principal. */
    empowers(posture: Posture, principal: KnownPrincipal): Permitted | undefined {
      const { arn, attachedPolicyArns } = principal.record;
      const own = gives(posture, selfActions[principal.kind], arn);
      const changed = surest([
        principal.kind === 'role' ? changing(arn, own) : own,
        rewrites(posture, attachedPolicyArns),
      ]);
      return surest([changed, ofGroups(posture, principal)]);
    },
    /** The end of the principal's boundary: taken away, another one in its place, or another text for it. */
    unbinds(posture: Posture, { kind, record }: KnownPrincipal): Permitted | undefined {
      const { arn, permissionsBoundaryArn } = record;
      if (permissionsBoundaryArn === undefined) return undefined;
      const [deletes, puts] = boundaryActions[kind];
      const context = { 'iam:PermissionsBoundary': administrators[0] ?? '' };
      const own = surest([
        posture.may({ action: deletes, resource: arn }),
        posture.may({ action: puts, resource: arn, context }),
      ]);
      return surest([
        kind === 'role' ? changing(arn, own) : own,
        rewrites(posture, [permissionsBoundaryArn]),
      ]);
    },
  };
}

export type Changes = ReturnType<typeof createChanges>;

export function createRaises(
  world: World,
  iam: IamWorld,
  /** Roles that may have been made to trust the principal, by index. */
  rolesTrusting: (principal: KnownPrincipal) => Iterable<KnownRole>,
): IamRaises {
  const changes = createChanges(world);
  const others = createOthersChanged(world, { iam, changes, rolesTrusting });
  const remembered = new Map<string, readonly IamRaise[]>();
  const byAccount = new Map<string, readonly KnownPrincipal[]>();

  /** What it does to itself from where it stands, `raise` being what it did before. */
  function* selfRaises(
    principal: KnownPrincipal,
    before?: IamRaise,
    raise: Raise = {},
  ): Generator<{ readonly found: IamRaise; readonly raise: Raise }> {
    const subject = subjectOf(principal);
    const posture = before ?? postureOf(iam, subject);
    const then = function* (
      by: Permitted | undefined,
      message: string,
      change: Raise,
    ): ReturnType<typeof selfRaises> {
      if (by === undefined) return;
      const next: Raise = { ...raise, ...change };
      const found: IamRaise = {
        ...postureOf(iam, subject, next),
        by: before ? both(before.by, by) : by,
        message: before ? `${before.message}, ${message}` : message,
      };
      yield { found, raise: next };
      yield* selfRaises(principal, found, next);
    };
    if (raise.everything === undefined) {
      const message = 'gives itself a policy that allows everything';
      yield* then(changes.empowers(posture, principal), message, { everything: 'more' });
    }
    if (raise.withoutBoundary === undefined) {
      const message = 'takes away its permissions boundary';
      yield* then(changes.unbinds(posture, principal), message, { withoutBoundary: true });
    }
    if (raise.everything !== undefined || raise.extra !== undefined) return;
    for (const { by, message, extra } of gains(posture, principal)) yield* then(by, message, { extra });
  }

  /** Policies there are that it may get: of groups, and by attaching where only some may be attached. */
  function* gains(
    posture: Posture,
    principal: KnownPrincipal,
  ): Generator<{ readonly by: Permitted; readonly message: string; readonly extra: readonly WorldPolicy[] }> {
    const { accountId, kind, record } = principal;
    const { groups = [], managedPolicies = [] } = world.principals.account(accountId) ?? {};
    const { policies } = iam.standings;
    if (kind === 'user' && iam.allowers.ofAny('iam:AddUserToGroup').has(principal)) {
      for (const { arn, name } of groups) {
        const by = posture.may({ action: 'iam:AddUserToGroup', resource: arn });
        const extra = policies.ofGroup(accountId, name);
        if (by !== undefined && extra.length > 0) yield { by, message: `joins the group \`${name}\``, extra };
      }
    }
    const attach = selfActions[kind][1];
    if (!iam.allowers.of(attach, record.arn).has(principal)) return;
    for (const { arn } of managedPolicies) {
      const by = changes.attaches(posture, attach, record.arn, arn);
      const extra = [policies.managed(accountId, arn, 'identity')];
      if (by !== undefined) yield { by, message: `attaches the policy \`${arn}\` to itself`, extra };
    }
  }

  const find = (principal: KnownPrincipal): readonly IamRaise[] => {
    const found: IamRaise[] = [];
    // Of ways to the same powers a certain one is kept, else the first.
    const seen = new Map<string, number>();
    for (const [key, raise] of keyed(principal)) {
      if (key === strongest && raise.by.certainty === 'always') return [raise];
      const at = seen.get(key);
      if (at === undefined) seen.set(key, found.push(raise) - 1);
      else if (raise.by.certainty === 'always' && found[at]?.by.certainty !== 'always') found[at] = raise;
    }
    return found;
  };

  function* keyed(principal: KnownPrincipal): Generator<readonly [string, IamRaise]> {
    let place = 0;
    const { permissionsBoundaryArn } = principal.record;
    for (const { found, raise } of selfRaises(principal)) {
      const boundary = raise.withoutBoundary ? undefined : permissionsBoundaryArn;
      yield [raise.everything === undefined ? `${place++}` : (boundary ?? strongest), found];
    }
    for (const { boundary, ...raise } of others(principal)) yield [boundary ?? strongest, raise];
  }

  const of: IamRaises['of'] = (principal) => {
    const { arn } = principal.record;
    let found = remembered.get(arn);
    if (found === undefined) {
      found = find(principal);
      remembered.set(arn, found);
    }
    return found;
  };

  return {
    of,
    inAccount(accountId) {
      let found = byAccount.get(accountId);
      if (found === undefined) {
        const candidates = new Set<KnownPrincipal>();
        for (const action of raisingActions) {
          for (const one of iam.allowers.ofAny(action)) if (one.accountId === accountId) candidates.add(one);
        }
        found = [...candidates].filter((principal) => of(principal).length > 0);
        byAccount.set(accountId, found);
      }
      return found;
    },
  };
}

const strongest = 'everything';
