import { mintSessionFromDataDirectory } from '../server/operatorsession.ts';
import type { ReadyFile } from '../server/readyfile.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';

/** Who a command acts as: the first account's root, or by `--role` / `--user` somebody else. */
export interface IdentityOptions {
  readonly role?: string;
  readonly user?: string;
}

/** The keys of the environment, as the AWS CLI reads them; undefined when there are none. */
export function credentialsFromEnvironment(): SigningCredentials | undefined {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

/**
 * Credentials of the identity. A role or user is entered with a session minted by the key of the data directory:
 * whoever can read that file is the operator (SECURITY.md); no trust policy is asked.
 */
export async function identityOf(
  connection: ReadyFile,
  options: IdentityOptions,
): Promise<SigningCredentials> {
  if (options.role === undefined && options.user === undefined) return rootCredentials(connection);
  const { mintOperatorSession } = await import('./operator.ts');
  return mintOperatorSession(connection, options);
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
