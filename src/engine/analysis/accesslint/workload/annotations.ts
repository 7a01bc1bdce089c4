import { stsAudience } from '../../../podcredentials/names.ts';
import type { WorkloadRefusal } from '../../reach/workload.ts';
import { namedRole } from '../../reach/workloadasking.ts';
import type { SnapshotServiceAccount } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { command } from '../commands.ts';
import type { Facts } from '../facts.ts';
import type { AccessRule } from '../rule.ts';
import { workloadLabel } from './workloads.ts';

/** Annotations of service accounts that give no role. Of a role that does not exist `EW-ACC-606` tells. */
export const annotationRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-805',
    name: 'service account for a role that does not trust it',
    severity: 'error',
    why: 'The trust policy of the role does not mean the tokens of this service account, or not of this cluster: its Pods are refused by STS.',
    fix: 'name the service account in the trust policy of the role, or correct the annotation',
    needs: ['serviceAccounts'],
    *check(cluster, facts) {
      for (const { account, roleArn, refusal } of ofNoUse(cluster, facts)) {
        if (refusal.code === 'missingRole' || refusal.code === 'missingProvider') continue;
        const { namespace, name } = account;
        yield {
          ...{ subject: workloadLabel(namespace, name), object: roleArn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${roleArn}\`, and does not get it: ${refusal.message}`,
          fix: `let \`system:serviceaccount:${namespace}:${name}\` assume \`${roleArn}\` by its trust policy, or correct the annotation`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-806',
    name: 'service account for a role of an account without a provider',
    severity: 'error',
    why: 'STS takes tokens of a cluster where the account of the role has an identity provider for the cluster’s issuer, and only there.',
    fix: 'make the provider in the account of the role, or use Pod Identity, which needs none',
    needs: ['serviceAccounts'],
    *check(cluster, facts) {
      for (const { account, roleArn, refusal } of ofNoUse(cluster, facts)) {
        if (refusal.code !== 'missingProvider') continue;
        const { namespace, name } = account;
        yield {
          ...{ subject: workloadLabel(namespace, name), object: roleArn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${roleArn}\`, and does not get it: ${refusal.message}`,
          fix: command(
            ...['aws', 'iam', 'create-open-id-connect-provider'],
            ...['--url', cluster.cluster.issuer ?? 'ISSUER', '--client-id-list', stsAudience],
          ),
        };
      }
    },
  },
];

/** Service accounts whose annotation counts, and gives nothing for certain. */
function* ofNoUse(
  cluster: ClusterWorld,
  { world, webIdentity }: Facts,
): Generator<{
  readonly account: SnapshotServiceAccount;
  readonly roleArn: string;
  readonly refusal: WorkloadRefusal;
}> {
  for (const account of cluster.cluster.serviceAccounts ?? []) {
    const { namespace, name, roleArn } = account;
    // Where there is an association, that counts (eks-access-facts J20).
    if (roleArn === undefined || cluster.associations.of(namespace, name) !== undefined) continue;
    const { subject } = namedRole(world, roleArn);
    const refusal = webIdentity.wayTo(cluster, { namespace, name }, subject)?.refusal;
    if (refusal !== undefined) yield { account, roleArn, refusal };
  }
}
