import type { Expectation, Put, Storage } from '../../storage/storage.ts';
import type { KindRules } from '../resources/kind.ts';

/** What a write adds to its batch so that no other of its kind is stored between what it was judged by and itself. */
export interface Turn {
  readonly expect: readonly Expectation[];
  readonly changes: readonly Put[];
}

const anyTime: Turn = { expect: [], changes: [] };

/** Taken before the write is judged; one that another overtakes fails with a revision conflict and is judged again. */
export async function takeTurn(storage: Storage, rules: KindRules, clusterId: string): Promise<Turn> {
  const key = rules.turnKey?.(clusterId);
  if (key === undefined) return anyTime;
  const revision = (await storage.get(key))?.revision ?? 0;
  return { expect: [{ key, revision }], changes: [{ type: 'put', key, value: '{}' }] };
}
