import type { IamWorld } from '../iamworld/iamworld.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { both, iamNode, postureOf, rootSubject, stepOf, surestOf } from './asking.ts';
import { nodeKey } from './node.ts';
import type { IamRaises } from './raises.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';

/**
 * From the users of an account, and its root, to the federated users that a cluster knows by name: whoever may call
 * GetFederationToken chooses the name (iam-facts I2, I17). Roles may not call it.
 */
export function createFederationSteps(
  world: World,
  { iam, raises }: { readonly iam: IamWorld; readonly raises: IamRaises },
): StepRules {
  const { partition } = world.snapshot;

  const step = (subject: IamSubject, to: IamSubject): ReachStep | undefined => {
    if (subject.accountId !== to.accountId || subject.standing !== 'exists') return undefined;
    if (subject.type !== 'user' && subject.type !== 'root') return undefined;
    const asked = { action: 'sts:GetFederationToken', resource: to.arn } as const;
    const message = `gets a federated session that is called \`${to.arn}\``;
    const self = subject.type === 'root' ? undefined : world.principals.named(subject.arn);
    const best = surestOf(
      (function* () {
        const own = postureOf(iam, subject).may(asked);
        if (own !== undefined) yield { code: 'federate', message, by: own } as const;
        for (const raise of self === undefined ? [] : raises.of(self)) {
          const by = raise.subject.type === 'user' ? raise.may(asked) : undefined;
          if (by === undefined) continue;
          yield {
            code: 'administerIam',
            message: `${raise.message}, then ${message}`,
            by: both(raise.by, by),
          } as const;
        }
      })(),
    );
    return (
      best &&
      stepOf(
        best.code,
        { from: { kind: 'iam', subject }, to: { kind: 'iam', subject: to } },
        best.message,
        best.by,
      )
    );
  };

  let known: readonly IamSubject[] | undefined;
  const federatedUsers = (): readonly IamSubject[] => {
    known ??= [
      ...new Map(
        world.clusters
          .flatMap((cluster) => cluster.subjects())
          .flatMap((one) =>
            one.kind === 'iam' && one.type === 'federatedUser' ? [[one.arn, one] as const] : [],
          ),
      ).values(),
    ];
    return known;
  };

  return {
    *into(to, isKnown) {
      if (to.kind !== 'iam' || to.subject.type !== 'federatedUser') return;
      const { accountId, arn } = to.subject;
      const some: readonly KnownPrincipal[] = [
        ...new Set([...iam.allowers.of('sts:GetFederationToken', arn), ...raises.inAccount(accountId)]),
      ];
      const subjects = some.map((one) => iamNode(one).subject);
      const roots = world.principals.account(accountId) ? [rootSubject(partition, accountId)] : [];
      for (const subject of [...subjects, ...roots]) {
        if (isKnown(nodeKey({ kind: 'iam', subject }))) continue;
        const found = step(subject, to.subject);
        if (found !== undefined) yield found;
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'iam' || (from.subject.type !== 'user' && from.subject.type !== 'root')) return;
      for (const subject of federatedUsers()) {
        if (isKnown(nodeKey({ kind: 'iam', subject }))) continue;
        const found = step(from.subject, subject);
        if (found !== undefined) yield found;
      }
    },
  };
}
