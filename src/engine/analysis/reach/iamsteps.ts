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
  permitted,
  permittedAsAdmin,
  resourcesInReach,
  rootSubject,
  stepOf,
  surest,
} from './asking.ts';
import type { IamAdmins } from './iamadmins.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep, StepCode } from './step.ts';
import { accountSubject, type KnownRole, type Trusts } from './trusts.ts';

/** From one IAM principal to another: by the trust of a role, or by changing it, or by new credentials of a user. */
export function createIamSteps(
  world: World,
  { iam, trusts, admins }: { readonly iam: IamWorld; readonly trusts: Trusts; readonly admins: IamAdmins },
): StepRules {
  const { principals, snapshot } = world;
  const { partition } = snapshot;

  const passes = (subject: IamSubject, role: KnownRole, service: string): Permitted | undefined => {
    const actionSets = computeServices[service];
    if (actionSets === undefined) return undefined;
    const trusted = iam.askOutsider({
      ...{ outsider: { kind: 'service', name: service }, action: 'sts:AssumeRole', role },
    });
    if (trusted.certainty === 'never') return undefined;
    const passed = permitted(iam.ask, {
      ...{ subject, action: 'iam:PassRole', resource: role.record.arn },
      context: { 'iam:PassedToService': service },
    });
    if (passed === undefined) return undefined;
    const runs = surest(
      actionSets.map((actions) => {
        const each = actions.map((action) => runsSomewhere(subject, action));
        return each.reduce((one, other) => one && other && both(one, other));
      }),
    );
    const ran = runs && both(passed, runs);
    if (ran === undefined || trusted.certainty === 'always') return ran;
    return both(ran, { certainty: 'sometimes', conditions: trusted.conditions, evidence: [] });
  };

  const runsSomewhere = (subject: IamSubject, action: string): Permitted | undefined => {
    const [service = ''] = action.split(':');
    const fallback = `arn:${partition}:${service}:us-east-1:${subject.accountId}:any`;
    const resources = ['*', ...resourcesInReach(iam, subject, action, { fallback })];
    return surest(resources.map((resource) => permitted(iam.ask, { subject, action, resource })));
  };

  /** What is enough to become the principal, of what is done to it. */
  const takeover = (to: KnownPrincipal): readonly string[] =>
    to.kind === 'role' ? ['iam:UpdateAssumeRolePolicy'] : ['iam:CreateAccessKey', 'iam:UpdateLoginProfile'];

  const setsPassword = (subject: IamSubject, to: KnownPrincipal): Permitted | undefined => {
    if (to.kind !== 'user') return undefined;
    const { arn, hasPassword } = to.record;
    const creates = permitted(iam.ask, { subject, action: 'iam:CreateLoginProfile', resource: arn });
    const updates = permitted(iam.ask, { subject, action: 'iam:UpdateLoginProfile', resource: arn });
    if (hasPassword === true) return updates;
    if (hasPassword === false) return creates;
    if (creates && updates) return surest([creates, updates]);
    if (creates) return assuming(creates, 'the user has no password yet');
    return updates && assuming(updates, 'the user has a password');
  };

  /** The step from one to the other; the plainest way that is certain, else the plainest. */
  const step = (from: IamSubject, to: KnownPrincipal): ReachStep | undefined => {
    let best: ReachStep | undefined;
    for (const way of ways(from, to)) {
      if (way.certainty === 'always') return way;
      best ??= way;
    }
    return best;
  };

  function* ways(subject: IamSubject, to: KnownPrincipal): Generator<ReachStep> {
    const nodes = { from: { kind: 'iam', subject } as const, to: iamNode(to) };
    const { arn } = to.record;
    const way = (code: StepCode, message: string, by: Permitted | undefined): readonly ReachStep[] =>
      by === undefined ? [] : [stepOf(code, nodes, message, by)];
    const does = (action: string) => permitted(iam.ask, { subject, action, resource: arn });
    if (to.kind === 'role') yield* way('assumeRole', `assumes role \`${arn}\``, does('sts:AssumeRole'));
    if (subject.accountId !== to.accountId || subject.standing !== 'exists') return;
    if (subject.type === 'root') {
      const by = surest(takeover(to).map(does));
      yield* way('accountRoot', `is the root of the account of \`${arn}\``, by);
      return;
    }
    if (to.kind === 'role') {
      const message = `lets itself into role \`${arn}\` by changing its trust policy`;
      yield* way('updateTrust', message, does('iam:UpdateAssumeRolePolicy'));
      for (const service of trusts.of(to).services) {
        const by = passes(subject, to, service);
        yield* way('passRole', `has \`${service}\` run its own code as role \`${arn}\``, by);
      }
    } else {
      yield* way('createAccessKey', `makes an access key of user \`${arn}\``, does('iam:CreateAccessKey'));
      yield* way('setPassword', `sets the password of user \`${arn}\``, setsPassword(subject, to));
    }
    const self = principals.named(subject.arn);
    const admin = self && admins.of(self);
    if (admin === undefined) return;
    const asAdmin = surest(
      takeover(to).map((action) => permittedAsAdmin(iam, { subject: admin.actor, action, resource: arn })),
    );
    const message = `${admin.message}, then takes over \`${arn}\``;
    yield* way('administerIam', message, asAdmin && both(admin.by, asAdmin));
  }

  const candidatesInto = function* (to: KnownPrincipal): Generator<IamSubject> {
    const { accountId } = to;
    const { arn } = to.record;
    if (to.kind === 'role') {
      const { named, accounts } = trusts.of(to);
      yield* named;
      for (const trusted of accounts) {
        if (!principals.isRead(trusted)) yield accountSubject(partition, trusted);
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
    for (const one of admins.inAccount(accountId)) yield iamNode(one).subject;
    yield rootSubject(partition, accountId);
  };

  const changes = [
    ...['iam:UpdateAssumeRolePolicy', 'iam:PassRole', 'iam:CreateAccessKey'],
    ...['iam:UpdateLoginProfile', 'iam:CreateLoginProfile'],
  ];

  const candidatesFrom = (subject: IamSubject): Iterable<KnownPrincipal> => {
    const self = subject.type === 'root' ? undefined : principals.named(subject.arn);
    const mayChange =
      subject.type === 'root' ||
      (self !== undefined &&
        (changes.some((action) => iam.allowers.ofAny(action).has(self)) || admins.of(self) !== undefined));
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
      if (from.kind !== 'iam' || from.subject.standing === 'missing') return;
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
