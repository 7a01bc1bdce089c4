import { hkdfSync, randomUUID } from 'node:crypto';
import type { AccessRegistry } from '../access/access.ts';
import { openBlockList } from '../access/blocklist.ts';
import { openClusterIssuers } from '../access/clusterissuers.ts';
import { createClusterFollowers } from '../access/follow/followers.ts';
import { createIdentityProviderTokens } from '../access/idtokens/idtokens.ts';
import { createLocalIssuers } from '../access/localissuers.ts';
import { createMatchedRoles } from '../access/matchedroles.ts';
import { createPodTokens } from '../access/podtokens.ts';
import { createAccessRegistry } from '../access/registry.ts';
import { createServiceAccountTokens } from '../access/serviceaccounts.ts';
import { openTrail, type Trail } from '../audit/trail.ts';
import { createKubernetesApi, createKubernetesServer, type KubernetesOutcome } from '../cluster/api.ts';
import { createAccount, ensureAccount } from '../services/accounts/accounts.ts';
import { createCallerAuthorizer } from '../services/authorization/authorizer.ts';
import type { IsBlocked } from '../services/blocked.ts';
import { createCredentialLookup } from '../services/credentials/lookup.ts';
import { connectionContext } from '../services/entryway/connections.ts';
import { createGateway } from '../services/gateway.ts';
import { drawRandomBytes } from '../services/randombytes.ts';
import { createSecretBox } from '../services/secretbox.ts';
import type { RandomSource } from '../services/secrets.ts';
import { createClusterKeys } from '../services/sts/webidentity/clusterkeys.ts';
import { createIssuerKeys } from '../services/sts/webidentity/issuerkeys.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterCredential } from '../storage/records/connections.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { Storage } from '../storage/storage.ts';
import { createPageTokens } from '../wire/protocols/pagetoken.ts';
import { hostNames, listen, originOf, webhookNames } from './addresses.ts';
import { createAnalyst } from './analysis/analyst.ts';
import { openAwsAccess } from './aws/access.ts';
import { pinCall } from './aws/pincall.ts';
import { createAwsServer } from './awslistener.ts';
import { certifyServer, openServerAuthority } from './certificates.ts';
import type { ServerConfig } from './config.ts';
import { type DataDirectory, openDataDirectory, openTemporaryDirectory } from './datadirectory.ts';
import { createExtension } from './extension.ts';
import { createIssuerDocuments } from './issuers.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createOperations } from './operations.ts';
import { type ReadyFile, removeReadyFile, writeReadyFile } from './readyfile.ts';
import { startRenewal } from './renewal.ts';
import { createSnapshotReader } from './snapshots.ts';
import { startTrailService } from './trail/service.ts';
import { publicTrailKeys } from './trail/signingkey.ts';
import { startUpkeep } from './upkeep.ts';
import { startWebhookListener } from './webhooks/listener.ts';

export type { AuthenticationEvidence } from '../access/access.ts';
export type { KubernetesOutcome } from '../cluster/api.ts';

/** A server that listens. `close` drains: requests under way are answered, watches end, the store is closed last. */
export interface RunningServer {
  readonly connection: ReadyFile;
  readonly access: AccessRegistry;
  readonly trail: Trail;
  readonly log: Log;
  /** Calls the listener after every answered request to a built-in cluster, until the returned function is called. */
  onKubernetesRequest(listener: (outcome: KubernetesOutcome) => void): () => void;
  /** Resolves when the controllers of built-in clusters have nothing to do; see `KubernetesApi`. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** The one this server plays: of its ARNs, and of the tokens it reads. */
export const partition = 'aws';

/** The composition root: nothing else constructs real things. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  const directory =
    config.dataDirectory === undefined ? openTemporaryDirectory() : openDataDirectory(config.dataDirectory);
  /** What has been opened, to be closed in reverse order. */
  const opened: (() => Promise<void> | void)[] = [() => directory.dispose()];
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    // One that fails must not keep the others, and above all the store, from being closed.
    for (const close of opened.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await compose(config, directory, log, opened, closeAll);
  } catch (error) {
    await closeAll().catch((failure: unknown) => {
      log.error({ error: faultText(failure) }, 'what had been opened could not all be closed');
    });
    throw error;
  }
}

async function compose(
  config: ServerConfig,
  directory: DataDirectory,
  log: Log,
  opened: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<RunningServer> {
  const now = Date.now;
  const random: RandomSource = { bytes: drawRandomBytes, uuid: randomUUID };
  const storage = await openStorage(config, directory);
  opened.push(() => storage.close());
  const trail = await openTrail({
    storage,
    now,
    newId: randomUUID,
    operatorAccountId: config.accountId,
    region: config.region,
    log,
    sealing: { keptCharacters: trailBytes(config) },
  });
  opened.push(() => trail.close());
  // INVARIANT: only who holds the store's lock makes or removes files here; another server may be using them.
  if (config.readyFile !== undefined) removeReadyFile(config.readyFile);
  // Once: an authority that is replaced at a start must not be replaced while its certificates are in use.
  const authority = openServerAuthority(directory, now());
  const certify = async () => certifyServer(await authority, hostNames(config.kubeListen), now());
  const certificate = certify();
  // Other steps may fail before it is awaited; then this promise must not go unheard.
  certificate.catch(() => {});

  const secretBox = createSecretBox(directory.sealingKey);
  const pageTokens = createPageTokens(derivedKey(directory, 'page tokens'));
  const accounts = { storage, secretBox, random, now };
  const root = await ensureAccount(accounts, config.accountId);
  const lookup = createCredentialLookup({ storage, secretBox, partition });
  const authorizer = createCallerAuthorizer({
    storage,
    partition,
    ...(config.guardrails && { guardrails: config.guardrails }),
  });
  opened.push(() => authorizer.close());

  const serviceAccounts = createServiceAccountTokens({ storage, sealer: secretBox, now });
  const blocks = await openBlockList({ storage, log });
  opened.push(() => blocks.close());
  const isBlocked: IsBlocked = (principal, time) => blocks.of(principal, time) !== undefined;
  const issuers = await openClusterIssuers({ storage });
  opened.push(() => issuers.close());
  const issuerKeys = createIssuerKeys({
    localIssuers: createLocalIssuers({ issuers, serviceAccounts, address: config.oidcIssuerAddress }),
    outboundIssuers: config.oidcIssuers ?? 'none',
  });
  const podTokens = createPodTokens({ serviceAccounts, issuerKeys: createClusterKeys({ issuerKeys }) });
  const matchedRoles = createMatchedRoles({ storage, log });
  opened.push(() => matchedRoles.close());
  const aws = await openAwsAccess({
    config: config.aws,
    partition,
    region: config.region,
    storage,
    now,
    log,
    environment: process.env,
    recordPin: ({ entry, principal, now: at }) =>
      trail.calls.recordOf(pinCall({ entry, principal, at, requestId: randomUUID() })),
  });
  opened.push(() => aws.close());
  const ownEndpoints: string[] = [];
  const access = await createAccessRegistry({
    storage,
    lookup,
    partition,
    ownEndpoints: () => ownEndpoints,
    serviceAccounts,
    ...(aws.remoteCallers && { remoteCallers: aws.remoteCallers }),
    ...(aws.instances && { instances: aws.instances }),
    ...(aws.pins && { pins: aws.pins }),
    // Of the tokens that are judged at once each one has a place: forgeries must not take them all.
    identityProviders: createIdentityProviderTokens({ storage, issuerKeys: issuerKeys.waiting(64) }),
    now,
    blocks,
    matchedRoles,
    ...(config.awsAuth !== undefined && { awsAuthMode: config.awsAuth }),
    ssoRoleMatch: config.ssoRoleMatch ?? false,
    log,
  });
  opened.push(() => access.close());
  const followers = createClusterFollowers({
    storage,
    openCredential(clusterId, sealed) {
      const opened = secretBox.open(sealed, connectionContext(clusterId));
      return opened === undefined ? undefined : (JSON.parse(opened) as ClusterCredential);
    },
    now,
    random: Math.random,
    log,
  });
  opened.push(() => followers.close());
  const metrics = createMetrics(() => storage.revision());
  if (aws.stsFigures !== undefined) metrics.sts(aws.stsFigures);
  metrics.connectedClusters(() => followers.states());
  const listeners = new Set<(outcome: KubernetesOutcome) => void>();
  const { certificatePem, keyPem, caPem, expiresAt } = await certificate;
  const kubernetesApi = createKubernetesApi({
    storage,
    access,
    blocks,
    recorder: trail.requests,
    serviceAccounts,
    endpointOf: (cluster) => endpointOf(cluster),
    now,
    random,
    log,
    caPem,
    ...(config.constrainedImpersonation && { constrainedImpersonation: true }),
    ...(config.podIdentityAgentUri && { podIdentityAgentUri: config.podIdentityAgentUri }),
    admissionWebhooks: { hosts: config.admissionWebhookHosts ?? [] },
    observe: (outcome) => {
      metrics.kubernetesRequest({ verb: outcome.attributes?.verb, status: outcome.status });
      for (const listener of listeners) listener(outcome);
    },
  });
  const kubernetesServer = createKubernetesServer({ key: keyPem, cert: certificatePem, api: kubernetesApi });
  // Both doors are closed at once: neither goes on accepting while the other drains.
  const doors: (() => Promise<void>)[] = [() => kubernetesServer.close()];
  opened.push(async () => {
    await Promise.all(doors.map((close) => close()));
  });
  const renewal = startRenewal({
    what: 'kubernetes',
    expiresAt,
    async renew() {
      const renewed = await certify();
      kubernetesServer.renew({ key: renewed.keyPem, cert: renewed.certificatePem });
      return renewed.expiresAt;
    },
    now,
    log,
  });
  opened.push(() => renewal.stop());
  const kubernetesPort = await listen(kubernetesServer.server, config.kubeListen);
  const kubernetesEndpoint = originOf('https', hostNames(config.kubeListen)[0], kubernetesPort);
  const endpointOf = ({ accountId, region, name }: ClusterRecord): string =>
    `${kubernetesEndpoint}/clusters/${accountId}/${region}/${name}`;

  const { webhookListen } = config;
  const webhooks =
    webhookListen &&
    (await startWebhookListener({
      directory,
      authority: await authority,
      listen: webhookListen,
      names: webhookNames(webhookListen),
      storage,
      access,
      recorder: trail.requests,
      ...(config.podIdentityAgentUri && { podIdentityAgentUri: config.podIdentityAgentUri }),
      now,
      random: Math.random,
      isFollowed: (clusterId) => followers.state(clusterId) !== undefined,
      newId: randomUUID,
      log,
      observe: metrics.webhookRequest,
    }));
  if (webhooks !== undefined) doors.push(() => webhooks.close());

  const readSnapshot = createSnapshotReader({
    storage,
    access,
    followers,
    usage: trail.usage,
    partition,
    config,
  });
  const analyst = createAnalyst({ storage, trail, readSnapshot, log });
  opened.push(() => analyst.close());
  const gateway = createGateway({
    ...createOperations({
      ...{
        config,
        partition,
        storage,
        random,
        now,
        pageTokens,
        secretBox,
        issuerKeys,
        verifyPodToken: podTokens.verify,
        isBlocked,
        authorizer,
      },
      ...{ access, followers, trail, readSnapshot, caPem, endpointOf },
      analyse: analyst.analyse,
      prepareRotation: serviceAccounts.rotation,
      isOwnIssuer: (issuer) =>
        issuers.builtIn(issuer) !== undefined ||
        (config.oidcIssuerAddress !== undefined && issuer.startsWith(`${config.oidcIssuerAddress}/`)),
      publicKeys: () => publicTrailKeys(directory.path),
      awsPrincipals: aws.awsPrincipals,
      webhookDoor: webhooks?.door,
    }),
    storage,
    recorder: trail.calls,
    lookup,
    authorizer,
    isBlocked,
    partition,
    regions: [config.region],
    now,
    newRequestId: randomUUID,
    observe: (outcome) => {
      metrics.awsRequest(outcome);
      if (outcome.fault !== undefined) {
        const { requestId, service, operation, fault } = outcome;
        log.error({ requestId, service, operation, error: faultText(fault) }, 'an AWS call failed');
      }
    },
  });
  const trailService = startTrailService({
    trail,
    storage,
    webhook: config.alertWebhook,
    now,
    log,
    metrics,
  });
  // Before the doors: who waits for new records is answered, so that nobody holds them open.
  opened.push(() => trailService.close());
  let ready = false;
  const awsServer = createAwsServer({
    gateway,
    extension: createExtension({
      lookup,
      isBlocked,
      now,
      region: config.region,
      accountId: config.accountId,
      createAccount: (options) => createAccount(accounts, options),
      recorder: trail.calls,
      newRequestId: randomUUID,
      trail: trailService.api,
    }),
    issuerDocuments: createIssuerDocuments({ issuers, publicKeys: serviceAccounts.publicKeys }),
    metrics,
    isReady: () => ready,
    log,
  });
  doors.push(() => awsServer.close());
  const awsPort = await listen(awsServer.server, config.awsListen);
  const awsEndpoint = originOf('http', hostNames(config.awsListen)[0], awsPort);
  // Tokens presigned by a client whose AWS_ENDPOINT_URL is this server carry this origin (docs/compat.md).
  ownEndpoints.push(awsEndpoint);
  if (config.awsListen.host === '127.0.0.1') ownEndpoints.push(awsEndpoint.replace('127.0.0.1', 'localhost'));

  const connection: ReadyFile = {
    awsEndpoint,
    kubernetesEndpoint,
    ...(webhooks !== undefined && { webhookEndpoint: webhooks.endpoint }),
    caFile: directory.caCertificateFile,
    accountId: config.accountId,
    region: config.region,
    ...root.rootKey,
    dataDir: directory.path,
    pid: process.pid,
  };
  writeReadyFile(directory.serverFile, connection);
  if (config.readyFile !== undefined) writeReadyFile(config.readyFile, connection);
  opened.push(() => {
    ready = false;
  });
  ready = true;
  log.info({ awsEndpoint, kubernetesEndpoint, dataDir: directory.path }, 'ready');
  // After `ready`: where there is something to follow, loading the client takes half a second.
  followers.start();
  const upkeep = startUpkeep({ storage, access, kubernetes: kubernetesApi, log });
  opened.push(() => upkeep.stop());
  return {
    connection,
    access,
    trail,
    log,
    onKubernetesRequest(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    idle: () => kubernetesApi.idle(),
    close: closeAll,
  };
}

async function openStorage(config: ServerConfig, directory: DataDirectory): Promise<Storage> {
  if (config.dataDirectory === undefined) return createMemoryStorage();
  // Not before it is used: Node 22, which may run a cluster in memory, warns about it on standard error.
  const { openSqliteStorage } = await import('../storage/sqlite/sqlite.ts');
  return openSqliteStorage({ directory: directory.path });
}

/** What the trail may hold: on a disk a gibibyte, in memory less. */
function trailBytes({ trailBytes: stated, dataDirectory }: ServerConfig): number {
  return stated ?? (dataDirectory === undefined ? 64 * 2 ** 20 : 2 ** 30);
}

function derivedKey(directory: DataDirectory, purpose: string): Uint8Array {
  return new Uint8Array(
    hkdfSync('sha256', directory.sealingKey, new Uint8Array(), `entryway ${purpose}`, 32),
  );
}

function faultText(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
}
