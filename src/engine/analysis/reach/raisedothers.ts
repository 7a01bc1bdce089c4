import { subjectOf } from '../iamworld/allowers.ts';
import type { IamWorld, Raise } from '../iamworld/iamworld.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  both,
  type Permitted,
  type Posture,
  postureOf,
  resourcesInReach,
  speaksOf,
  surest,
} from './asking.ts';
import { setsPassword } from './passwords.ts';
import { changing } from './protected.ts';
import type { Changes, IamRaise } from './raises.ts';
import type { KnownRole } from './trusts.ts';

/** A principal it gave everything and can be. */
export interface OtherRaise extends IamRaise {
  /** What still limits it. */
  readonly boundary?: string;
}

const changesOf = {
  user: [
    'iam:PutUserPolicy',
    'iam:AttachUserPolicy',
    'iam:CreatePolicyVersion',
    'iam:SetDefaultPolicyVersion',
  ],
  role: [
    'iam:PutRolePolicy',
    'iam:AttachRolePolicy',
    'iam:CreatePolicyVersion',
    'iam:SetDefaultPolicyVersion',
  ],
} as const;

/** From somebody to the principals of its account that it gives everything and becomes, or makes for the purpose. */
export function createOthersChanged(
  world: World,
  {
    iam,
    changes,
    rolesTrusting,
  }: {
    readonly iam: IamWorld;
    readonly changes: Changes;
    readonly rolesTrusting: (principal: KnownPrincipal) => Iterable<KnownRole>;
  },
): (principal: KnownPrincipal) => Generator<OtherRaise> {
  const { partition } = world.snapshot;
  const everything: Raise = { everything: 'more' };
  const unbound: Raise = { everything: 'more', withoutBoundary: true };
  const made: Raise = { everything: 'only' };

  const enters = (posture: Posture, other: KnownPrincipal): Permitted | undefined => {
    const { arn } = other.record;
    if (other.kind === 'user') {
      return surest([
        posture.may({ action: 'iam:CreateAccessKey', resource: arn }),
        setsPassword(posture, other.record),
      ]);
    }
    const assumed = posture.may({ action: 'sts:AssumeRole', resource: arn });
    if (assumed?.certainty === 'always') return assumed;
    const trusted = posture.may({ action: 'iam:UpdateAssumeRolePolicy', resource: arn });
    return surest([assumed, changing(arn, trusted)]);
  };

  const has = (principal: KnownPrincipal, actions: readonly string[]): boolean =>
    actions.some((action) => iam.allowers.ofAny(action).has(principal));

  /** Of the account, those that its policies let it change and it may perhaps be. */
  const candidates = (principal: KnownPrincipal): Iterable<KnownPrincipal> => {
    const found = new Set<KnownPrincipal>();
    const { accountId } = principal;
    if (has(principal, changesOf.role)) {
      for (const role of rolesTrusting(principal)) if (role.accountId === accountId) found.add(role);
    }
    const trusts = has(principal, ['iam:UpdateAssumeRolePolicy']) && has(principal, changesOf.role);
    const keys =
      has(principal, ['iam:CreateAccessKey', 'iam:CreateLoginProfile', 'iam:UpdateLoginProfile']) &&
      has(principal, changesOf.user);
    if (trusts || keys) {
      const wanted = { role: trusts, user: keys };
      for (const one of world.principals.all)
        if (one.accountId === accountId && wanted[one.kind]) found.add(one);
    }
    found.delete(principal);
    return found;
  };

  function* changed(principal: KnownPrincipal, posture: Posture): Generator<OtherRaise> {
    const speaks = {
      user: speaksOf(posture.policies, changesOf.user),
      role: speaksOf(posture.policies, changesOf.role),
    };
    const policyArns = ({ record, kind }: KnownPrincipal): readonly string[] => [
      ...record.attachedPolicyArns,
      ...(kind === 'user' && 'groupNames' in record
        ? record.groupNames.flatMap(
            (name) => world.principals.group(principal.accountId, name)?.attachedPolicyArns ?? [],
          )
        : []),
    ];
    for (const other of candidates(principal)) {
      const { arn, permissionsBoundaryArn: boundary } = other.record;
      if (![arn, ...policyArns(other)].some(speaks[other.kind])) continue;
      const empowered = changes.empowers(posture, other);
      const entered = empowered && enters(posture, other);
      if (empowered === undefined || entered === undefined) continue;
      const by = both(empowered, entered);
      const subject = subjectOf(other);
      const message = `gives \`${arn}\`, which it can become, a policy that allows everything`;
      const raised = { ...postureOf(iam, subject, everything), by, message };
      if (boundary === undefined) {
        yield raised;
        continue;
      }
      yield { ...raised, boundary };
      const freed = surest([changes.unbinds(posture, other), changes.unbinds(raised, other)]);
      if (freed === undefined) continue;
      const then = `${message}, and takes away its permissions boundary`;
      yield { ...postureOf(iam, subject, unbound), by: both(by, freed), message: then };
    }
  }

  /** A new role that trusts it, or a new user with a key; one without boundary. */
  function* created(principal: KnownPrincipal, posture: Posture): Generator<OtherRaise> {
    const { accountId } = principal;
    const make = (
      kind: 'role' | 'user',
      Kind: 'Role' | 'User',
      more: readonly string[],
    ): Generator<OtherRaise> | [] => {
      const action = `iam:Create${Kind}`;
      return has(principal, [action])
        ? ways(kind, action, [`iam:Put${Kind}Policy`, `iam:Attach${Kind}Policy`], more)
        : [];
    };
    function* ways(
      kind: 'role' | 'user',
      action: string,
      gives: readonly string[],
      more: readonly string[],
    ): Generator<OtherRaise> {
      const fallback = `arn:${partition}:iam::${accountId}:${kind}/any`;
      for (const arn of resourcesInReach(posture, action, {
        fallback,
        within: fallback.replace('any', '*'),
      })) {
        const makes = posture.may({ action, resource: arn, context: { 'iam:PermissionsBoundary': [] } });
        const given = makes && changes.gives(posture, gives, arn);
        const opened = given && posture.may(...more.map((one) => ({ action: one, resource: arn })));
        if (makes === undefined || given === undefined || opened === undefined) continue;
        const subject: IamSubject = {
          kind: 'iam',
          type: kind,
          arn,
          accountId,
          principalId: '',
          standing: 'exists',
        };
        const message = `makes a ${kind} of its own with a policy that allows everything`;
        yield { ...postureOf(iam, subject, made), by: both(both(makes, given), opened), message };
      }
    }
    yield* make('role', 'Role', []);
    yield* make('user', 'User', ['iam:CreateAccessKey']);
  }

  return function* (principal) {
    const posture = postureOf(iam, subjectOf(principal));
    yield* changed(principal, posture);
    yield* created(principal, posture);
  };
}
