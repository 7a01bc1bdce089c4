import { mintSessionFromDataDirectory } from '../server/operatorsession.ts';
import type { ReadyFile } from '../server/readyfile.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { type AwsClient, createAwsClient } from './clients/aws.ts';
import { CommandError } from './failure.ts';
import { type IdentityOptions, rootCredentials } from './identity.ts';

/** Session name of sessions made by the operator, visible wherever the role acts. */
const operatorSession = 'entryway-operator';

/** Looks the role or user up as root and mints a session for it (SECURITY.md, "what is not protected"). */
export async function mintOperatorSession(
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
  if (user === undefined)
    throw new CommandError('misuse', 'a role or a user is needed', 'add --role ARN or --user NAME');
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
    throw new CommandError(
      'misuse',
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
    throw new CommandError(
      'failure',
      `there is no role \`${arn}\``,
      `the role of that name is \`${Role.Arn}\``,
    );
  }
  return { name: Role.RoleName, principalId: Role.RoleId };
}
