import type { AwsClient } from '../../clients/aws.ts';
import type { KubernetesClient } from '../../clients/kubernetes.ts';
import { policyDocument, trustPolicy } from '../../clients/policydocuments.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { CommandError } from '../failure.ts';
import {
  clusterRoleName,
  type DemoRole,
  demoCluster,
  demoManifests,
  demoRoles,
  demoUser,
  legacyUser,
} from './content.ts';

/**
 * Fills the server through its own APIs, as a user would. What is there already is left as it is, so that a restart
 * keeps what was changed since.
 */
export async function seedAws(aws: AwsClient, accountId: string): Promise<void> {
  const anyoneInAccount = trustPolicy({ AWS: `arn:aws:iam::${accountId}:root` });
  await create(aws, 'iam', 'CreateRole', {
    RoleName: clusterRoleName,
    AssumeRolePolicyDocument: trustPolicy({ Service: 'eks.amazonaws.com' }),
  });
  for (const { name, description, permissions } of demoRoles) {
    const created = await create(aws, 'iam', 'CreateRole', {
      RoleName: name,
      Description: description,
      AssumeRolePolicyDocument: anyoneInAccount,
    });
    if (!created) continue;
    for (const [policy, document] of Object.entries(permissions)) {
      await aws.call('iam', 'PutRolePolicy', {
        RoleName: name,
        PolicyName: policy,
        PolicyDocument: document,
      });
    }
  }
  for (const name of [demoUser.name, legacyUser.name]) {
    if (!(await create(aws, 'iam', 'CreateUser', { UserName: name }))) continue;
    await aws.call('iam', 'PutUserPolicy', {
      UserName: name,
      PolicyName: 'demo',
      PolicyDocument:
        name === demoUser.name
          ? policyDocument(['sts:AssumeRole'], `arn:aws:iam::${accountId}:role/*`)
          : policyDocument(['eks:DescribeCluster']),
    });
  }
  const createdCluster = await create(aws, 'eks', 'CreateCluster', {
    name: demoCluster,
    roleArn: `arn:aws:iam::${accountId}:role/${clusterRoleName}`,
    resourcesVpcConfig: {},
    accessConfig: {
      authenticationMode: 'API_AND_CONFIG_MAP',
      bootstrapClusterCreatorAdminPermissions: false,
    },
  });
  if (createdCluster) for (const role of demoRoles) await createEntry(aws, accountId, role);
}

async function createEntry(aws: AwsClient, accountId: string, { name, entry }: DemoRole): Promise<void> {
  if (entry.kind === 'none') return;
  const target = { clusterName: demoCluster, principalArn: `arn:aws:iam::${accountId}:role/${name}` };
  await aws.call('eks', 'CreateAccessEntry', {
    ...target,
    ...(entry.kind === 'groups' ? { kubernetesGroups: entry.groups } : {}),
  });
  if (entry.kind !== 'policy') return;
  await aws.call('eks', 'AssociateAccessPolicy', {
    ...target,
    policyArn: `arn:aws:eks::aws:cluster-access-policy/${entry.policy}`,
    accessScope:
      entry.namespaces.length === 0
        ? { type: 'cluster' }
        : { type: 'namespace', namespaces: entry.namespaces },
  });
}

/** Kubernetes objects, written with an administrator's token. */
export async function seedKubernetes(
  client: KubernetesClient,
  token: string,
  accountId: string,
): Promise<void> {
  for (const { collection, object } of demoManifests(accountId)) {
    const answer = await client.send({ token, method: 'POST', path: collection, body: object });
    const alreadyThere = answer.status === 409;
    if (answer.status !== 201 && !alreadyThere) {
      throw new CommandError(
        'failure',
        `demo object ${object.kind} \`${object.metadata.name}\` was refused: ${statusMessage(answer.body)}`,
      );
    }
  }
}

function statusMessage(body: unknown): string {
  const message = (body as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : JSON.stringify(body);
}

const existsCodes = ['EntityAlreadyExists', 'EntityAlreadyExistsException', 'ResourceInUseException'];

/** False when it was there already. */
async function create(
  aws: AwsClient,
  service: 'iam' | 'eks',
  operation: string,
  input: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  try {
    await aws.call(service, operation, input);
    return true;
  } catch (error) {
    if (error instanceof AwsError && existsCodes.includes(error.code)) return false;
    throw error;
  }
}
