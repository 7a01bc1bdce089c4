import { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writePrivateFile } from '../../server/datadirectory.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';
import { type ClusterClient, openClusterClient } from './client.ts';

export interface IssueOptions extends ConnectionOptions {
  readonly out: string;
  readonly days: string;
  readonly description?: string;
}

export interface WebhookCredential {
  readonly serialNumber: string;
  readonly description: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt?: Date;
  readonly lastUsedAt?: Date;
}

/** What IssueWebhookCredential answers, and the key that was made for it. PEM. */
export interface IssuedCredential {
  readonly credential: WebhookCredential;
  readonly certificate: string;
  readonly certificateAuthority: string;
  readonly authenticateUrl: string;
  readonly authorizeUrl: string;
  readonly podsUrl: string;
  readonly privateKey: string;
}

/** Writes tls.crt, tls.key and ca.crt, and says where the API server has to ask. */
export async function issueCredential(cluster: string, options: IssueOptions): Promise<void> {
  const client = openClusterClient(options);
  const issued = await requestCredential(client, cluster, options);
  process.stdout.write(report(issued, writeCredential(issued, options.out)));
}

/** The same, and which certificates are to be revoked when it is in use. */
export async function rotateCredential(cluster: string, options: IssueOptions): Promise<void> {
  const client = openClusterClient(options);
  const before = (await credentialsOf(client, cluster)).filter((one) => stateOf(one) === 'live');
  const issued = await requestCredential(client, cluster, options);
  const files = writeCredential(issued, options.out);
  const revoke = before.map(
    ({ serialNumber }) => `entryway cluster credentials revoke ${cluster} --serial ${serialNumber}`,
  );
  const next =
    revoke.length === 0
      ? 'There was no other live certificate.\n'
      : `Put the files in place and restart the API server. Then, not before:\n  ${revoke.join('\n  ')}\n`;
  process.stdout.write(`${report(issued, files)}\n${next}`);
}

export async function listCredentials(
  cluster: string,
  options: ConnectionOptions & { readonly output: 'text' | 'json' },
): Promise<void> {
  const credentials = await credentialsOf(openClusterClient(options), cluster);
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify(credentials, undefined, 2)}\n`);
    return;
  }
  if (credentials.length === 0) {
    process.stdout.write(
      `No certificates. Issue one: entryway cluster credentials issue ${cluster} --out DIR\n`,
    );
    return;
  }
  const columns = ['serial', 'state', 'issued', 'expires', 'last used', 'description'];
  process.stdout.write(
    renderTable(
      columns.map((title) => ({ title })),
      credentials.map((one) => [
        one.serialNumber,
        stateOf(one),
        dateOf(one.issuedAt),
        dateOf(one.expiresAt),
        // The server keeps it in memory only.
        one.lastUsedAt === undefined ? 'not since the start' : one.lastUsedAt.toISOString(),
        printable(one.description),
      ]),
    ),
  );
}

export async function revokeCredential(
  cluster: string,
  options: ConnectionOptions & { readonly serial: string },
): Promise<void> {
  const { credential } = await openClusterClient(options).aws.call<{ credential: WebhookCredential }>(
    'entryway',
    'RevokeWebhookCredential',
    { clusterName: cluster, serialNumber: options.serial },
  );
  process.stdout.write(`revoked ${credential.serialNumber}: refused from now on, on open connections too\n`);
}

/** Makes a key, which stays here, and has the server certify it. Also for whoever writes the files elsewhere. */
export async function requestCredential(
  { connection, aws }: ClusterClient,
  clusterName: string,
  { days, description }: Pick<IssueOptions, 'days' | 'description'>,
): Promise<IssuedCredential> {
  if (connection.webhookEndpoint === undefined) {
    throw new CommandError(
      'failure',
      'this server listens for no webhooks',
      'start it with `entryway serve --webhook-listen HOST:PORT`',
    );
  }
  if (!/^[0-9]{1,4}$/.test(days)) {
    throw new CommandError('misuse', `--days \`${days}\` is not a number of days`);
  }
  const { certificateRequest, privateKey } = await makeKey(clusterName);
  const issued = await aws.call<Omit<IssuedCredential, 'privateKey'>>('entryway', 'IssueWebhookCredential', {
    clusterName,
    certificateRequest,
    validityDays: Number(days),
    ...(description !== undefined && { description }),
  });
  return { ...issued, privateKey };
}

/** P-256: what every Kubernetes can present, and short. */
async function makeKey(
  clusterName: string,
): Promise<{ readonly certificateRequest: string; readonly privateKey: string }> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [clusterName] }],
    keys,
    signingAlgorithm: algorithm,
  });
  return {
    certificateRequest: request.toString('pem'),
    privateKey: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** The three files of a credential, in the order they are written. */
export interface CredentialFiles {
  readonly key: string;
  readonly certificate: string;
  readonly certificateAuthority: string;
}

/** Writes the files, 0600, into a directory that is made 0700 where it is missing. */
export function writeCredential(issued: IssuedCredential, directory: string): CredentialFiles {
  const out = resolve(directory);
  if (!existsSync(out)) mkdirSync(out, { recursive: true, mode: 0o700 });
  const files = {
    key: join(out, 'tls.key'),
    certificate: join(out, 'tls.crt'),
    certificateAuthority: join(out, 'ca.crt'),
  };
  writePrivateFile(files.key, issued.privateKey);
  writePrivateFile(files.certificate, issued.certificate);
  writePrivateFile(files.certificateAuthority, issued.certificateAuthority);
  return files;
}

function report(
  { credential, authenticateUrl, authorizeUrl, podsUrl }: IssuedCredential,
  files: CredentialFiles,
): string {
  return [
    `certificate   ${files.certificate}  (serial ${credential.serialNumber}, until ${dateOf(credential.expiresAt)})`,
    `key           ${files.key}`,
    `authority     ${files.certificateAuthority}`,
    `authenticate  ${authenticateUrl}`,
    `authorize     ${authorizeUrl}`,
    `pods          ${podsUrl}`,
    '',
  ].join('\n');
}

async function credentialsOf(
  { aws }: ClusterClient,
  clusterName: string,
): Promise<readonly WebhookCredential[]> {
  const { credentials } = await aws.call<{ credentials: readonly WebhookCredential[] }>(
    'entryway',
    'ListWebhookCredentials',
    { clusterName },
  );
  return credentials;
}

function stateOf({ revokedAt, expiresAt }: WebhookCredential): 'live' | 'revoked' | 'expired' {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt.getTime() > Date.now() ? 'live' : 'expired';
}

function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
