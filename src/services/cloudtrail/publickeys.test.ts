import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestPublicKey } from '../../audit/export/digest.ts';
import { alice, noon } from '../../audit/testworld.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { testContext } from '../testworld.ts';
import { createListPublicKeys } from './publickeys.ts';

const key = digestPublicKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

const context = { ...testContext(createMemoryStorage()), caller: alice, now: noon };
const list = (input: object, keys = [key]) => createListPublicKeys(() => keys).handle(input, context);

test('a range that ends before it begins is refused', async () => {
  const range = { StartTime: new Date(2000), EndTime: new Date(1000) };
  await expect(list(range)).rejects.toMatchObject({ code: 'InvalidTimeRangeException' });
});

test('before the first export there is no key', async () => {
  expect(await list({}, [])).toEqual({ PublicKeyList: [] });
});

test('the key is the one that signs, in PKCS #1, by the fingerprint that digests name', async () => {
  expect(await list({ StartTime: new Date(1000), EndTime: new Date(1000) })).toMatchObject({
    PublicKeyList: [{ Value: key.value, Fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) }],
  });
});

test('permission is asked for', () => {
  const operation = createListPublicKeys(() => [key]);
  expect(operation.authorization({}, context)).toEqual({
    action: 'cloudtrail:ListPublicKeys',
    resources: ['*'],
  });
});
