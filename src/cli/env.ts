import { type IdentityOptions, identityOf } from '../server/operatoridentity.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';

/** Prints what points the stock AWS CLI and SDKs at the running server, as the chosen identity (root by default). */
export async function printEnvironment(
  options: ConnectionOptions & IdentityOptions & { readonly output: 'shell' | 'json' },
): Promise<void> {
  const connection = readConnection(options);
  const credentials = await identityOf(connection, options);
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: connection.awsEndpoint,
    AWS_REGION: connection.region,
    AWS_DEFAULT_REGION: connection.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(variables, undefined, 2)}\n` : shell(variables),
  );
}

function shell(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  // A token or profile left over from another identity would win over, or be mixed with, these keys.
  lines.push('unset AWS_PROFILE');
  if (variables.AWS_SESSION_TOKEN === undefined) lines.push('unset AWS_SESSION_TOKEN');
  return `${lines.join('\n')}\n`;
}

function quote(value: string): string {
  return /^[\w:/.+=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
