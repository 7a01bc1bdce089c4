import type { OwnerReference } from './ownerreferences.ts';

/**
 * Who names whom as an owner: owner uid → keys of its dependents. Kept in step with the store by every commit, so it is
 * exact when a key is worked on.
 */
export interface OwnerIndex {
  /** Whether the object with this key names owners. */
  has(key: string): boolean;
  /**
   * Replaces what is known of one object; [] when it names nobody or is gone. `changed`: its owners are others than before;
   * `freed`: the uids it no longer holds up.
   */
  set(
    key: string,
    references: readonly OwnerReference[],
  ): { readonly changed: boolean; readonly freed: readonly string[] };
  /** Keys of the dependents of an owner. */
  dependents(uid: string): readonly string[];
  hasDependents(uid: string): boolean;
  /** Keys of the dependents that must go before their owner. */
  blocking(uid: string): readonly string[];
  /** Whether a dependent other than the owner itself, which has this key, is left that must go before it. */
  isBlocked(uid: string, ownKey: string): boolean;
  /** No object names any owner. */
  readonly isEmpty: boolean;
}

interface Dependents {
  readonly keys: Map<string, boolean>;
  blocking: number;
}

export function createOwnerIndex(): OwnerIndex {
  const owners = new Map<string, readonly OwnerReference[]>();
  const byUid = new Map<string, Dependents>();

  const remove = (key: string, uid: string): void => {
    const known = byUid.get(uid);
    const blocks = known?.keys.get(key);
    if (known === undefined || blocks === undefined) return;
    known.keys.delete(key);
    if (blocks) known.blocking -= 1;
    if (known.keys.size === 0) byUid.delete(uid);
  };
  const add = (key: string, { uid, blocks }: OwnerReference): void => {
    const known = byUid.get(uid) ?? { keys: new Map<string, boolean>(), blocking: 0 };
    byUid.set(uid, known);
    // Named twice, it blocks when one of the references does.
    const before = known.keys.get(key) ?? false;
    if (blocks && !before) known.blocking += 1;
    known.keys.set(key, before || blocks);
  };

  return {
    has: (key) => owners.has(key),
    set(key, references) {
      const before = owners.get(key) ?? [];
      if (JSON.stringify(before) === JSON.stringify(references)) return { changed: false, freed: [] };
      const blocked = before.filter(({ blocks }) => blocks).map(({ uid }) => uid);
      for (const { uid } of before) remove(key, uid);
      for (const reference of references) add(key, reference);
      if (references.length === 0) owners.delete(key);
      else owners.set(key, references);
      return { changed: true, freed: blocked.filter((uid) => byUid.get(uid)?.keys.get(key) !== true) };
    },
    dependents: (uid) => [...(byUid.get(uid)?.keys.keys() ?? [])],
    blocking: (uid) => [...(byUid.get(uid)?.keys ?? [])].filter(([, blocks]) => blocks).map(([key]) => key),
    hasDependents: (uid) => byUid.has(uid),
    isBlocked(uid, ownKey) {
      const known = byUid.get(uid);
      return known !== undefined && known.blocking > (known.keys.get(ownKey) === true ? 1 : 0);
    },
    get isEmpty() {
      return owners.size === 0;
    },
  };
}
