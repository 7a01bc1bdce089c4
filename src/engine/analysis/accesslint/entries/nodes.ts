import { comparableArn } from '../../../identity/entries.ts';
import type { SnapshotRole } from '../../snapshot/snapshot.ts';
import { command, deleteEntry } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { trustOf } from '../iam/trust.ts';
import type { AccessRule } from '../rule.ts';

/** Who starts the instances, or tasks, that are nodes of a type; undefined for types that say nothing of it. */
const servicesOf: Readonly<Record<string, readonly string[]>> = {
  EC2_LINUX: ['ec2'],
  EC2_WINDOWS: ['ec2'],
  EC2: ['ec2'],
  FARGATE_LINUX: ['eks-fargate-pods'],
  HYBRID_LINUX: ['ssm', 'rolesanywhere'],
};

const workerPolicy = /:policy\/AmazonEKSWorkerNode(?:Minimal)?Policy$/;

export const nodeRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-411',
    name: 'role of nodes with an entry for people',
    severity: 'error',
    why: 'Nodes need an entry of a node type: one of type STANDARD does not make them members of system:nodes, and they do not join.',
    fix: 'delete the entry and create it with --type EC2_LINUX (EC2_WINDOWS, FARGATE_LINUX, …)',
    *check({ cluster }, facts) {
      if (cluster.authenticationMode === 'CONFIG_MAP') return;
      for (const { principalArn, type } of cluster.accessEntries) {
        if (type !== 'STANDARD' || !isNodeRole(roleOf(principalArn, facts))) continue;
        yield {
          subject: principalArn,
          at: { thing: 'accessEntry', clusterArn: cluster.arn, principalArn },
          message: `\`${principalArn}\` is a role of nodes, and its entry is of type \`STANDARD\`: nodes do not join with it`,
          fix: `${deleteEntry(cluster.name, principalArn)} && ${createNodeEntry(cluster.name, principalArn)}`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-413',
    name: 'node that others may be',
    severity: 'security',
    why: 'Whoever has the role of an entry of a node type is a node: it reads the Secrets of the Pods on it. Only the service that starts nodes should be trusted to assume it.',
    fix: 'take everybody but the service out of the trust policy',
    *check({ cluster }, facts) {
      for (const entry of cluster.accessEntries) {
        const services = servicesOf[entry.type];
        const role = services && roleOf(entry.principalArn, facts);
        if (services === undefined || role === undefined) continue;
        const others = trustedOf(role).filter((who) => !services.includes(who));
        if (others.length === 0) continue;
        yield {
          subject: entry.principalArn,
          at: { thing: 'accessEntry', clusterArn: cluster.arn, principalArn: entry.principalArn },
          message: `\`${entry.principalArn}\` is the role of nodes (\`${entry.type}\`), and \`${others[0] ?? ''}\` may assume it`,
          fix: command(
            'aws',
            'iam',
            'update-assume-role-policy',
            '--role-name',
            role.name,
            '--policy-document',
            'file://trust.json',
          ),
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
        if (!isNodeRole(role) || letIn.has(comparableArn(role.arn))) continue;
        yield {
          subject: role.arn,
          at: { thing: 'iam', arn: role.arn },
          message: `\`${role.arn}\` is a role of nodes, and no cluster of the account lets it in`,
          fix: createNodeEntry('CLUSTER', role.arn),
        };
      }
    },
  },
];

function createNodeEntry(clusterName: string, principalArn: string): string {
  return command(
    ...['aws', 'eks', 'create-access-entry', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn, '--type', 'EC2_LINUX'],
  );
}

function roleOf(arn: string, { world }: Facts): SnapshotRole | undefined {
  const known = world.principals.named(arn);
  return known?.kind === 'role' && known.record.arn === arn ? known.record : undefined;
}

/** One that instances have: it may do what nodes must, and EC2 is trusted to give it to instances. */
function isNodeRole(role: SnapshotRole | undefined): boolean {
  if (role === undefined) return false;
  return role.attachedPolicyArns.some((arn) => workerPolicy.test(arn)) && trustedOf(role).includes('ec2');
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
