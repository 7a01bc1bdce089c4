import { describe, expect, test } from 'vitest';
import { createUsageLedger } from './ledger.ts';
import type { AccessUse } from './use.ts';

describe('a ledger', () => {
  const podsOf = (name: string, cluster?: string): AccessUse['did'] => ({
    kind: 'kubernetes',
    ...(cluster !== undefined && { cluster }),
    question: {
      ...{ kind: 'resource', verb: 'get', apiGroup: '', resource: 'pods', subresource: '' },
      ...{ namespace: 'dev', name },
    },
  });
  const did = { kind: 'aws', action: 'eks:ListClusters', resources: [] } as const;

  test('equal uses of one are counted, with the first and the last', () => {
    const { add, ledger } = createUsageLedger({ since: 0, until: 100 });
    for (const at of [5, 3, 9]) add({ at, who: {}, did, allowed: true });
    add({ at: 7, who: {}, did, allowed: false });
    add({ at: 7, who: { username: 'ada' }, did, allowed: true });
    expect(ledger().entries).toMatchObject([
      { count: 3, firstAt: 3, lastAt: 9 },
      { count: 1, allowed: false },
      { who: { username: 'ada' }, count: 1 },
    ]);
  });

  test('has both ends of its time, and nothing besides', () => {
    const { add, ledger } = createUsageLedger({ since: 10, until: 20 });
    for (const at of [9, 10, 20, 21]) add({ at, who: {}, did, allowed: true });
    expect(ledger()).toMatchObject({ entries: [{ count: 2, firstAt: 10, lastAt: 20 }], uncounted: 0 });
  });

  test('has a bound, beyond which it tells how many it left out', () => {
    const { add, ledger } = createUsageLedger({ since: 0, until: 0 });
    const long = 'x'.repeat(4 * 1024 * 1024);
    for (let at = 0; at < 10; at++) {
      add({ at: 0, who: {}, did: { ...did, action: `eks:${long}${at}` }, allowed: true });
    }
    expect(ledger().uncounted).toBe(3);
  });

  test('knows of what there are records, whoever they are of', () => {
    const { add, saw, ledger } = createUsageLedger({ since: 10, until: 20 });
    saw({ at: 9, who: {}, did, allowed: true });
    expect(ledger().records).toEqual([]);
    saw({ at: 15, who: {}, did, allowed: false });
    add({ at: 12, who: {}, did: podsOf('a', 'c1'), allowed: true });
    add({ at: 11, who: {}, did, allowed: true });
    expect(ledger().records).toEqual([
      { of: 'aws', at: 11 },
      { of: 'kubernetes', cluster: 'c1', at: 12 },
    ]);
    expect(ledger().entries).toHaveLength(2);
  });

  test('thousands of names are no reason to leave out anything', () => {
    const { add, ledger } = createUsageLedger({ since: 0, until: 0 });
    for (let at = 0; at < 3_000; at++) add({ at: 0, who: {}, did: podsOf(`p${at}`), allowed: true });
    const { entries, uncounted } = ledger();
    expect([entries.length, uncounted]).toEqual([1_001, 0]);
    expect(entries[1_000]).toMatchObject({ count: 2_000, did: { question: { name: '' } } });
  });
});
