import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { clusterKey } from '../storage/records/keys.ts';
import { createLocalIssuers } from './localissuers.ts';

const accountId = '111122223333';
const region = 'eu-west-1';

function clusterRecord(name: string): ClusterRecord {
  return {
    clusterId: `id-of-${name}`,
    accountId,
    region,
    name,
    arn: `arn:aws:eks:${region}:${accountId}:cluster/${name}`,
    createdAt: 0,
    version: '1.35',
    roleArn: `arn:aws:iam::${accountId}:role/cluster`,
    authenticationMode: 'API',
    bootstrapClusterCreatorAdminPermissions: false,
    tags: {},
    kind: 'builtIn',
    echoed: {},
  };
}

async function createIssuers(...names: readonly string[]) {
  const storage = createMemoryStorage();
  let lists = 0;
  const put = (name: string, change: Partial<ClusterRecord> = {}) =>
    storage.commit({
      changes: [
        {
          type: 'put',
          key: clusterKey(accountId, region, name),
          value: JSON.stringify({ ...clusterRecord(name), ...change }),
        },
      ],
    });
  for (const name of names) await put(name);
  const local = createLocalIssuers({
    storage: {
      get: (key) => storage.get(key),
      list: (options) => {
        lists++;
        return storage.list(options);
      },
    },
    serviceAccounts: {
      publicKeys: async ({ name }) => [
        { use: 'sig', kty: 'RSA', kid: name, alg: 'RS256', n: 'n', e: 'AQAB' },
      ],
    },
  });
  const kidsOf = async (issuer: string) => (await local(issuer))?.keys.map(({ kid }) => kid);
  return { storage, put, kidsOf, lists: () => lists };
}

test('keys are those of the cluster with the issuer; other issuers are not looked for', async () => {
  const { kidsOf, lists } = await createIssuers('a', 'b');
  const issuer = oidcIssuerOf(clusterRecord('b'));
  expect(await kidsOf(issuer)).toEqual(['b']);
  expect(lists()).toBe(1);
  for (const other of ['', 'https://example.com', `${issuer}/`, issuer.toLowerCase(), `${issuer}?x=1`]) {
    expect(await kidsOf(other), other).toBeUndefined();
  }
  expect(lists()).toBe(1);
});

test('a connected cluster is no issuer of ours', async () => {
  const { put, kidsOf } = await createIssuers();
  await put('edge', { kind: 'connected' });
  expect(await kidsOf(oidcIssuerOf(clusterRecord('edge')))).toBeUndefined();
});

test('a cluster that was deleted, or made anew under its name, is no issuer any more', async () => {
  const { storage, put, kidsOf } = await createIssuers('a');
  const first = oidcIssuerOf(clusterRecord('a'));
  expect(await kidsOf(first)).toEqual(['a']);
  await storage.commit({ changes: [{ type: 'delete', key: clusterKey(accountId, region, 'a') }] });
  expect(await kidsOf(first)).toBeUndefined();
  const again = { clusterId: 'another-id' };
  await put('a', again);
  expect(await kidsOf(first)).toBeUndefined();
  expect(await kidsOf(oidcIssuerOf({ ...clusterRecord('a'), ...again }))).toEqual(['a']);
});

test('an issuer is searched for once, however many tokens name it', async () => {
  const { kidsOf, lists } = await createIssuers('a');
  const [known, gone] = ['a', 'gone'].map((name) => oidcIssuerOf(clusterRecord(name)));
  const ask = () => Promise.all([known, gone].map((issuer) => kidsOf(issuer ?? '')));
  expect(await Promise.all([ask(), ask()])).toEqual([
    [['a'], undefined],
    [['a'], undefined],
  ]);
  expect(await ask()).toEqual([['a'], undefined]);
  expect(lists()).toBe(2);
});
