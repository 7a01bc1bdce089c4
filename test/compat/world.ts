/** SDK clients against a server process, and the steps that several tests start from. */
import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, type Credentials, STSClient } from '@aws-sdk/client-sts';
import type { Connection, Keys } from './process.ts';

export interface Clients {
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  destroy(): void;
}

/** Stock SDK clients for one identity; nothing but endpoint, region and keys is set. */
export function createClients(connection: Connection, keys: Keys): Clients {
  const options = {
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: keys,
    maxAttempts: 1,
  };
  const clients = { eks: new EKSClient(options), iam: new IAMClient(options), sts: new STSClient(options) };
  return {
    ...clients,
    destroy() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

export function rootKeys({ accessKeyId, secretAccessKey }: Connection): Keys {
  return { accessKeyId, secretAccessKey };
}

export function roleArn(connection: Connection, name: string): string {
  return `arn:aws:iam::${connection.accountId}:role/${name}`;
}

export function allowAll(actions: string | readonly string[], resource = '*'): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: resource }],
  });
}

export function trust(principal: Readonly<Record<string, string>> | string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  });
}

/** A role that everybody in the account with `sts:AssumeRole` may assume; answers its unique id. */
export async function createRole({ iam }: Clients, connection: Connection, name: string): Promise<string> {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${connection.accountId}:root` }),
    }),
  );
  return Role?.RoleId ?? '';
}

/** A user with long-term keys and, when given, an inline policy. */
export async function createUser({ iam }: Clients, name: string, policy?: string): Promise<Keys> {
  await iam.send(new CreateUserCommand({ UserName: name }));
  if (policy !== undefined) {
    await iam.send(
      new PutUserPolicyCommand({ UserName: name, PolicyName: 'inline', PolicyDocument: policy }),
    );
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** A session of the role for the caller behind `sts`. */
export async function assumeRole({ sts }: Clients, arn: string, sessionName = 'test'): Promise<Keys> {
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: sessionName }),
  );
  return sessionKeys(Credentials);
}

export function sessionKeys(credentials: Credentials | undefined): Keys {
  return {
    accessKeyId: credentials?.AccessKeyId ?? '',
    secretAccessKey: credentials?.SecretAccessKey ?? '',
    sessionToken: credentials?.SessionToken ?? '',
  };
}

/** How a call ended: `ok`, or what the SDK names the error. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

export type AuthenticationMode = 'API' | 'API_AND_CONFIG_MAP' | 'CONFIG_MAP';

/** A cluster whose creator is its administrator; answers the endpoint. */
export async function createCluster(
  clients: Clients,
  connection: Connection,
  name: string,
  authenticationMode: AuthenticationMode = 'API_AND_CONFIG_MAP',
): Promise<string> {
  const { cluster } = await clients.eks.send(
    new CreateClusterCommand({
      name,
      roleArn: roleArn(connection, 'cluster'),
      resourcesVpcConfig: {},
      accessConfig: { authenticationMode },
    }),
  );
  return cluster?.endpoint ?? '';
}

/** The service role that every cluster names. */
export async function createClusterRole({ iam }: Clients): Promise<void> {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'cluster',
      AssumeRolePolicyDocument: trust({ Service: 'eks.amazonaws.com' }),
    }),
  );
}
