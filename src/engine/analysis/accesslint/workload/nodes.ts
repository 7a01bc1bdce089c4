import { subjectOf } from '../../iamworld/allowers.ts';
import { enumerate } from '../../policylint/policy.ts';
import { letInAsNodes } from '../entries/nodes.ts';
import type { Facts } from '../facts.ts';
import type { AccessRule } from '../rule.ts';

/** What no node needs of everything there is, each asked of something that nobody has. */
const broad: readonly (readonly [string, (partition: string, accountId: string) => string])[] = [
  ['iam:PassRole', (partition, accountId) => `arn:${partition}:iam::${accountId}:role/unheard-of-q7`],
  ['iam:CreateAccessKey', (partition, accountId) => `arn:${partition}:iam::${accountId}:user/unheard-of-q7`],
  ['s3:GetObject', (partition) => `arn:${partition}:s3:::unheard-of-q7/key`],
  [
    'secretsmanager:GetSecretValue',
    (partition, accountId) =>
      `arn:${partition}:secretsmanager:us-east-1:${accountId}:secret:unheard-of-q7-AbCdEf`,
  ],
];

/** Roles that Pods get at through their node: of the instance's metadata, and in the host network in any case. */
export const nodeRoleRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-832',
    name: 'role of nodes that may do much more than nodes need',
    severity: 'warning',
    why: 'Pods in the host network, and all others where the metadata service answers them (hop limit 2 or more), have the role of their node, whatever their own service account is given.',
    fix: 'give these permissions to service accounts by Pod Identity and take them from the role of the nodes; set the hop limit of the instances to 1',
    *check({ cluster }, facts) {
      const inHostNetwork = (cluster.pods ?? [])
        .filter(
          ({ hostNetwork, hasEnded, namespace }) =>
            hostNetwork && hasEnded !== true && namespace !== 'kube-system',
        )
        .map(({ namespace, name }) => `${namespace}/${name}`)
        .sort();
      const told = new Set<string>();
      for (const { role, as, kind } of letInAsNodes(cluster, facts)) {
        // Pods of Fargate have no metadata service, and their machine has no credentials of its role.
        if (told.has(role.arn) || !kind.services.includes('ec2')) continue;
        told.add(role.arn);
        const may = broadly(role.arn, facts);
        if (may.length === 0) continue;
        yield {
          ...{ subject: role.arn, at: as.at },
          message: `pods can get at \`${role.arn}\`, the role of their nodes, which may ${enumerate(may)} on everything${
            inHostNetwork.length === 0 ? '' : `; in the host network run ${enumerate(inHostNetwork)}`
          }`,
          fix: 'move what Pods need to roles of their service accounts, and take it out of the policies of this role',
        };
      }
    },
  },
];

function broadly(roleArn: string, { iam, world: { principals, snapshot } }: Facts): readonly string[] {
  const known = principals.named(roleArn);
  if (known === undefined) return [];
  const subject = subjectOf(known);
  return broad.flatMap(([action, resource]) => {
    const asked = { subject, action, resource: resource(snapshot.partition, known.accountId) };
    const { certainty } = iam.ask(asked);
    return certainty === 'always' ? [action] : [];
  });
}
