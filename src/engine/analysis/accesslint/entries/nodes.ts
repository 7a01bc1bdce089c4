import { comparableArn } from '../../../identity/entries.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { PlacedThing } from '../../snapshot/places.ts';
import type { SnapshotCluster, SnapshotRole } from '../../snapshot/snapshot.ts';
import { createEntry, deleteEntry } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { rewriteTrust, trustOf } from '../iam/trust.ts';
import type { AccessRule } from '../rule.ts';

/** What runs as a node with a role: which service is trusted to give it the role, and which types of entries are right. */
interface NodeKind {
  readonly services: readonly string[];
  readonly policy: RegExp;
  /** The first is the usual one. */
  readonly types: readonly string[];
  readonly is: string;
}

const nodeKinds: readonly NodeKind[] = [
  {
    services: ['ec2'],
    policy: /:policy\/AmazonEKSWorkerNode(?:Minimal)?Policy$/,
    types: ['EC2_LINUX', 'EC2_WINDOWS', 'EC2'],
    is: 'role of nodes',
  },
  {
    services: ['eks-fargate-pods'],
    policy: /:policy\/AmazonEKSFargatePodExecutionRolePolicy$/,
    types: ['FARGATE_LINUX'],
    is: 'role of Fargate',
  },
  {
    services: ['ssm', 'rolesanywhere'],
    policy: /:policy\/AmazonEC2ContainerRegistryPullOnly$/,
    types: ['HYBRID_LINUX'],
    is: 'role of hybrid nodes',
  },
];

export const nodeRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-411',
    name: 'role of nodes with an entry of another type',
    severity: 'error',
    why: 'Nodes need an entry of their own type: one of type STANDARD does not make them members of system:nodes, one of Fargate does not fit instances, and they do not join.',
    fix: 'delete the entry and create it with the type of the nodes; a type cannot be changed',
    *check({ cluster }, facts) {
      if (cluster.authenticationMode === 'CONFIG_MAP') return;
      for (const { principalArn, type } of cluster.accessEntries) {
        const kind = nodeKindOf(roleOf(principalArn, facts));
        if (kind === undefined || kind.types.includes(type)) continue;
        const wanted = kind.types[0] ?? '';
        yield {
          subject: principalArn,
          at: { thing: 'accessEntry', clusterArn: cluster.arn, principalArn },
          message: `\`${principalArn}\` is a ${kind.is}, and its entry is of type \`${type}\`: nodes do not join with it`,
          fix: `${deleteEntry(cluster.name, principalArn)} && ${createEntry(cluster.name, { principalArn, type: wanted })}`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-413',
    name: 'node that others may be',
    severity: 'security',
    why: 'Whoever has the role of nodes is a node: it reads the Secrets of the Pods on it. Only the service that starts nodes should be trusted to assume it.',
    fix: 'take everybody but the service out of the trust policy',
    *check({ cluster }, facts) {
      for (const { role, kind, as } of letInAsNodes(cluster, facts)) {
        const others = trustedOf(role).filter((who) => !kind.services.includes(who));
        if (others.length === 0) continue;
        yield {
          subject: role.arn,
          at: as.at,
          message: `\`${role.arn}\` is a role of nodes by ${as.text}, and may be assumed by ${enumerate(others)}`,
          fix: rewriteTrust(role, `without ${enumerate(others)}`),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-412',
    name: 'role of nodes that no cluster lets in',
    severity: 'suggestion',
    why: 'A role with AmazonEKSWorkerNodePolicy is meant for nodes; without an entry or an item of aws-auth in any cluster they do not join.',
    fix: 'create an access entry of a node type in the cluster, or delete the role',
    needs: ['clusters'],
    *check({ roles, accountId }, facts) {
      const { clusters } = facts.world.snapshot;
      const own = clusters.filter((cluster) => cluster.accountId === accountId);
      if (own.length === 0) return;
      const letIn = new Set(
        own.flatMap(({ accessEntries, awsAuth, authenticationMode }) => [
          ...(authenticationMode === 'CONFIG_MAP'
            ? []
            : accessEntries.map(({ principalArn }) => comparableArn(principalArn))),
          ...(authenticationMode === 'API'
            ? []
            : (awsAuth?.roles.map(({ rolearn }) => comparableArn(rolearn ?? '')) ?? [])),
        ]),
      );
      for (const role of roles) {
        const kind = nodeKindOf(role);
        if (kind === undefined || letIn.has(comparableArn(role.arn))) continue;
        yield {
          subject: role.arn,
          at: { thing: 'iam', arn: role.arn },
          message: `\`${role.arn}\` is a ${kind.is}, and none of the clusters that were read lets it in`,
          fix: createEntry('CLUSTER', { principalArn: role.arn, type: kind.types[0] ?? '' }),
        };
      }
    },
  },
];

/** The roles that come in as nodes, by an entry or by aws-auth, with what they are nodes by. */
export function* letInAsNodes(
  cluster: SnapshotCluster,
  facts: Facts,
): Generator<{
  readonly role: SnapshotRole;
  readonly kind: NodeKind;
  readonly as: { readonly text: string; readonly at: PlacedThing };
}> {
  const clusterArn = cluster.arn;
  if (cluster.authenticationMode !== 'CONFIG_MAP') {
    for (const { principalArn, type } of cluster.accessEntries) {
      const kind = nodeKinds.find(({ types }) => types.includes(type));
      const role = kind && roleOf(principalArn, facts);
      if (kind === undefined || role === undefined) continue;
      const at: PlacedThing = { thing: 'accessEntry', clusterArn, principalArn };
      yield { role, kind, as: { text: `its entry of type \`${type}\``, at } };
    }
  }
  if (cluster.authenticationMode === 'API') return;
  for (const { rolearn, username } of cluster.awsAuth?.roles ?? []) {
    if (rolearn === undefined || !username.startsWith('system:node:')) continue;
    const known = facts.world.principals.named(rolearn);
    if (known?.kind !== 'role') continue;
    const services = username.includes('{{SessionName}}') ? 'eks-fargate-pods' : 'ec2';
    const kind = nodeKinds.find((one) => one.services.includes(services));
    if (kind !== undefined)
      yield { role: known.record, kind, as: { text: 'aws-auth', at: { thing: 'awsAuth', clusterArn } } };
  }
}

function roleOf(arn: string, { world }: Facts): SnapshotRole | undefined {
  const known = world.principals.named(arn);
  return known?.kind === 'role' && known.record.arn === arn ? known.record : undefined;
}

/** What nodes the role is for: it may do what such nodes must, and their service is trusted to give it to them. */
function nodeKindOf(role: SnapshotRole | undefined): NodeKind | undefined {
  if (role === undefined) return undefined;
  return nodeKinds.find(
    ({ policy, services }) =>
      role.attachedPolicyArns.some((arn) => policy.test(arn)) &&
      services.some((service) => trustedOf(role).includes(service)),
  );
}

/** Whom the trust policy names, services without their domain; a policy that cannot be read names nobody here. */
function trustedOf(role: SnapshotRole): readonly string[] {
  return (trustOf(role)?.statements ?? [])
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ principal }) =>
      (principal?.entries ?? []).map(({ type, value }) => (type === 'Service' ? serviceName(value) : value)),
    );
}

/** `ec2` of `ec2.amazonaws.com`, `ec2.amazonaws.com.cn`. */
function serviceName(value: string): string {
  return value.replace(/\.amazonaws\.com(?:\.cn)?$/, '');
}
