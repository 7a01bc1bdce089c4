import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSecretBox } from '../services/secretbox.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { clusterKey, objectKey, signingKeysKey } from '../storage/records/keys.ts';
import type { SigningKeysRecord } from '../storage/records/signingkeys.ts';
import { createServiceAccountTokens } from './serviceaccounts.ts';
import { apiAudience } from './serviceaccounttoken.ts';
import { announcedFor, rotationAge } from './signingkeyrotation.ts';

const cluster = {
  clusterId: 'c',
  accountId: '111122223333',
  region: 'eu-west-1',
  name: 'prod',
  arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/prod',
} as ClusterRecord;
const day = 24 * 3_600_000;

async function world() {
  const storage = createMemoryStorage();
  const sealer = createSecretBox(randomBytes(32));
  const clock = { now: Date.UTC(2026, 0, 1) };
  const open = () => createServiceAccountTokens({ storage, sealer, now: () => clock.now });
  const put = (key: string, value: object) => ({ type: 'put' as const, key, value: JSON.stringify(value) });
  await storage.commit({
    changes: [
      put(clusterKey(cluster.accountId, cluster.region, cluster.name), cluster),
      put(objectKey('c', '', 'serviceaccounts', 'team', 'bot'), { metadata: { name: 'bot', uid: 'u' } }),
    ],
  });
  const issue = async (tokens = open(), seconds = 3600): Promise<string> => {
    const wish = {
      namespace: 'team',
      serviceAccount: { name: 'bot', uid: 'u' },
      audiences: [apiAudience],
      expirationSeconds: seconds,
      tokenId: 't',
    };
    return (await tokens.issue(cluster, wish, clock.now)) ?? '';
  };
  const keyOf = (token: string): string =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')).kid;
  const published = async () => (await open().publicKeys(cluster)).map(({ kid }) => kid);
  /** The keys that could sign, whether they may at this moment or not. */
  const able = async (): Promise<readonly string[]> => {
    const { keys } = JSON.parse((await storage.get(signingKeysKey('c')))?.value ?? '') as SigningKeysRecord;
    return keys.filter(({ sealedPrivateKey }) => sealedPrivateKey !== undefined).map(({ keyId }) => keyId);
  };
  const code = async (token: string) => {
    const judged = await open().authenticate(cluster, token, { now: clock.now });
    return judged.outcome === 'authenticated' ? 'authenticated' : judged.evidence.code;
  };
  return { storage, clock, open, issue, keyOf, published, able, code };
}

test('a key replaced signs nothing that counts any more', async () => {
  const { storage, open, issue, keyOf, published, code } = await world();
  const before = await issue();
  const { batch, keyId } = await open().rotation(cluster, 'replace');
  expect(await code(before)).toBe('authenticated');
  if (batch === undefined) throw new Error('nothing to store');
  await storage.commit(batch);
  expect(await code(before)).toBe('unknownSigningKey');
  const after = await issue();
  expect([keyOf(after), await code(after), await published()]).toEqual([keyId, 'authenticated', [keyId]]);
  await expect(storage.commit(batch)).rejects.toThrow('revision');
});

test('after six days a new key is published first, signs a day later, and the old one is believed as long as its tokens', async () => {
  const { clock, issue, keyOf, published, able, code } = await world();
  const old = keyOf(await issue());
  clock.now += rotationAge - 1;
  expect(await published()).toEqual([old]);
  clock.now += 1;
  // Several at once make one key.
  const [last = '', ...same] = await Promise.all([issue(undefined, 90 * 24 * 3600), issue(), published()]);
  expect([keyOf(last), keyOf(String(same[0]))]).toEqual([old, old]);
  const announced = await published();
  expect([announced.length, announced[0]]).toEqual([2, old]);
  clock.now += announcedFor - 1;
  expect(keyOf(await issue())).toBe(old);
  clock.now += 1;
  const fresh = await issue();
  expect([keyOf(fresh), await published()]).toEqual([announced[1], announced.toReversed()]);
  expect([await code(last), await code(fresh)]).toEqual(['authenticated', 'authenticated']);
  expect(await able()).toEqual(expect.arrayContaining(announced));
  clock.now += 89 * day - 1;
  expect([await code(last), (await published()).includes(old)]).toEqual(['authenticated', true]);
  // What it signed counts, but it will sign nothing again, whatever the clock says.
  expect(await able()).toEqual([announced[1], expect.not.stringMatching(old)]);
  clock.now -= 110 * day;
  expect(keyOf(await issue())).toBe(announced[1]);
  clock.now += 110 * day;
  // Two rotations later nobody can hold a token of the first key.
  clock.now += 32 * day;
  await issue();
  expect([await code(last), (await published()).includes(old)]).toEqual(['unknownSigningKey', false]);
});

test('published keys are one list until another key is among them or another one signs', async () => {
  const { clock, open } = await world();
  const tokens = open();
  const lists: unknown[] = [];
  for (const later of [0, rotationAge - 1, 1, announcedFor - 1, 1, 0]) {
    clock.now += later;
    lists.push(await tokens.publicKeys(cluster));
  }
  const [first, second, announced, waiting, signing, last] = lists;
  expect([second === first, waiting === announced, last === signing]).toEqual([true, true, true]);
  expect([announced === first, signing === announced]).toEqual([false, false]);
});

test('a key announced while the clock was ahead holds up no other', async () => {
  const { clock, issue, keyOf, published } = await world();
  const old = keyOf(await issue());
  clock.now += 1000 * day;
  const ahead = (await published())[1];
  clock.now -= 970 * day;
  expect([keyOf(await issue()), await published()]).toEqual([old, [old, ahead, expect.any(String)]]);
  const [, , next] = await published();
  clock.now += announcedFor;
  expect(keyOf(await issue())).toBe(next);
});

test('an announcement is made once, and survives a restart', async () => {
  const { storage, clock, open, issue, keyOf } = await world();
  await issue();
  const first = await open().rotation(cluster, 'announce');
  if (first.batch === undefined) throw new Error('nothing to store');
  await storage.commit(first.batch);
  expect(await open().rotation(cluster, 'announce')).toEqual({ ...first, batch: undefined });
  clock.now = first.signsFrom;
  expect(keyOf(await issue())).toBe(first.keyId);
});
