import { podIdentityAudience } from '../../podcredentials/names.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { computeServices } from '../powers/iam.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  iamNode,
  type Permitted,
  type Posture,
  postureOf,
  resourcesInReach,
  rootSubject,
  stepOf,
  surest,
} from './asking.ts';
import { nodeKey, type ReachNode } from './node.ts';
import { setsPassword } from './passwords.ts';

import { changing } from './protected.ts';
import type { IamRaises } from './raises.ts';
import type { StepRules } from './rules.ts';
import { runningCode, runningCodeActions } from './runningcode.ts';
import type { ReachStep, StepCode } from './step.ts';
import { accountSubject, type KnownRole, type Trusts } from './trusts.ts';

/** From one IAM principal to another: by the trust of a role, or by changing it, or by new credentials of a user. */
export function createIamSteps(
  world: World,
  { iam, trusts, raises }: { readonly iam: IamWorld; readonly trusts: Trusts; readonly raises: IamRaises },
): StepRules {
  const { principals, snapshot } = world;
  const { partition } = snapshot;

  const passes = (posture: Posture, role: KnownRole, service: string): Permitted | undefined => {
    const actionSets = computeServices[service];
    if (actionSets === undefined) return undefined;
    const trusted = trustsService(role, service);
    if (trusted === undefined) return undefined;
    const passed = posture.may({
      ...{ action: 'iam:PassRole', resource: role.record.arn },
      context: { 'iam:PassedToService': service },
    });
    if (passed === undefined) return undefined;
    const runs = surest(
      actionSets.map((actions) => {
        const each = actions.map((action) => runsSomewhere(posture, action));
        return each.reduce((one, other) => one && other && both(one, other));
      }),
    );
    const ran = runs && both(both(passed, runs), trusted);
    return ran && service === podIdentityAudience
      ? assuming(ran, 'a Pod that it controls runs as the service account')
      : ran;
  };

  const trustsService = (role: KnownRole, name: string): Permitted | undefined => {
    const { certainty, ...answer } = iam.askOutsider({
      ...{ outsider: { kind: 'service', name }, action: 'sts:AssumeRole', role },
    });
    if (certainty === 'never') return undefined;
    return {
      certainty,
      get conditions() {
        return answer.conditions;
      },
      evidence: [],
    };
  };

  const runsSomewhere = (posture: Posture, action: string): Permitted | undefined => {
    const [service = ''] = action.split(':');
    const fallback = `arn:${partition}:${service}:us-east-1:${posture.subject.accountId}:any`;
    const resources = ['*', ...resourcesInReach(posture, action, { fallback })];
    return surest(resources.map((resource) => posture.may({ action, resource })));
  };

  const usesRunning = (posture: Posture, role: KnownRole, service: string): Permitted | undefined => {
    const actions = runningCode[service] ?? [];
    const used = surest(actions.map((action) => runsSomewhere(posture, action)));
    const trusted = used && trustsService(role, service);
    return (
      used &&
      trusted &&
      assuming(both(used, trusted), `something of \`${service}\` that it may use runs as the role`)
    );
  };

  /** What is enough to become the principal, of what is done to it. */
  const takeover = (to: KnownPrincipal): readonly string[] =>
    to.kind === 'role' ? ['iam:UpdateAssumeRolePolicy'] : ['iam:CreateAccessKey', 'iam:UpdateLoginProfile'];

  /** The step from one to the other; the plainest way that is certain, else the plainest. */
  const step = (from: IamSubject, to: KnownPrincipal): ReachStep | undefined => {
    let best: ReachStep | undefined;
    for (const way of ways(from, to)) {
      if (way.certainty === 'always') return way;
      best ??= way;
    }
    return best;
  };

  interface Way {
    readonly code: StepCode;
    readonly message: string;
    readonly by: Permitted;
  }

  function* waysOf(posture: Posture, to: KnownPrincipal): Generator<Way> {
    const { arn } = to.record;
    const way = (code: StepCode, message: string, by: Permitted | undefined): readonly Way[] =>
      by === undefined ? [] : [{ code, message, by }];
    const does = (action: string) => posture.may({ action, resource: arn });
    if (to.kind === 'role') yield* way('assumeRole', `assumes role \`${arn}\``, does('sts:AssumeRole'));
    if (posture.subject.accountId !== to.accountId) return;
    if (to.kind === 'user') {
      yield* way('createAccessKey', `makes an access key of user \`${arn}\``, does('iam:CreateAccessKey'));
      yield* way('setPassword', `sets the password of user \`${arn}\``, setsPassword(posture, to.record));
      return;
    }
    const message = `lets itself into role \`${arn}\` by changing its trust policy`;
    yield* way('updateTrust', message, changing(arn, does('iam:UpdateAssumeRolePolicy')));
    const { services } = trusts.of(to);
    for (const service of services) {
      const passing = `has \`${service}\` run its own code as role \`${arn}\``;
      yield* way('passRole', passing, passes(posture, to, service));
    }
    for (const service of services) {
      const using = `runs code where \`${service}\` already has role \`${arn}\``;
      yield* way('useRunning', using, usesRunning(posture, to, service));
    }
  }

  function* ways(subject: IamSubject, to: KnownPrincipal): Generator<ReachStep> {
    const nodes = { from: { kind: 'iam', subject } as const, to: iamNode(to) };
    const { arn } = to.record;
    if (subject.type === 'root') {
      yield* rootWays(subject, to);
      return;
    }
    const own = postureOf(iam, subject);
    if (subject.standing !== 'exists') {
      const assumed = to.kind === 'role' ? own.may({ action: 'sts:AssumeRole', resource: arn }) : undefined;
      if (assumed !== undefined) yield stepOf('assumeRole', nodes, `assumes role \`${arn}\``, assumed);
      return;
    }
    for (const { code, message, by } of waysOf(own, to)) yield stepOf(code, nodes, message, by);
    const self = principals.named(subject.arn);
    for (const raise of self === undefined ? [] : raises.of(self)) {
      for (const { message, by } of waysOf(raise, to)) {
        yield stepOf('administerIam', nodes, `${raise.message}, then ${message}`, both(raise.by, by));
      }
    }
  }

  /** Root does everything of its account, but assumes no role (iam-facts E10, I2): it makes somebody who does. */
  function* rootWays(subject: IamSubject, to: KnownPrincipal): Generator<ReachStep> {
    const nodes = { from: { kind: 'iam', subject } as const, to: iamNode(to) };
    const { accountId } = subject;
    const { arn } = to.record;
    if (accountId === to.accountId) {
      const { may } = postureOf(iam, subject);
      const by = surest(takeover(to).map((action) => may({ action, resource: arn })));
      const changed = to.kind === 'role' ? changing(arn, by) : by;
      if (changed !== undefined)
        yield stepOf('accountRoot', nodes, `is the root of the account of \`${arn}\``, changed);
    }
    if (to.kind !== 'role' || subject.standing !== 'exists') return;
    const maker: IamSubject = {
      ...subject,
      type: 'role',
      principalId: '',
      arn: rolesOwn(partition, accountId),
    };
    const by = postureOf(iam, maker, { everything: 'only' }).may({ action: 'sts:AssumeRole', resource: arn });
    const message = `as the root of account ${accountId} makes a role that assumes \`${arn}\``;
    if (by !== undefined) yield stepOf('accountRoot', nodes, message, by);
  }

  const candidatesInto = function* (to: KnownPrincipal): Generator<IamSubject> {
    const { accountId } = to;
    const { arn } = to.record;
    if (to.kind === 'role') {
      const { named, accounts } = trusts.of(to);
      yield* named;
      const ours = accounts.has('*') ? principals.accountIds : [];
      for (const trusted of new Set([...accounts, ...ours])) {
        if (!principals.isRead(trusted)) yield accountSubject(partition, trusted);
        if (principals.account(trusted) === undefined) continue;
        for (const one of raises.inAccount(trusted)) yield iamNode(one).subject;
        yield rootSubject(partition, trusted);
      }
      if (accounts.size > 0) {
        for (const one of iam.allowers.of('sts:AssumeRole', arn)) {
          if (accounts.has('*') || accounts.has(one.accountId)) yield iamNode(one).subject;
        }
      }
    }
    const actions =
      to.kind === 'role'
        ? ['iam:UpdateAssumeRolePolicy', 'iam:PassRole']
        : ['iam:CreateAccessKey', 'iam:UpdateLoginProfile', 'iam:CreateLoginProfile'];
    for (const action of actions) {
      for (const one of iam.allowers.of(action, arn)) {
        if (one.accountId === accountId) yield iamNode(one).subject;
      }
    }
    if (to.kind === 'role') {
      for (const action of trusts.of(to).services.flatMap((service) => runningCode[service] ?? [])) {
        for (const one of iam.allowers.ofAny(action)) {
          if (one.accountId === accountId) yield iamNode(one).subject;
        }
      }
    }
    for (const one of raises.inAccount(accountId)) yield iamNode(one).subject;
    yield rootSubject(partition, accountId);
  };

  const changes = [
    ...['iam:UpdateAssumeRolePolicy', 'iam:PassRole', 'iam:CreateAccessKey'],
    ...['iam:UpdateLoginProfile', 'iam:CreateLoginProfile'],
    ...runningCodeActions,
  ];

  const candidatesFrom = (subject: IamSubject): Iterable<KnownPrincipal> => {
    const self = subject.type === 'root' ? undefined : principals.named(subject.arn);
    const mayChange =
      subject.type === 'root' ||
      (self !== undefined &&
        (changes.some((action) => iam.allowers.ofAny(action).has(self)) || raises.of(self).length > 0));
    const trusting = trusts.rolesTrusting(subject);
    if (!mayChange) return trusting;
    return new Set([
      ...trusting,
      ...principals.all.filter(({ accountId }) => accountId === subject.accountId),
    ]);
  };

  return {
    *into(to, isKnown) {
      const target = to.kind === 'iam' ? knownOf(to) : undefined;
      if (target === undefined) return;
      const asked = new Set([nodeKey(to)]);
      for (const subject of candidatesInto(target)) {
        const key = nodeKey({ kind: 'iam', subject });
        if (asked.has(key)) continue;
        asked.add(key);
        if (isKnown(key)) continue;
        const found = step(subject, target);
        if (found !== undefined) yield found;
      }
    },
    *from(from, isKnown) {
      // A federated user may call nothing of STS that matters here (iam-facts I2).
      if (from.kind !== 'iam' || from.subject.type === 'federatedUser') return;
      if (from.subject.standing === 'missing') return;
      for (const target of candidatesFrom(from.subject)) {
        const key = nodeKey(iamNode(target));
        if (key === nodeKey(from) || isKnown(key)) continue;
        const found = step(from.subject, target);
        if (found !== undefined) yield found;
      }
    },
  };

  function knownOf({ subject }: ReachNode & { readonly kind: 'iam' }): KnownPrincipal | undefined {
    if (subject.type !== 'user' && subject.type !== 'role') return undefined;
    const known = principals.named(subject.arn);
    return known?.record.arn === subject.arn ? known : undefined;
  }
}

/** A role that somebody makes for itself; nobody has the name. */
function rolesOwn(partition: string, accountId: string): string {
  return `arn:${partition}:iam::${accountId}:role/a-role-of-its-own`;
}
