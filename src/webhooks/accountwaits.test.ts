import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { objectKey } from '../storage/records/keys.ts';
import { createAccountWaits } from './accountwaits.ts';

const keyOf = (name: string, clusterId = 'c') => objectKey(clusterId, '', 'serviceaccounts', 'team', name);

function openWaits(accountWaitsPerCluster = 1) {
  const storage = createMemoryStorage();
  const put = (key: string) => storage.commit({ changes: [{ type: 'put', key, value: '{}' }] });
  // Longer than any test may take: whoever is through has not waited for the time to end.
  const waits = createAccountWaits({ storage, limits: { accountWait: 60_000, accountWaitsPerCluster } });
  return { put, waits };
}

describe('a pod waits for its account', () => {
  test('until it is stored, and for no other of a longer name', async () => {
    const { put, waits } = openWaits();
    await put(keyOf('known'));
    let isThrough = false;
    const waiting = waits.appears('c', keyOf('app')).then(() => {
      isThrough = true;
    });
    await put(keyOf('app-2'));
    expect(isThrough).toBe(false);
    await put(keyOf('app'));
    await waiting;
  });

  test('not where no account of the cluster is known, as of one whose accounts may not be read', async () => {
    const { put, waits } = openWaits();
    await put(keyOf('known', 'other'));
    await waits.appears('c', keyOf('app'));
  });

  test('not where too many of its cluster do, and no longer than the server runs', async () => {
    const { put, waits } = openWaits(1);
    await put(keyOf('known'));
    const first = waits.appears('c', keyOf('app'));
    await waits.appears('c', keyOf('app'));
    await new Promise((resolve) => setImmediate(resolve));
    waits.close();
    await first;
  });
});
