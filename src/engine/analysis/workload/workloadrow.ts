import { anyCluster } from '../explain/aws.ts';
import type { ReachCondition } from '../reach/step.ts';
import type { WorkloadRole } from '../reach/workload.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type { Mechanism } from './mechanism.ts';
import { conditionText } from './waysteps.ts';

/** A service account and one way from its pods to a role. */
export interface WorkloadRow {
  /** ARN. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Namespace and name are patterns, with `*` and `?`: nobody has such a name yet, and anybody who had would be a row. */
  readonly isPattern?: true;
  /** Nobody has the name, which something names. */
  readonly missing?: true;
  readonly mechanism: Mechanism;
  /** Whose credentials the pods get. */
  readonly roleArn: string;
  /** The role of an association that has a target. */
  readonly viaRoleArn?: string;
  readonly associationId?: string;
  /**
   * Whether containers are given them by EKS's webhook when a pod is made. Where not, a container has to ask for a token, or
   * make one with the pod's, and call STS by itself.
   */
  readonly isDelivered: boolean;
  /** Roles that the session assumes then, one after the other. */
  readonly assumes?: readonly string[];
  readonly certainty: 'always' | 'sometimes';
  /** Of `sometimes`: what it depends on. */
  readonly conditions: readonly { readonly message: string; readonly condition: ReachCondition }[];
}

/** Conditions of a row, at most. */
const mostTold = 10;

export function workloadRow(
  way: WorkloadRole,
  names: Pick<WorkloadRow, 'namespace' | 'name' | 'isPattern'>,
  {
    certainty,
    conditions,
    assumed,
  }: {
    readonly certainty: WorkloadRow['certainty'];
    readonly conditions: () => readonly ReachCondition[];
    readonly assumed: readonly string[];
  },
): WorkloadRow {
  const { cluster, mechanism, role, via, association, isDelivered } = way;
  const { namespace, name } = names;
  const known = cluster.serviceAccounts;
  const isMissing = names.isPattern !== true && known !== undefined && !known.has(`${namespace}/${name}`);
  const told = certainty === 'always' ? [] : conditions().slice(0, mostTold);
  return {
    ...{ cluster: cluster.cluster.arn, ...names, mechanism, roleArn: role.arn },
    ...(isMissing && { missing: true }),
    ...(via && { viaRoleArn: via.arn }),
    ...(association && { associationId: association.associationId }),
    isDelivered: isDelivered && names.isPattern !== true,
    ...(assumed.length > 0 && { assumes: assumed }),
    certainty,
    conditions: told.map((condition) => ({ message: conditionText(condition), condition })),
  };
}

/** By cluster as the world has them, namespace, name, then what is given first. */
export function inOrder({ clusters }: World, rows: readonly WorkloadRow[]): readonly WorkloadRow[] {
  const place = new Map(clusters.map(({ cluster }, at) => [cluster.arn, at]));
  const rank = (row: WorkloadRow): readonly (string | number)[] => [
    place.get(row.cluster) ?? 0,
    Number(row.isPattern === true),
    row.namespace,
    row.name,
    Number(!row.isDelivered),
    row.roleArn,
  ];
  return rows
    .map((row) => ({ row, ranks: rank(row) }))
    .sort(({ ranks: one }, { ranks: other }) => {
      const at = one.findIndex((value, position) => value !== other[position]);
      if (at < 0) return 0;
      return (one[at] ?? '') < (other[at] ?? '') ? -1 : 1;
    })
    .map(({ row }) => row);
}

/** Whether all sessions of a role are shut out. */
export function blockedRoles(world: World): (role: IamSubject) => boolean {
  if (world.snapshot.blocks.length === 0) return () => false;
  const anywhere = anyCluster(world);
  return (role) => anywhere.identitiesOf(role).refusal?.code === 'blocked';
}
