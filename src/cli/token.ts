import { defaultRegion } from '../server/config.ts';
import { type IdentityOptions, identityOf } from '../server/operatoridentity.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { createToken, execCredential } from '../wire/token/create.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';
import { credentialsFromEnvironment } from './identity.ts';

export interface TokenOptions extends ConnectionOptions, IdentityOptions {
  readonly clusterName: string;
  readonly region?: string;
  readonly tokenOnly?: boolean;
}

/**
 * The exec credential plugin. With `--role` or `--user` it acts by authority of the data directory; otherwise it signs
 * with the keys of the environment, as the AWS CLI would, and where there are none as the first account's root.
 */
export async function printToken(options: TokenOptions): Promise<void> {
  const { credentials, region } = await signerOf(options);
  const now = Date.now();
  const token = createToken({
    credentials,
    region: options.region ?? process.env.AWS_REGION ?? region,
    clusterName: options.clusterName,
    now,
  });
  process.stdout.write(
    options.tokenOnly
      ? `${token}\n`
      : `${JSON.stringify(execCredential({ token, now, execInfo: process.env.KUBERNETES_EXEC_INFO }))}\n`,
  );
}

async function signerOf(
  options: TokenOptions,
): Promise<{ readonly credentials: SigningCredentials; readonly region: string }> {
  const isNamed = options.role !== undefined || options.user !== undefined;
  const environment = isNamed ? undefined : credentialsFromEnvironment();
  if (environment !== undefined) return { credentials: environment, region: defaultRegion };
  const connection = readConnection(options);
  return { credentials: await identityOf(connection, options), region: connection.region };
}
