import { beforeEach, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import { webhookCredentialKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { openCredentialIndex } from './credentialindex.ts';

const fingerprint = 'ab'.repeat(32);
const record: WebhookCredentialRecord = {
  serialNumber: '40',
  clusterId: 'c1',
  fingerprint,
  description: '',
  issuedAt: 1,
  expiresAt: 2,
};
const key = webhookCredentialKey('c1', '40');
const credential = { serialNumber: '40', clusterId: 'c1', fingerprint, expiresAt: 2, isRevoked: false };

let storage: Storage;
let skipped: string[];
beforeEach(() => {
  storage = createMemoryStorage();
  skipped = [];
});
const put = (value: object | string, at = key) =>
  storage.commit({
    changes: [{ type: 'put', key: at, value: typeof value === 'string' ? value : JSON.stringify(value) }],
  });
const open = () =>
  openCredentialIndex({ storage, log: { warn: ({ key: told }) => void skipped.push(told ?? '') } });

test('a certificate is known from the start, and revoked and forgotten as the store says', async () => {
  await put(record);
  const index = await open();
  expect(index.byFingerprint(fingerprint)).toEqual(credential);
  await put({ ...record, revokedAt: 5 });
  expect(index.byFingerprint(fingerprint)).toEqual({ ...credential, isRevoked: true });
  await storage.commit({ changes: [{ type: 'delete', key }] });
  expect(index.byFingerprint(fingerprint)).toBeUndefined();
  await put(record);
  expect(index.byFingerprint(fingerprint)).toEqual(credential);
  expect(skipped).toEqual([]);
});

test('what comes while the store is read is not missed', async () => {
  await put(record);
  const opening = open();
  await put({ ...record, revokedAt: 5 });
  expect((await opening).byFingerprint(fingerprint)?.isRevoked).toBe(true);
});

test('uses are remembered as long as the certificate is', async () => {
  await put(record);
  const index = await open();
  index.used(credential, 77);
  expect(index.lastUsedAt('40')).toBe(77);
  await storage.commit({ changes: [{ type: 'delete', key }] });
  expect(index.lastUsedAt('40')).toBeUndefined();
});

test.each<readonly [string, object | string]>([
  ['no JSON', 'x'],
  ['null', 'null'],
  ['a record without its cluster', { ...record, clusterId: undefined }],
  ['a record of another cluster', { ...record, clusterId: 'c2' }],
  ['a record of another serial number', { ...record, serialNumber: '41' }],
  ['a fingerprint that is none', { ...record, fingerprint: 'ab' }],
  ['an end that is a text', { ...record, expiresAt: '2' }],
  ['a revocation that is a text', { ...record, revokedAt: 'yesterday' }],
  ['a revocation that is null', { ...record, revokedAt: null }],
])('%s lets nobody in, and takes away what stood there', async (_, value) => {
  await put(record);
  const index = await open();
  await put(value);
  expect(index.byFingerprint(fingerprint)).toBeUndefined();
  expect(skipped).toEqual([key]);
});
