import type { ConnectionOptions } from '../connection.ts';
import { printable } from '../render/printable.ts';
import { readText } from '../textfile.ts';
import { openClusterClient } from './client.ts';
import { readIssuerKeys } from './issuerkeys.ts';

export interface SetIssuerOptions extends ConnectionOptions {
  readonly issuer: string;
  readonly keys?: string;
}

export interface ShowIssuerOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

/** See `services/entryway/clusterissuer.ts`. */
interface Issuer {
  readonly clusterName: string;
  readonly url: string;
  readonly source: string;
  readonly keys: readonly { readonly keyId: string; readonly algorithm: string }[];
}

/** Says who issues the service account tokens of a connected cluster, and with which public keys. */
export async function setIssuer(
  clusterName: string,
  { issuer: url, keys: file, ...options }: SetIssuerOptions,
): Promise<void> {
  const keys = file === undefined ? undefined : readIssuerKeys(readText(file), file);
  const { issuer } = await openClusterClient(options).aws.call<{ readonly issuer: Issuer }>(
    'entryway',
    'SetClusterIssuer',
    { clusterName, issuer: url, ...(keys && { keys }) },
  );
  process.stdout.write(`${asText(issuer)}\n${nextSteps(issuer)}`);
}

export async function showIssuer(clusterName: string, options: ShowIssuerOptions): Promise<void> {
  const { issuer } = await openClusterClient(options).aws.call<{ readonly issuer: Issuer }>(
    'entryway',
    'DescribeClusterIssuer',
    { clusterName },
  );
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(issuer, undefined, 2)}\n` : asText(issuer),
  );
}

export async function removeIssuer(clusterName: string, options: ConnectionOptions): Promise<void> {
  await openClusterClient(options).aws.call('entryway', 'ClearClusterIssuer', { clusterName });
  process.stdout.write(
    `no token of cluster ${clusterName} counts at STS or EKS Auth any more\nwhere IAM has an OIDC provider for that issuer, keys are taken for it again only after the provider was deleted\n`,
  );
}

const sources: Readonly<Record<string, string>> = {
  builtIn: 'this server signs',
  discovery: 'its own documents; the server asks for them with `serve --oidc-issuers public` or `private`',
  handedOver: 'handed over',
};

function asText({ clusterName, url, source, keys }: Issuer): string {
  const lines = [
    `cluster  ${printable(clusterName)}`,
    `issuer   ${printable(url)}`,
    `keys     ${sources[source] ?? source}`,
    ...keys.map(({ keyId, algorithm }) => `         ${printable(keyId)} (${algorithm})`),
  ];
  return `${lines.join('\n')}\n`;
}

function nextSteps({ clusterName, url, source }: Issuer): string {
  const lines = !/^https:\/\/[^/]*:/.test(url)
    ? [
        'let roles trust it:',
        `  aws iam create-open-id-connect-provider --url ${printable(url)} --client-id-list sts.amazonaws.com`,
      ]
    : ['OIDC providers of IAM have no port: roles cannot trust this issuer, EKS Pod Identity works with it'];
  if (source === 'handedOver') {
    lines.push(
      `when the API server of ${printable(clusterName)} gets another signing key, hand over the new keys before it is used`,
    );
  }
  return `${lines.join('\n')}\n`;
}
