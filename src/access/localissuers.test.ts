import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { issuerAt, issuerIdOf, oidcIssuerOf } from '../storage/records/issuer.ts';
import { clusterKey } from '../storage/records/keys.ts';
import { openClusterIssuers } from './clusterissuers.ts';
import { createLocalIssuers } from './localissuers.ts';

const accountId = '111122223333';
const other = '444455556666';
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

const key = (kid: string) => ({ use: 'sig', kty: 'RSA', kid, alg: 'RS256', n: 'n', e: 'AQAB' }) as const;

async function createIssuers({ address, names = [] }: { address?: string; names?: readonly string[] } = {}) {
  const storage = createMemoryStorage();
  let reads = 0;
  const put = (name: string, change: Partial<ClusterRecord> = {}) => {
    const record = { ...clusterRecord(name), ...change };
    const value = JSON.stringify(record);
    return storage.commit({
      changes: [{ type: 'put', key: clusterKey(record.accountId, region, name), value }],
    });
  };
  const drop = (name: string) =>
    storage.commit({ changes: [{ type: 'delete', key: clusterKey(accountId, region, name) }] });
  for (const name of names) await put(name);
  const issuers = await openClusterIssuers({
    storage: {
      list: (options) => {
        reads++;
        return storage.list(options);
      },
      watch: (...watching) => storage.watch(...watching),
    },
  });
  const local = createLocalIssuers({
    issuers,
    address,
    serviceAccounts: { publicKeys: async ({ name }) => [key(name)] },
  });
  const kidsOf = async (issuer: string, account?: string) =>
    (await local(issuer, account))?.keys.map(({ kid }) => kid);
  return { storage, put, drop, issuers, local, kidsOf, reads: () => reads };
}

const handingOver = (url: string, ...kids: readonly string[]): Partial<ClusterRecord> => ({
  kind: 'connected',
  tokenIssuer: { url, keys: kids.map(key) },
});
const url = 'https://kubernetes.example.com';

describe('keys that were handed over', () => {
  test('do not speak in another account, nor where no account is asked for', async () => {
    const { put, kidsOf } = await createIssuers();
    await put('edge', handingOver(url, 'own'));
    await put('theirs', { ...handingOver('https://theirs.example.com', 'theirs'), accountId: other });
    expect(await kidsOf(url, other)).toBeUndefined();
    expect(await kidsOf(url)).toBeUndefined();
    expect(await kidsOf('https://theirs.example.com', accountId)).toBeUndefined();
    expect(await kidsOf(url, accountId)).toEqual(['own']);
    expect(await kidsOf('https://theirs.example.com', other)).toEqual(['theirs']);
  });

  test('of two accounts for one issuer speak each in its own', async () => {
    const { put, kidsOf } = await createIssuers();
    await put('edge', handingOver(url, 'own'));
    await put('edge', { ...handingOver(url, 'theirs'), accountId: other });
    expect([await kidsOf(url, accountId), await kidsOf(url, other)]).toEqual([['own'], ['theirs']]);
  });

  test('of two clusters of an account for one issuer speak neither', async () => {
    const { put, drop, kidsOf } = await createIssuers();
    await put('a', { ...handingOver(url, 'a') });
    await put('b', { ...handingOver(url, 'b') });
    expect(await kidsOf(url, accountId)).toBeUndefined();
    await drop('b');
    expect(await kidsOf(url, accountId)).toEqual(['a']);
  });

  test('for the issuer of a built-in cluster are not asked, whoever stored them', async () => {
    const { put, kidsOf } = await createIssuers({ names: ['a'] });
    const issuer = oidcIssuerOf(clusterRecord('a'));
    await put('edge', handingOver(issuer, 'forged'));
    expect(await kidsOf(issuer, accountId)).toEqual(['a']);
  });

  test('end with the cluster, with its issuer, and with a record that cannot be read', async () => {
    const { storage, put, drop, kidsOf } = await createIssuers();
    await put('edge', handingOver(url, 'one'));
    await put('edge', handingOver(url, 'two'));
    expect(await kidsOf(url, accountId)).toEqual(['two']);
    await put('edge', handingOver(`${url}/2`, 'three'));
    expect(await kidsOf(url, accountId)).toBeUndefined();
    await put('edge', { kind: 'connected', tokenIssuer: { url, keys: [] } });
    expect(await kidsOf(url, accountId)).toBeUndefined();
    await put('edge', { kind: 'connected', tokenIssuer: { url } });
    expect(await kidsOf(url, accountId)).toBeUndefined();
    await put('edge', handingOver(url, 'four'));
    const at = clusterKey(accountId, region, 'edge');
    await storage.commit({ changes: [{ type: 'put', key: at, value: '{' }] });
    expect(await kidsOf(url, accountId)).toBeUndefined();
    await put('edge', handingOver(url, 'five'));
    await drop('edge');
    expect(await kidsOf(url, accountId)).toBeUndefined();
  });

  test('do not speak for a built-in cluster', async () => {
    const { put, kidsOf } = await createIssuers();
    await put('a', { ...handingOver(url, 'a'), kind: 'builtIn' });
    expect(await kidsOf(url, accountId)).toBeUndefined();
  });
});

test('keys are those of the cluster with the issuer, letter by letter, for whoever trusts it', async () => {
  const { kidsOf } = await createIssuers({ names: ['a', 'b'] });
  const issuer = oidcIssuerOf(clusterRecord('b'));
  expect([await kidsOf(issuer), await kidsOf(issuer, other)]).toEqual([['b'], ['b']]);
  const id = issuer.slice(-32);
  for (const close of [
    '',
    id,
    'https://example.com',
    `https://example.com/id/${id}`,
    `${issuer}/`,
    issuer.toLowerCase(),
    `${issuer}?x=1`,
  ]) {
    expect(await kidsOf(close, accountId), close).toBeUndefined();
  }
});

test('a connected cluster has no issuer of ours', async () => {
  const { put, kidsOf } = await createIssuers();
  await put('edge', { kind: 'connected' });
  expect(await kidsOf(oidcIssuerOf(clusterRecord('edge')), accountId)).toBeUndefined();
});

test('a cluster made while the server had an address has its issuer there, and nowhere else', async () => {
  const address = 'https://issuer.example.com/eks';
  const { put, kidsOf } = await createIssuers({ address });
  const inEksForm = oidcIssuerOf(clusterRecord('a'));
  const oidcIssuer = issuerAt(address, clusterRecord('a').clusterId);
  await put('a', { oidcIssuer });
  expect(await kidsOf(oidcIssuer)).toEqual(['a']);
  expect(await kidsOf(inEksForm)).toBeUndefined();
});

test('below the server’s own address nobody is asked: an issuer that no cluster has, has no keys', async () => {
  const address = 'https://issuer.example.com';
  const { kidsOf } = await createIssuers({ address });
  expect(await kidsOf(`${address}/id/${'A'.repeat(32)}`, accountId)).toEqual([]);
  expect(await kidsOf(`${address}.org/id/${'A'.repeat(32)}`, accountId)).toBeUndefined();
});

test('a cluster that was deleted, or made anew under its name, is no issuer any more', async () => {
  const { put, drop, kidsOf } = await createIssuers({ names: ['a'] });
  const first = oidcIssuerOf(clusterRecord('a'));
  expect(await kidsOf(first)).toEqual(['a']);
  await drop('a');
  expect(await kidsOf(first)).toBeUndefined();
  const again = { clusterId: 'another-id' };
  await put('a', again);
  expect(await kidsOf(first)).toBeUndefined();
  expect(await kidsOf(oidcIssuerOf({ ...clusterRecord('a'), ...again }))).toEqual(['a']);
});

test('the same answer is the same object, and another one after every change', async () => {
  const { put, local } = await createIssuers();
  await put('edge', handingOver(url, 'one'));
  const first = await local(url, accountId);
  expect(await local(url, accountId)).toBe(first);
  await put('edge', handingOver(url, 'two'));
  expect(await local(url, accountId)).not.toBe(first);
});

test('the store is read once, whoever asks for what', async () => {
  const { issuers, kidsOf, reads } = await createIssuers({ names: ['a'] });
  const issuer = oidcIssuerOf(clusterRecord('a'));
  for (let at = 0; at < 100; at++) {
    await kidsOf(issuer.replace(/.$/, String(at % 10)), accountId);
    issuers.withId(`${at}`);
  }
  expect(issuers.withId(issuer.slice(-32))?.name).toBe('a');
  expect(reads()).toBe(1);
});

test('a cluster written while the others are read is known as it was written', async () => {
  const storage = createMemoryStorage();
  const at = clusterKey(accountId, region, 'a');
  const write = (name: string) =>
    storage.commit({
      changes: [{ type: 'put', key: at, value: JSON.stringify({ ...clusterRecord('a'), clusterId: name }) }],
    });
  await write('old');
  const issuers = await openClusterIssuers({
    storage: {
      watch: (...watching) => storage.watch(...watching),
      list: async (options) => {
        const seen = await storage.list(options);
        await write('new');
        return seen;
      },
    },
  });
  const known = ['old', 'new'].map((id) => issuers.withId(issuerIdOf(id))?.clusterId);
  expect(known).toEqual([undefined, 'new']);
  issuers.close();
});
