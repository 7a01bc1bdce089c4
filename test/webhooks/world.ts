/** The webhooks over a store in memory, with a clock that can be set and principals whose keys are known. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { stringify } from 'yaml';
import { createAccessRegistry } from '../../src/access/registry.ts';
import type { ClusterRequest } from '../../src/audit/requests.ts';
import type { Principal } from '../../src/engine/iam/principal.ts';
import { openServerAuthority } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';
import { openClientAuthority } from '../../src/server/webhooks/clientauthority.ts';
import { startWebhookListener, type WebhookListener } from '../../src/server/webhooks/listener.ts';
import type { StrangersLimits } from '../../src/server/webhooks/strangers.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import type { WebhookCredentialRecord } from '../../src/storage/records/connections.ts';
import type { AccessEntryRecord, ClusterRecord } from '../../src/storage/records/eks.ts';
import { accessEntryKey, clusterKey, webhookCredentialKey } from '../../src/storage/records/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { WebhookLimits } from '../../src/webhooks/limits.ts';
import type { WebhookOutcome } from '../../src/webhooks/webhooks.ts';
import type { CredentialLookup } from '../../src/wire/sigv4/credential.ts';
import { createToken } from '../../src/wire/token/create.ts';

export const account = '111122223333';
export const region = 'eu-central-1';
const day = 24 * 60 * 60 * 1000;

/** A client certificate with its key, PEM. */
export interface ClientCertificate {
  readonly serialNumber: string;
  readonly cert: string;
  readonly key: string;
}

export interface World {
  readonly storage: Storage;
  readonly listener: WebhookListener;
  /** Added to the real time: what TLS sees is not moved. */
  readonly clock: { offset: number; now(): number };
  /** How often a key was looked up, and what looking up waits for. */
  readonly lookups: { count: number; gate: Promise<void> | undefined; fails: boolean };
  readonly outcomes: WebhookOutcome[];
  readonly recorded: ClusterRequest[];
  readonly ca: string;
  put(key: string, value: object): Promise<unknown>;
  remove(key: string): Promise<unknown>;
  /** A recorded certificate for the cluster. */
  issue(cluster: ClusterRecord, options?: { readonly days?: number }): Promise<ClientCertificate>;
  /** The same without its record; by another authority of the same name when told so. */
  certify(cluster: ClusterRecord, options?: { readonly selfMade?: boolean }): Promise<ClientCertificate>;
  revoke(cluster: ClusterRecord, certificate: ClientCertificate): Promise<unknown>;
  kubeconfig(
    cluster: ClusterRecord,
    webhook: 'authenticate' | 'authorize',
    certificate: ClientCertificate | 'none',
  ): string;
  token(options?: {
    readonly name?: string;
    readonly key?: string;
    readonly clusterName?: string;
    readonly at?: number;
  }): string;
  close(): Promise<void>;
}

export const connected = (change: Partial<ClusterRecord> = {}): ClusterRecord => {
  const name = change.name ?? 'edge';
  return {
    clusterId: `id-of-${name}`,
    accountId: account,
    region,
    name,
    arn: `arn:aws:eks:${region}:${account}:cluster/${name}`,
    createdAt: 0,
    version: '',
    roleArn: '',
    authenticationMode: 'API',
    bootstrapClusterCreatorAdminPermissions: false,
    tags: {},
    kind: 'connected',
    echoed: {},
    ...change,
  };
};

export const entryOf = (name: string, change: Partial<AccessEntryRecord> = {}): AccessEntryRecord => ({
  clusterName: 'edge',
  principalArn: roleArn(name),
  principalId: principalId(name),
  accessEntryArn: '',
  type: 'STANDARD',
  username: `${name}:{{SessionName}}`,
  kubernetesGroups: ['team'],
  tags: {},
  createdAt: 0,
  modifiedAt: 0,
  associatedPolicies: [
    {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'namespace', namespaces: ['dev'] },
      associatedAt: 0,
      modifiedAt: 0,
    },
  ],
  ...change,
});

export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
export const principalId = (name: string): string => `AROA${name.toUpperCase().padEnd(16, '0')}`;
const accessKeyOf = (name: string): string => `ASIA${name.toUpperCase().padEnd(16, '0')}`;

const principalOf = (name: string, expiresAt?: number): Principal => ({
  kind: 'assumedRole',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:sts::${account}:assumed-role/${name}/s`,
  userId: `${principalId(name)}:s`,
  principalId: principalId(name),
  principalArn: roleArn(name),
  accessKeyId: accessKeyOf(name),
  roleName: name,
  sessionName: 's',
  ...(expiresAt !== undefined && { session: { issuedAt: 0, expiresAt, mfa: false } as never }),
});

/** Cluster `edge`, where the role `ops` views the namespace `dev`. The roles `ops` and `dev` have keys. */
export async function openWorld(
  options: {
    readonly limits?: Partial<WebhookLimits>;
    readonly sessionEnds?: number;
    readonly strangersLimits?: Partial<StrangersLimits>;
  } = {},
): Promise<World> {
  const storage = createMemoryStorage();
  const directory = openTemporaryDirectory();
  const clock = { offset: 0, now: () => Date.now() + clock.offset };
  const lookups: World['lookups'] = { count: 0, gate: undefined, fails: false };
  const outcomes: WebhookOutcome[] = [];
  const recorded: ClusterRequest[] = [];
  const names = new Map(['ops', 'dev'].map((name) => [accessKeyOf(name), name]));
  const lookup: CredentialLookup = async (accessKeyId) => {
    lookups.count += 1;
    await lookups.gate;
    if (lookups.fails) throw new Error('the disk is gone');
    const name = names.get(accessKeyId);
    return name === undefined
      ? { status: 'unknown' }
      : {
          status: 'known',
          credential: { secretAccessKey: 'secret', principal: principalOf(name, options.sessionEnds) },
        };
  };
  const put = (key: string, value: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
  await put(clusterKey(account, region, 'edge'), connected());
  await put(accessEntryKey(connected().clusterId, roleArn('ops')), entryOf('ops'));
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const access = await createAccessRegistry({
    storage,
    lookup,
    partition: 'aws',
    ownEndpoints: () => [],
    serviceAccounts: { authenticate: () => Promise.reject(new Error('not asked here')) },
    now: clock.now,
  });
  const authority = await openServerAuthority(directory, Date.now());
  const listener = await startWebhookListener({
    directory,
    authority,
    listen: { host: '127.0.0.1', port: 0 },
    names: ['127.0.0.1'],
    storage,
    access,
    recorder: { recordOf: () => [], record: (request) => void recorded.push(request) },
    now: clock.now,
    random: () => 0,
    isFollowed: (clusterId) => clusterId === connected().clusterId,
    newId: randomUUID,
    log,
    observe: (outcome) => void outcomes.push(outcome),
    ...(options.limits && { limits: options.limits }),
    ...(options.strangersLimits && { strangersLimits: options.strangersLimits }),
  });
  const stranger = openTemporaryDirectory();
  const strangers = await openClientAuthority(stranger, Date.now());

  const certified = async (
    cluster: ClusterRecord,
    { days = 30, selfMade = false }: { readonly days?: number; readonly selfMade?: boolean },
  ) => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const serialNumber = `40${randomBytes(15).toString('hex')}`;
    const issuedAt = Date.now();
    const issued = await (selfMade ? strangers : listener.door).certify({
      publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }),
      clusterId: cluster.clusterId,
      serialNumber,
      issuedAt,
      expiresAt: issuedAt + days * day,
    });
    const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const record: WebhookCredentialRecord = {
      serialNumber,
      clusterId: cluster.clusterId,
      fingerprint: issued.fingerprint,
      description: '',
      issuedAt,
      expiresAt: issued.expiresAt,
    };
    return { record, certificate: { serialNumber, cert: issued.certificatePem, key } };
  };

  return {
    storage,
    listener,
    clock,
    lookups,
    outcomes,
    recorded,
    ca: listener.door.certificateAuthority,
    put,
    remove: (key) => storage.commit({ changes: [{ type: 'delete', key }] }),
    async issue(cluster, issueOptions = {}) {
      const { record, certificate } = await certified(cluster, issueOptions);
      await put(webhookCredentialKey(record.clusterId, record.serialNumber), record);
      return certificate;
    },
    certify: async (cluster, certifyOptions = {}) => (await certified(cluster, certifyOptions)).certificate,
    async revoke({ clusterId }, { serialNumber }) {
      const key = webhookCredentialKey(clusterId, serialNumber);
      const record = JSON.parse((await storage.get(key))?.value ?? '{}') as WebhookCredentialRecord;
      return put(key, { ...record, revokedAt: clock.now() });
    },
    kubeconfig(cluster, webhook, certificate) {
      const { authenticateUrl, authorizeUrl } = listener.door.urlsOf(cluster);
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      return stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'entryway',
            cluster: {
              server: webhook === 'authenticate' ? authenticateUrl : authorizeUrl,
              'certificate-authority-data': base64(listener.door.certificateAuthority),
            },
          },
        ],
        users: [
          {
            name: 'api-server',
            user:
              certificate === 'none'
                ? {}
                : {
                    'client-certificate-data': base64(certificate.cert),
                    'client-key-data': base64(certificate.key),
                  },
          },
        ],
        contexts: [{ name: 'webhook', context: { cluster: 'entryway', user: 'api-server' } }],
        'current-context': 'webhook',
      });
    },
    token: ({ name = 'ops', key = accessKeyOf(name), clusterName = 'edge', at = clock.now() } = {}) =>
      createToken({
        credentials: { accessKeyId: key, secretAccessKey: 'secret' },
        region,
        clusterName,
        now: at,
      }),
    async close() {
      // A test may have stopped it.
      await listener.close().catch(ignore);
      access.close();
      directory.dispose();
      stranger.dispose();
      await storage.close();
    },
  };
}

const ignore = (): void => undefined;
