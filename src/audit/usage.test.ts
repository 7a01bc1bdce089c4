import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { usageKey } from '../storage/records/keys.ts';
import { aCall, alice, aRequest, aTrail, noon } from './testworld.ts';
import type { Trail } from './trail.ts';

const minutes = (count: number): number => noon + count * 60_000;

async function use(trail: Trail, at: number, operation: string, code = 'OK'): Promise<void> {
  trail.calls.record(aCall({ at, operation, action: `eks:${operation}`, code }));
  await trail.flush();
}

test('who was never seen was never used', async () => {
  const trail = await aTrail(createMemoryStorage());
  expect(await trail.usage.lastUsed('AKIANEVER')).toBeUndefined();
  expect(await trail.usage.services('AIDANEVER')).toEqual([]);
  await trail.close();
});

test('keys and principals remember their last use to the quarter of an hour, also after a restart', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage);
  await use(trail, minutes(0), 'ListClusters');
  await use(trail, minutes(5), 'ListClusters');
  const first = { at: minutes(0), region: 'us-east-1', service: 'eks' };
  expect(await trail.usage.lastUsed(alice.accessKeyId)).toEqual(first);
  expect(await trail.usage.lastUsed(alice.principalId)).toEqual(first);
  await use(trail, minutes(16), 'ListClusters');
  await trail.close();
  const again = await aTrail(storage);
  expect(await again.usage.lastUsed(alice.accessKeyId)).toEqual({ ...first, at: minutes(16) });
  await again.close();
});

test('a denied call is a use; one whose signature was refused is not', async () => {
  const trail = await aTrail(createMemoryStorage());
  await use(trail, noon, 'DeleteCluster', 'AccessDeniedException');
  trail.calls.record(aCall({ caller: undefined, accessKeyId: 'AKIAOTHER', code: 'SignatureDoesNotMatch' }));
  const used = { at: noon, region: 'us-east-1', principalArn: alice.arn };
  expect(await trail.usage.services(alice.principalId)).toEqual([
    { service: 'eks', ...used, actions: [{ action: 'DeleteCluster', ...used }] },
  ]);
  expect(await trail.usage.lastUsed('AKIAOTHER')).toBeUndefined();
  await trail.close();
});

test('temporary keys are not remembered, but who used them', async () => {
  const trail = await aTrail(createMemoryStorage());
  trail.calls.record(aCall({ caller: { ...alice, accessKeyId: 'ASIATEMPORARY' } }));
  expect(await trail.usage.lastUsed('ASIATEMPORARY')).toBeUndefined();
  expect(await trail.usage.lastUsed(alice.principalId)).toMatchObject({ service: 'eks' });
  await trail.close();
});

test('names of federated users, which their issuer chooses, are not remembered', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage);
  const name = { principalId: '111122223333:anything', userId: '111122223333:anything' };
  trail.calls.record(aCall({ caller: { ...alice, ...name, accessKeyId: 'ASIATEMPORARY' } }));
  await trail.flush();
  expect(await storage.count('usage/')).toBe(0);
  await trail.close();
});

test('a token for a cluster that does not know its principal is a use; one that was refused is not', async () => {
  const trail = await aTrail(createMemoryStorage());
  const token = { outcome: 'refused', accessKeyId: alice.accessKeyId } as const;
  trail.requests.record(aRequest({ authentication: token, status: 401 }));
  expect(await trail.usage.lastUsed(alice.accessKeyId)).toBeUndefined();
  const { principalId, principalArn } = alice;
  trail.requests.record(aRequest({ authentication: { ...token, principalId, principalArn }, status: 401 }));
  expect(await trail.usage.lastUsed(alice.accessKeyId)).toMatchObject({ service: 'sts' });
  await trail.close();
});

test('a call that writes counts as well', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage);
  await storage.commit({ changes: trail.calls.recordOf(aCall({ operation: 'CreateCluster' })) });
  expect(await trail.usage.lastUsed(alice.principalId)).toMatchObject({ at: noon });
  await trail.close();
});

test('uses of four hundred days ago are forgotten', async () => {
  const trail = await aTrail(createMemoryStorage());
  trail.calls.record(aCall({ service: 'iam', at: noon - 401 * 86_400_000 }));
  await trail.flush();
  await use(trail, noon, 'ListClusters');
  expect((await trail.usage.services(alice.principalId)).map(({ service }) => service)).toEqual(['eks']);
  await trail.close();
});

test.each([
  '{broken',
  'null',
  '7',
  '{"last":null}',
  '{"last":{"at":1,"region":"r","service":"s"},"services":{"eks":null}}',
])('a damaged record of use begins anew and keeps no call from being recorded: %s', async (value) => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [{ type: 'put', key: usageKey(alice.principalId), value }] });
  const trail = await aTrail(storage);
  await use(trail, noon, 'ListClusters');
  expect((await trail.read({ limit: 10 })).items).toHaveLength(1);
  expect(await trail.usage.lastUsed(alice.principalId)).toMatchObject({ at: noon });
  await trail.close();
});
