import { resolve } from 'node:path';
import { type IdentityOptions, identityOf } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { createToken } from '../../wire/token/create.ts';
import { atAddress, parseAddress } from '../bundle/address.ts';
import { type ClusterClient, openClusterClient } from '../cluster/client.ts';
import { requestCredential } from '../cluster/credentials.ts';
import type { ConnectionOptions } from '../connection.ts';
import { exitCodes } from '../failure.ts';
import { credentialsFromEnvironment } from '../identity.ts';
import { readText } from '../textfile.ts';
import { callWebhook, type WebhookTarget } from './call.ts';
import { checkConfiguration } from './configuration.ts';
import type { Finding } from './finding.ts';
import { type ReadBundle, readBundle } from './readbundle.ts';
import { renderFindings } from './render.ts';
import { askServer, checkCredential } from './server.ts';
import { checkWebhooks, type WebhooksToCheck } from './webhooks.ts';

export interface DoctorOptions extends ConnectionOptions, IdentityOptions {
  readonly cluster: string;
  readonly bundle?: string;
  readonly address?: string;
  readonly token?: string;
  readonly output: 'text' | 'json';
}

type Targets = Pick<WebhooksToCheck, 'authenticate' | 'authorize'>;

/**
 * Looks at everything between a connected cluster's API server and this server that can be looked at from here. The exit
 * code is that of a denial when something is wrong, so that a pipeline stops; what is worth a look alone does not stop it.
 */
export async function examine(options: DoctorOptions): Promise<void> {
  const address = options.address === undefined ? undefined : parseAddress(options.address);
  const bundle = options.bundle === undefined ? undefined : readBundle(resolve(options.bundle));
  const client = openClusterClient(options);
  // First: a cluster that is not there, or not connected, is told before a certificate is issued for it.
  const server = await askServer(client.aws, options.cluster);
  const token = await tokenToJudge(client.connection, options);
  const common = { token, call: callWebhook, now: Date.now };
  const findings = [
    ...(bundle === undefined
      ? await withOwnCredential(client, options.cluster, (targets) =>
          checkWebhooks({ ...reachedAt(address, targets), ...common, isPassing: true }),
        )
      : await checkBundle(client, options.cluster, { ...bundle, address }, common)),
    ...server,
  ];
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify({ cluster: options.cluster, findings }, undefined, 2)}\n`
      : renderFindings(findings),
  );
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = exitCodes.denied;
}

async function checkBundle(
  { aws }: ClusterClient,
  clusterName: string,
  { address, ...bundle }: ReadBundle & { readonly address: URL | undefined },
  common: Pick<WebhooksToCheck, 'token' | 'call' | 'now'>,
): Promise<readonly Finding[]> {
  return [
    ...(await checkCredential(aws, clusterName, bundle.authenticate)),
    ...(await checkWebhooks({ ...reachedAt(address, bundle), ...common })),
    ...checkConfiguration(bundle),
  ];
}

/** The same webhooks by another way, for a bundle whose address means something to the cluster only. */
function reachedAt(address: URL | undefined, { authenticate, authorize }: Targets): Targets {
  if (address === undefined) return { authenticate, authorize };
  const at = (target: WebhookTarget): WebhookTarget => {
    const there = atAddress(address, target.url);
    // A name that the bundle gives goes on being the one to expect.
    return { ...there, ...target, url: there.url };
  };
  return { authenticate: at(authenticate), authorize: at(authorize) };
}

/** The shortest certificate there is, for as long as `check` runs. */
async function withOwnCredential<Result>(
  client: ClusterClient,
  clusterName: string,
  check: (targets: Targets) => Promise<Result>,
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
