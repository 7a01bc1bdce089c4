import { beforeEach, describe, expect, test } from 'vitest';
import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import {
  accessEntryKey,
  clusterConnectionKey,
  clusterKey,
  webhookCredentialKey,
} from '../../storage/records/keys.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { checkClusterOperations } from './checkcluster.ts';
import type { ClusterFinding } from './clusterfindings.ts';
import type { ConnectionFollowing, EntrywayDeps } from './deps.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
let world: World;
let cluster: ClusterRecord;

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world, 'prod');
});

/** Makes `prod` a connected cluster. */
async function connect(change: Partial<ClusterRecord> = {}): Promise<void> {
  const key = clusterKey(account, region, 'prod');
  const stored = await world.storage.get(key);
  const record = JSON.parse(stored?.value ?? '{}') as ClusterRecord;
  cluster = { ...record, kind: 'connected', authenticationMode: 'API_AND_CONFIG_MAP', ...change };
  await put(key, cluster);
}

async function put(key: string, value: object): Promise<void> {
  await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
}

type Deps = Partial<Pick<EntrywayDeps, 'connections' | 'webhooks' | 'awsAuthOf' | 'stsAccounts'>>;

/** `SEVERITY CODE: MESSAGE` by code. */
async function check(deps: Deps = {}): Promise<Readonly<Record<string, string>>> {
  const operation = checkClusterOperations({ storage: world.storage, ...deps }).CheckCluster;
  if (operation === undefined || operation.unsigned) throw new Error('no operation');
  const context: OperationContext = {
    ...testContext(world.storage),
    caller: rootOf(account),
    region,
    now: aNoon,
  };
  const { findings } = (await operation.handle({ clusterName: 'prod' }, context)) as {
    readonly findings: readonly ClusterFinding[];
  };
  return Object.fromEntries(findings.map(({ severity, code, message }) => [code, `${severity}: ${message}`]));
}

async function credential(change: Partial<WebhookCredentialRecord>): Promise<void> {
  const record: WebhookCredentialRecord = {
    serialNumber: 'ab',
    clusterId: cluster.clusterId,
    fingerprint: '',
    description: '',
    issuedAt: aNoon - day,
    expiresAt: aNoon + 200 * day,
    ...change,
  };
  await put(webhookCredentialKey(cluster.clusterId, record.serialNumber), record);
}

const door = (lastUsedAt?: number): Deps => ({
  webhooks: { lastUsedAt: () => lastUsedAt } as unknown as NonNullable<EntrywayDeps['webhooks']>,
});

describe('the certificate of the API server', () => {
  beforeEach(() => connect());

  test('none was issued, and nothing listens', async () => {
    expect(await check()).toMatchObject({
      noWebhookListener: 'error: this server listens for no webhooks',
      noCredential: 'error: no certificate was issued to its API server',
    });
  });

  test.each([
    ['has ended', { expiresAt: aNoon }],
    ['was revoked', { revokedAt: aNoon - 1 }],
  ])('the only one %s', async (_what, change) => {
    await credential(change);
    expect((await check(door(aNoon))).noCredential).toMatch(/^error: every certificate/);
  });

  test('ends soon', async () => {
    await credential({ expiresAt: aNoon + 3 * day });
    expect((await check(door())).credentialEnds).toBe(
      "warning: its API server's certificate ends on 2026-04-15",
    );
  });

  const uses: readonly (readonly [lastUsedAt: number | undefined, code: string, text: string])[] = [
    [undefined, 'neverCalled', 'warning: its API server has not called since this server started'],
    [aNoon - 5, 'lastCall', 'ok: its API server called within the last minute'],
    [aNoon - 30 * minute, 'lastCall', 'info: its API server called 30 minutes ago'],
    [aNoon - 3 * day, 'lastCall', 'info: its API server called 3 days ago'],
  ];
  test.each(uses)('was used at %s', async (lastUsedAt, code, text) => {
    await credential({});
    expect((await check(door(lastUsedAt)))[code]).toBe(text);
  });
});

describe('the connection', () => {
  const following = (change: Partial<ConnectionFollowing> = {}): Deps => ({
    connections: {
      state: () => ({ state: 'following', message: undefined, objects: 12, lastSeenAt: aNoon }),
      probe: async () => ({ version: 'v1.35.2', latencyMilliseconds: 3.4, clockDifference: 900 }),
      ...change,
    },
  });
  const connection = { server: 'https://x', certificateAuthorityData: '', sealedCredential: '', savedAt: 0 };
  const save = (change: object = {}) =>
    put(clusterConnectionKey(cluster.clusterId), { ...connection, ...change });
  beforeEach(() => connect());

  test('none: aws-auth is not known, where it counts', async () => {
    expect((await check()).awsAuthUnknown).toMatch(/^warning: mode API_AND_CONFIG_MAP/);
    await connect({ authenticationMode: 'API' });
    expect(await check()).not.toHaveProperty('awsAuthUnknown');
  });

  test('good', async () => {
    await save({ credentialExpiresAt: aNoon + 90 * day });
    expect(await check(following())).toMatchObject({
      connection: 'ok: the cluster is followed: 12 objects, last heard of within the last minute',
      connectionCredential: 'ok: the credential of the connection ends on 2026-07-11',
      api: 'ok: Kubernetes v1.35.2 answers within 3 ms',
      apiClock: "ok: the API server's clock is that of this server",
    });
  });

  test('lost, its credential over', async () => {
    await save({ credentialExpiresAt: aNoon - 1 });
    const found = await check(
      following({
        state: () => ({
          state: 'disconnected',
          message: 'the API does not accept the credential (401)',
          objects: 12,
          lastSeenAt: aNoon - 30 * minute,
        }),
        probe: () => Promise.reject(new Error('the API does not accept the credential (401)')),
      }),
    );
    expect(found).toMatchObject({
      connection:
        'error: the cluster is not followed, what was seen last counts; last heard of 30 minutes ago: the API does not accept the credential (401)',
      connectionCredential: 'error: the credential of the connection ended on 2026-04-12',
      api: 'error: the API does not accept the credential (401)',
    });
  });

  test.each([
    [40_000, "warning: the API server's clock is 39 s ahead of this server's"],
    [-40_000, "warning: the API server's clock is 39 s behind this server's"],
    [600_000, "error: the API server's clock is 599 s ahead of this server's"],
  ])('its clock is %i ms off', async (clockDifference, text) => {
    await save();
    const probe = async () => ({ version: '', latencyMilliseconds: 1, clockDifference });
    expect((await check(following({ probe }))).apiClock).toBe(text);
  });
});

describe('who comes in', () => {
  const entry = (principalArn: string, change: Partial<AccessEntryRecord> = {}) =>
    put(accessEntryKey(cluster.clusterId, principalArn), {
      principalArn,
      principalId: 'AROA',
      associatedPolicies: [],
      ...change,
    });

  test('entries, those for several roles, those that wait and associations that are over', async () => {
    await connect();
    await entry(`arn:aws:iam::${account}:role/a`, { pinnedBy: 'firstUse', principalId: '' });
    await entry(`arn:aws:iam::${account}:role/team-*`);
    await entry(`arn:aws:iam::${account}:role/b`, {
      associatedPolicies: [
        {
          policyArn: 'p',
          accessScope: { type: 'cluster', namespaces: [] },
          associatedAt: 0,
          modifiedAt: 0,
          expiresAt: aNoon,
        },
      ],
    });
    expect(await check()).toMatchObject({
      accessEntries: 'ok: 3 access entries, 1 of them for several roles',
      entriesWait: 'warning: 1 entry waits for the first use of the principal',
      expiredAssociations: 'info: 1 association has expired and grants nothing',
      sts: 'info: tokens of keys that are not of this server are refused',
    });
    expect(await check({ stsAccounts: [account] })).toMatchObject({
      entriesWait: 'info: 1 entry waits for the first use of the principal',
      sts: `ok: AWS's STS is asked about identities of ${account}`,
    });
  });

  test('accounts that have nothing to do with the cluster are counted and not named', async () => {
    await connect();
    const sts = async (...stsAccounts: readonly string[]) => (await check({ stsAccounts })).sts;
    expect(await sts('777788889999')).toBe("ok: AWS's STS is asked about identities of 1 other account");
    expect(await sts(account, '777788889999', '444455556666')).toBe(
      `ok: AWS's STS is asked about identities of ${account} and 2 other accounts`,
    );
    await entry('arn:aws:iam::777788889999:role/partner');
    expect(await sts(account, '777788889999')).toBe(
      `ok: AWS's STS is asked about identities of ${account}, 777788889999`,
    );
  });

  test('aws-auth as it is served, key by key', async () => {
    await connect({ kind: 'builtIn' });
    const awsAuthOf = () => ({
      keys: [
        { key: 'mapRoles', status: 'partlyDropped' as const, errors: ['mapRoles[1] is no mapping', 'x'] },
        { key: 'mapUsers', status: 'absent' as const, errors: [] },
      ],
    });
    expect((await check({ awsAuthOf })).awsAuth).toBe(
      'error: some of mapRoles in aws-auth is not served: mapRoles[1] is no mapping (and 1 more)',
    );
    expect((await check({ awsAuthOf: () => ({ keys: [] }) })).awsAuth).toMatch(/^info: there is no aws-auth/);
  });

  test('the audiences of the API server, where they are known', async () => {
    await connect();
    expect(await check()).not.toHaveProperty('apiAudiences');
    await connect({ apiAudiences: ['https://api', 'edge'] });
    expect((await check()).apiAudiences).toBe(
      "info: tokens are for `https://api`, `edge` alone: one of them must be the API server's",
    );
  });

  test('a built-in cluster is asked for no certificate and no connection', async () => {
    const found = await check();
    expect(Object.keys(found).toSorted()).toEqual(['accessEntries', 'breakGlass', 'cluster', 'sts']);
  });
});
