import { type AwsClient, createAwsClient } from '../clients/aws.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { ConfigError } from './config.ts';
import { mintSessionFromDataDirectory } from './operatorsession.ts';
import type { ReadyFile } from './readyfile.ts';

/** Who the operator acts as: the first account's root, or a role or user of that account. */
export interface IdentityOptions {
  /** ARN, with its path. */
  readonly role?: string;
  /** Name. */
  readonly user?: string;
}

/** The first account's root: its access key, or, where an operator has taken that away, a session. */
export function rootCredentials({
  accessKeyId,
  secretAccessKey,
  dataDir,
  accountId,
}: ReadyFile): SigningCredentials {
  return accessKeyId === undefined || secretAccessKey === undefined
    ? mintSessionFromDataDirectory(dataDir, { kind: 'root', accountId })
    : { accessKeyId, secretAccessKey };
}

/** Session name of sessions made by the operator, visible wherever the role acts. */
const operatorSession = 'entryway-operator';

/**
 * Credentials of the identity. A role or user is entered with a session minted by the key of the data directory:
 * whoever can read that file is the operator (SECURITY.md); no trust policy is asked.
 */
export async function identityOf(
  connection: ReadyFile,
  { role, user }: IdentityOptions,
): Promise<SigningCredentials> {
  const { accountId, dataDir } = connection;
  const aws = createAwsClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootCredentials(connection),
  });
  if (role !== undefined) {
    const { name, principalId } = await findRole(aws, accountId, role);
    return mintSessionFromDataDirectory(dataDir, {
      kind: 'assumedRole',
      accountId,
      roleName: name,
      principalId,
      sessionName: operatorSession,
    });
  }
  if (user === undefined) return rootCredentials(connection);
  const { User } = await aws.call<{ User: { UserName: string; UserId: string } }>('iam', 'GetUser', {
    UserName: user,
  });
  return mintSessionFromDataDirectory(dataDir, {
    kind: 'user',
    accountId,
    userName: User.UserName,
    principalId: User.UserId,
  });
}

async function findRole(
  aws: AwsClient,
  accountId: string,
  arn: string,
): Promise<{ readonly name: string; readonly principalId: string }> {
  const name = new RegExp(`^arn:aws:iam::${accountId}:role/(?:.*/)?([^/]+)$`).exec(arn)?.[1];
  if (name === undefined) {
    throw new ConfigError(
      `\`${arn}\` is not the ARN of a role of account ${accountId}`,
      `write it as arn:aws:iam::${accountId}:role/NAME`,
    );
  }
  const { Role } = await aws.call<{ Role: { RoleName: string; RoleId: string; Arn: string } }>(
    'iam',
    'GetRole',
    {
      RoleName: name,
    },
  );
  if (Role.Arn !== arn) {
    throw new AwsError('NoSuchEntity', `There is no role ${arn}; the role of that name is ${Role.Arn}`);
  }
  return { name: Role.RoleName, principalId: Role.RoleId };
}
