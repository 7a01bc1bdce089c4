import { isIssuerHostOfEks } from '../../podcredentials/issuerhosts.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { assuming, both, iamNode, type Permitted, postureOf, stepOf, surestOf } from './asking.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { WorkloadRole } from './workload.ts';
import type { WorkloadRoles } from './workloadroles.ts';
import { permittedByWay } from './workloadsteps.ts';

const handsOver = 'entryway:SetClusterIssuer';
const asks = 'eks-auth:AssumeRoleForPodIdentity';

/**
 * From an IAM principal to the roles of a connected cluster's associations: whoever may say which keys speak for the cluster
 * makes tokens of its service accounts, and whoever may ask EKS Auth besides gets what their pods get. The roles that trust
 * its issuer are in `issuersteps.ts`.
 *
 * Whether a cluster is connected no snapshot tells: one whose issuer is EKS's is not.
 */
export function createPodTokenSteps(
  world: World,
  { iam, workload }: { readonly iam: IamWorld; readonly workload: WorkloadRoles },
): StepRules {
  const settable = new Set(
    world.clusters.filter(({ cluster: { issuer }, associations }) => {
      const host = issuer === undefined ? undefined : URL.parse(issuer)?.hostname;
      return associations.listed.length > 0 && (host === undefined || !isIssuerHostOfEks(host));
    }),
  );

  interface Lead {
    readonly way: WorkloadRole;
    readonly by: Permitted;
  }
  const leads = new Map<string, ReadonlyMap<ClusterWorld, Lead>>();
  /** The surest association of each cluster that leads to the role. */
  const leadsTo = (roleArn: string): ReadonlyMap<ClusterWorld, Lead> => {
    let found = leads.get(roleArn);
    if (found === undefined) {
      const isAssociated = (cluster: ClusterWorld, { namespace, name }: WorkloadRole['account']): boolean =>
        settable.has(cluster) && cluster.associations.of(namespace, name) !== undefined;
      const ways = [...workload.waysTo(roleArn, isAssociated)].flatMap((way): readonly Lead[] => {
        const by = way.mechanism === 'podIdentity' ? permittedByWay(way) : undefined;
        return by === undefined ? [] : [{ way, by }];
      });
      const best = [...Map.groupBy(ways, ({ way }) => way.cluster)].flatMap(([cluster, some]) => {
        const one = surestOf(some);
        return one === undefined ? [] : [[cluster, one] as const];
      });
      found = new Map(best);
      leads.set(roleArn, found);
    }
    return found;
  };

  const step = (
    subject: IamSubject,
    { cluster: { cluster }, account, role }: WorkloadRole,
    lead: Permitted,
  ): ReachStep | undefined => {
    if (subject.type === 'root' || subject.standing !== 'exists') return undefined;
    if (subject.accountId !== cluster.accountId) return undefined;
    const { arn: resource, name } = cluster;
    const may = postureOf(iam, subject).may({ action: handsOver, resource }, { action: asks, resource });
    if (may === undefined) return undefined;
    const by = assuming(both(may, lead), `\`${name}\` is a connected cluster whose keys are handed over`);
    const message = `hands over a key of its own for cluster \`${name}\`, and gets role \`${role.arn}\` by Pod Identity for a token that it makes for service account \`${account.namespace}/${account.name}\``;
    return stepOf(
      'setClusterIssuer',
      { from: { kind: 'iam', subject }, to: { kind: 'iam', subject: role } },
      message,
      by,
    );
  };

  return {
    *into(to, isKnown) {
      if (to.kind !== 'iam' || to.subject.type !== 'role' || settable.size === 0) return;
      for (const [{ cluster }, { way, by }] of leadsTo(to.subject.arn)) {
        for (const principal of iam.allowers.of(handsOver, cluster.arn)) {
          const from: ReachNode & { readonly kind: 'iam' } = iamNode(principal);
          const key = nodeKey(from);
          const found = isKnown(key) || key === nodeKey(to) ? undefined : step(from.subject, way, by);
          if (found !== undefined) yield found;
        }
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'iam') return;
      for (const cluster of settable) {
        if (cluster.cluster.accountId !== from.subject.accountId) continue;
        const arns = cluster.associations.listed.map(
          ({ targetRoleArn, roleArn }) => targetRoleArn ?? roleArn,
        );
        for (const roleArn of new Set(arns)) {
          const lead = leadsTo(roleArn).get(cluster);
          if (lead === undefined || roleArn === from.subject.arn) continue;
          if (isKnown(nodeKey({ kind: 'iam', subject: lead.way.role }))) continue;
          const found = step(from.subject, lead.way, lead.by);
          if (found !== undefined) yield found;
        }
      }
    },
  };
}
