import { isIssuerHostOfEks } from '../../podcredentials/issuerhosts.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  iamNode,
  type Permitted,
  permittedBy,
  postureOf,
  rootSubject,
  stepOf,
  surest,
} from './asking.ts';
import { hostOf } from './issuers.ts';
import { nodeKey } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { KnownRole, Trusts } from './trusts.ts';

const handsOver = 'entryway:SetClusterIssuer';

/**
 * From an IAM principal to the roles that trust the issuer of a connected cluster of its account: whoever may say which keys
 * speak for the issuer makes tokens of every service account there is, or is not (`services/entryway/clusterissuer.ts`).
 *
 * Whether a cluster is connected, and has keys that were handed over already, no snapshot tells: it is assumed of those
 * whose issuer has not EKS's form, which nobody may set.
 */
export function createIssuerSteps(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): StepRules {
  /** Those whose issuer somebody may have set, with its host and path. */
  const settable = world.clusters.flatMap((cluster) => {
    const host = cluster.cluster.issuer?.replace(/^https:\/\//, '') ?? '';
    const [name = ''] = host.toLowerCase().split(/[/:]/);
    return host === '' || isIssuerHostOfEks(name) ? [] : [{ cluster, host }];
  });

  const entered = new Map<string, Permitted | undefined>();
  /** By a token that says whatever the trust policy wants to hear: the same for everybody. */
  const forged = (role: KnownRole, host: string): Permitted | undefined => {
    const key = `${role.record.arn} ${host}`;
    if (!entered.has(key)) entered.set(key, ask(role, host));
    return entered.get(key);
  };
  const ask = (role: KnownRole, host: string): Permitted | undefined =>
    surest(
      trusts
        .of(role)
        .providers.filter((provider) => hostOf(provider) === host)
        .map((provider) => {
          const action = 'sts:AssumeRoleWithWebIdentity';
          const question = { outsider: { kind: 'federated', provider }, action, role, context: {} } as const;
          return permittedBy({ action, resource: role.record.arn }, iam.askOutsider(question));
        }),
    );

  const step = (
    subject: IamSubject,
    { cluster: { cluster } }: { readonly cluster: ClusterWorld },
    role: KnownRole,
    trusted: Permitted,
  ): ReachStep | undefined => {
    if (subject.standing !== 'exists' || subject.accountId !== cluster.accountId) return undefined;
    const may = postureOf(iam, subject).may({ action: handsOver, resource: cluster.arn });
    if (may === undefined) return undefined;
    const by = assuming(
      both(may, trusted),
      `\`${cluster.name}\` is a connected cluster whose keys are handed over`,
    );
    const message = `hands over a key of its own for the issuer of cluster \`${cluster.name}\`, and gets role \`${role.record.arn}\` for a token it makes`;
    return stepOf('setClusterIssuer', { from: { kind: 'iam', subject }, to: iamNode(role) }, message, by);
  };

  return {
    *into(to, isKnown) {
      const role = to.kind === 'iam' ? world.principals.named(to.subject.arn) : undefined;
      if (role?.kind !== 'role' || to.kind !== 'iam' || to.subject.arn !== role.record.arn) return;
      for (const one of settable) {
        const { arn, accountId } = one.cluster.cluster;
        // Keys that were handed over speak in the cluster's own account.
        const trusted = accountId === role.accountId ? forged(role, one.host) : undefined;
        if (trusted === undefined) continue;
        const some = [...iam.allowers.of(handsOver, arn)].map((principal) => iamNode(principal).subject);
        for (const subject of [...some, rootSubject(world.snapshot.partition, accountId)]) {
          if (isKnown(nodeKey({ kind: 'iam', subject }))) continue;
          const found = step(subject, one, role, trusted);
          if (found !== undefined) yield found;
        }
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'iam') return;
      for (const one of settable) {
        if (one.cluster.cluster.accountId !== from.subject.accountId) continue;
        for (const role of trusts.federated()) {
          if (role.accountId !== from.subject.accountId || isKnown(nodeKey(iamNode(role)))) continue;
          const trusted = forged(role, one.host);
          const found = trusted && step(from.subject, one, role, trusted);
          if (found !== undefined) yield found;
        }
      }
    },
  };
}
