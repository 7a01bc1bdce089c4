import type { AwsClient } from '../clients/aws.ts';
import { trustPolicy } from '../clients/policydocuments.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { ServiceName } from '../wire/protocols/services.ts';
import { type ClusterEntry, ClusterError } from './cluster.ts';

/** The AWS side, as the account's root. */
export interface Account {
  readonly accountId: string;
  /** Throws ClusterError `refused`. */
  call<Output>(
    service: ServiceName,
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Output>;
}

export function openAccount(client: AwsClient, accountId: string): Account {
  return {
    accountId,
    async call<Output>(service: ServiceName, operation: string, input: Readonly<Record<string, unknown>>) {
      try {
        return await client.call<Output>(service, operation, input);
      } catch (error) {
        throw asRefusal(operation, error);
      }
    },
  };
}

/** What the AWS side refused, as ClusterError; any other error as it is. */
export function asRefusal(what: string, error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  return new ClusterError('refused', `${what}: ${error.code}: ${error.message}`, { cause: error });
}

/** The role where there is none, its access entry, and the entry's policies. */
export async function createEntry(account: Account, clusterName: string, entry: ClusterEntry): Promise<void> {
  const { role, groups = [], username, policies = [] } = entry;
  const { accountId } = account;
  await createRole(account, role);
  const target = { clusterName, principalArn: `arn:aws:iam::${accountId}:role/${role}` };
  await account.call('eks', 'CreateAccessEntry', {
    ...target,
    kubernetesGroups: [...groups],
    ...(username !== undefined && { username }),
  });
  for (const one of policies) {
    const { policy, namespaces } = typeof one === 'string' ? { policy: one, namespaces: [] } : one;
    if (typeof one !== 'string' && namespaces.length === 0) {
      throw new ClusterError(
        'option',
        `policy \`${policy}\` of role \`${role}\` names no namespace; for the whole cluster leave \`namespaces\` out`,
      );
    }
    await account.call('eks', 'AssociateAccessPolicy', {
      ...target,
      policyArn: policy.startsWith('arn:') ? policy : `arn:aws:eks::aws:cluster-access-policy/${policy}`,
      accessScope:
        namespaces.length === 0 ? { type: 'cluster' } : { type: 'namespace', namespaces: [...namespaces] },
    });
  }
}

async function createRole(account: Account, name: string): Promise<void> {
  try {
    await account.call('iam', 'CreateRole', {
      RoleName: name,
      AssumeRolePolicyDocument: trustPolicy({ AWS: `arn:aws:iam::${account.accountId}:root` }),
    });
  } catch (error) {
    const cause = error instanceof ClusterError ? error.cause : undefined;
    if (!(cause instanceof AwsError) || !cause.code.startsWith('EntityAlreadyExists')) throw error;
  }
}

/** An IAM user whose access entry maps it to that username and those groups; answers its name. */
export async function createMappedUser(
  account: Account,
  clusterName: string,
  mapped: { readonly username: string; readonly groups: readonly string[]; readonly userName: string },
): Promise<string> {
  const { username, groups, userName } = mapped;
  const { User } = await account.call<{ User: { Arn: string } }>('iam', 'CreateUser', { UserName: userName });
  await account.call('eks', 'CreateAccessEntry', {
    clusterName,
    principalArn: User.Arn,
    kubernetesGroups: [...groups],
    username,
  });
  return userName;
}
