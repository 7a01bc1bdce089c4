import { resolve } from 'node:path';
import type { ReadyFile } from '../../server/readyfile.ts';
import { createToken } from '../../wire/token/create.ts';
import { type ClusterClient, openClusterClient } from '../cluster/client.ts';
import { requestCredential } from '../cluster/credentials.ts';
import type { ConnectionOptions } from '../connection.ts';
import { exitCodes } from '../failure.ts';
import { credentialsFromEnvironment, type IdentityOptions, identityOf } from '../identity.ts';
import { readText } from '../textfile.ts';
import { callWebhook } from './call.ts';
import { checkConfiguration } from './configuration.ts';
import { type Finding, isGood } from './finding.ts';
import { type ReadBundle, readBundle } from './readbundle.ts';
import { renderFindings } from './render.ts';
import { askServer, checkCredential } from './server.ts';
import { checkWebhooks, type WebhooksToCheck } from './webhooks.ts';

export interface DoctorOptions extends ConnectionOptions, IdentityOptions {
  readonly cluster: string;
  readonly bundle?: string;
  readonly token?: string;
  readonly output: 'text' | 'json';
}

/**
 * Looks at everything between a connected cluster's API server and this server that can be looked at from here. The exit
 * code is that of a denial when something is wrong, so that a pipeline stops.
 */
export async function examine(options: DoctorOptions): Promise<void> {
  const bundle = options.bundle === undefined ? undefined : readBundle(resolve(options.bundle));
  const client = openClusterClient(options);
  // First: a cluster that is not there, or not connected, is told before a certificate is issued for it.
  const server = await askServer(client.aws, options.cluster);
  const token = await tokenToJudge(client.connection, options);
  const common = { token, call: callWebhook, now: Date.now };
  const findings = [
    ...(bundle === undefined
      ? await withOwnCredential(client, options.cluster, (targets) =>
          checkWebhooks({ ...targets, ...common, isPassing: true }),
        )
      : await checkBundle(client, options.cluster, bundle, common)),
    ...server,
  ];
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify({ cluster: options.cluster, findings }, undefined, 2)}\n`
      : renderFindings(findings),
  );
  if (!findings.every(isGood)) process.exitCode = exitCodes.denied;
}

async function checkBundle(
  { aws }: ClusterClient,
  clusterName: string,
  bundle: ReadBundle,
  common: Pick<WebhooksToCheck, 'token' | 'call' | 'now'>,
): Promise<readonly Finding[]> {
  return [
    ...(await checkCredential(aws, clusterName, bundle.authenticate)),
    ...(await checkWebhooks({ ...bundle, ...common })),
    ...checkConfiguration(bundle),
  ];
}

/** The shortest certificate there is, for as long as `check` runs. */
async function withOwnCredential<Result>(
  client: ClusterClient,
  clusterName: string,
  check: (targets: Pick<WebhooksToCheck, 'authenticate' | 'authorize'>) => Promise<Result>,
): Promise<Result> {
  const issued = await requestCredential(client, clusterName, { days: '1', description: 'entryway doctor' });
  const { authenticateUrl, authorizeUrl } = issued;
  const target = {
    certificateAuthority: issued.certificateAuthority,
    certificate: issued.certificate,
    key: issued.privateKey,
  };
  try {
    return await check({
      authenticate: { ...target, url: authenticateUrl },
      authorize: { ...target, url: authorizeUrl },
    });
  } finally {
    const { serialNumber } = issued.credential;
    await client.aws.call('entryway', 'RevokeWebhookCredential', { clusterName, serialNumber });
  }
}

/** Like `entryway token`: a role or user by authority of the data directory, else the environment's keys, else root. */
async function tokenToJudge(
  connection: ReadyFile,
  { cluster, token: file, role, user }: DoctorOptions,
): Promise<WebhooksToCheck['token']> {
  if (file !== undefined) return { text: readText(file).trim(), whose: 'the given token', isGiven: true };
  const isNamed = role !== undefined || user !== undefined;
  const environment = isNamed ? undefined : credentialsFromEnvironment();
  const credentials =
    environment ?? (await identityOf(connection, { ...(role && { role }), ...(user && { user }) }));
  const text = createToken({ credentials, region: connection.region, clusterName: cluster, now: Date.now() });
  const whose = isNamed
    ? `a token of \`${role ?? user}\``
    : environment === undefined
      ? 'a token of root'
      : 'a token of the caller';
  return { text, whose, isGiven: isNamed };
}
