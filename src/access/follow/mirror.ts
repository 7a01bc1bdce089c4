import { clusterConnectionKey } from '../../storage/records/keys.ts';
import type { Batch, Revision, Storage } from '../../storage/storage.ts';
import { type AllowanceTimes, createAllowance } from './allowance.ts';
import type { FollowedKind } from './kinds.ts';
import { kindPrefix } from './mirrored.ts';

export interface MirrorLimits {
  /** Objects of one cluster. */
  readonly objects: number;
  /** Characters of all of them. */
  readonly characters: number;
  /** Changes of one commit. */
  readonly changes: number;
  /** Characters that may be written, as `costOf` counts them. */
  readonly pace: AllowanceTimes;
}

const defaultMirrorLimits: MirrorLimits = {
  objects: 50_000,
  characters: 64 * 1024 * 1024,
  changes: 1_000,
  pace: { most: 64 * 1024 * 1024, perSecond: 256 * 1024 },
};

/** A commit, in characters: it waits for the disk. */
const commitCost = 16 * 1024;
/** A change of aws-auth, and a character of it, in those of other objects: its YAML is read anew, and told line by line. */
const awsAuthCost = 1024 * 1024;
const awsAuthWeight = 32;

/** The cluster changes faster than it may be written; what was kept before is still there. */
export class MirrorPaceError extends Error {
  constructor() {
    super('the cluster changes faster than it is followed');
    this.name = 'MirrorPaceError';
  }
}

/** More than is kept of one cluster; what was kept before is still there. */
export class MirrorFullError extends Error {
  constructor(limits: MirrorLimits) {
    const { objects, characters } = limits;
    super(`the cluster has more than the ${objects} objects, or ${characters} characters, that are followed`);
    this.name = 'MirrorFullError';
  }
}

/** What one list of a kind told: value by place (`NAMESPACE/NAME`). */
export interface KindState {
  readonly kind: FollowedKind;
  readonly objects: ReadonlyMap<string, string>;
}

/** The objects of one connected cluster in the store, where those of built-in clusters are. Writes are one after another. */
export interface Mirror {
  /** How many objects there are. */
  objects(): number;
  /**
   * Makes the kinds be what was listed: what is not in the lists goes. Nothing is written where nothing differs. Rejects with
   * `MirrorFullError` where it would be too much, having written aws-auth alone.
   */
  replace(states: readonly KindState[]): Promise<void>;
  /** One object as it is now, undefined when it is gone. Changes that wait are committed together. */
  apply(kind: FollowedKind, place: string, value: string | undefined): Promise<void>;
}

interface Write {
  readonly kind: FollowedKind;
  readonly key: string;
  readonly value: string | undefined;
}

const pageSize = 500;

/**
 * Writes only while the connection is the one it was opened for.
 *
 * SECURITY: writing and compiling costs time in which nobody else is served, so one cluster has an allowance of it, far
 * above what clusters do. An API that changes without end is told off with `MirrorPaceError` and asked again later.
 *
 * INVARIANT: every commit expects the connection's record at `revision`. When somebody changes or deletes the connection
 * nothing more is written by who followed it, however late: the commit rejects with `RevisionConflictError`.
 *
 * SECURITY: while a difference is being written nobody may have more than the cluster gave at some time. So in each commit,
 * and from commit to commit, what grants goes first when it goes or changes, then what is granted changes, and then comes
 * what grants it: a binding never meets a role that was widened after the binding had gone. Lists and
 * events of different kinds have no order among each other, here as in an API server's own RBAC. aws-auth changes first
 * and at a stroke: it says who somebody is, and while it were gone everybody who comes in by it would be refused.
 */
export async function openMirror(options: {
  readonly storage: Storage;
  readonly clusterId: string;
  readonly revision: Revision;
  readonly kinds: readonly FollowedKind[];
  readonly limits?: Partial<MirrorLimits>;
  /** Milliseconds; never goes back. */
  readonly clock?: () => number;
}): Promise<Mirror> {
  const { storage, clusterId, revision, clock = () => performance.now() } = options;
  const limits = { ...defaultMirrorLimits, ...options.limits };
  const allowance = createAllowance(limits.pace, clock);
  /** Length of every value there is, by key; aws-auth, of which there is one, does not count. */
  const lengths = new Map<string, number>();
  let characters = 0;
  const noted = ({ kind, key, value }: Write): void => {
    if (kind.only !== undefined) return;
    characters += (value?.length ?? 0) - (lengths.get(key) ?? 0);
    if (value === undefined) lengths.delete(key);
    else lengths.set(key, value.length);
  };
  /** Whether there is no room for the writes. */
  const isTooMuch = (writes: readonly Write[]): boolean => {
    let objects = lengths.size;
    let total = characters;
    for (const { kind, key, value } of writes) {
      if (kind.only !== undefined) continue;
      const length = lengths.get(key);
      objects += (value === undefined ? 0 : 1) - (length === undefined ? 0 : 1);
      total += (value?.length ?? 0) - (length ?? 0);
    }
    const isMore = objects > lengths.size || total > characters;
    return isMore && (objects > limits.objects || total > limits.characters);
  };

  const readKind = async (kind: FollowedKind): Promise<Map<string, string>> => {
    const prefix = kindPrefix(clusterId, kind);
    const found = new Map<string, string>();
    let after: string | undefined;
    for (;;) {
      const page = await storage.list({ prefix, limit: pageSize, ...(after !== undefined && { after }) });
      for (const { key, value } of page.entries) {
        found.set(key, value);
        after = key;
      }
      if (!page.more) return found;
    }
  };
  for (const kind of options.kinds) {
    for (const [key, value] of await readKind(kind)) noted({ kind, key, value });
  }

  const commit = async (writes: readonly Write[]): Promise<void> => {
    if (writes.length > 0 && !allowance.take(costOf(writes))) throw new MirrorPaceError();
    for (const step of inSafeOrder(writes, limits.changes)) {
      const changes: Batch['changes'] = step.map(({ key, value }) =>
        value === undefined ? { type: 'delete', key } : { type: 'put', key, value },
      );
      await storage.commit({ expect: [{ key: clusterConnectionKey(clusterId), revision }], changes });
      for (const write of step) noted(write);
    }
  };

  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };

  const waiting = new Map<string, Write>();
  let flushing: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    flushing = undefined;
    const writes = [...waiting.values()];
    waiting.clear();
    const stored = await storage.getMany(writes.map(({ key }) => key));
    const different = writes.filter(({ value }, index) => stored[index]?.value !== value);
    if (!isTooMuch(different)) return commit(different);
    // What shrinks is still told; what has no room is forgotten, so that nothing is granted by what it was before.
    await commit(
      different.map((write) => {
        const grows = write.value !== undefined && write.value.length > (lengths.get(write.key) ?? 0);
        return grows && write.kind.only === undefined ? { ...write, value: undefined } : write;
      }),
    );
    throw new MirrorFullError(limits);
  };

  return {
    objects: () => lengths.size,
    replace: (states) =>
      inTurn(async () => {
        const writes: Write[] = [];
        for (const { kind, objects } of states) {
          const prefix = kindPrefix(clusterId, kind);
          const stored = await readKind(kind);
          for (const key of stored.keys()) {
            if (!objects.has(key.slice(prefix.length))) writes.push({ kind, key, value: undefined });
          }
          for (const [place, value] of objects) {
            const key = prefix + place;
            if (stored.get(key) !== value) writes.push({ kind, key, value });
          }
        }
        if (!isTooMuch(writes)) return commit(writes);
        await commit(writes.filter(({ kind }) => kind.only !== undefined));
        throw new MirrorFullError(limits);
      }),
    apply(kind, place, value) {
      const key = kindPrefix(clusterId, kind) + place;
      waiting.set(key, { kind, key, value });
      flushing ??= inTurn(flush);
      return flushing;
    },
  };
}

function costOf(writes: readonly Write[]): number {
  return writes.reduce((sum, { kind, value }) => {
    const length = value?.length ?? 0;
    return sum + (kind.only === undefined ? length : awsAuthCost + length * awsAuthWeight);
  }, commitCost);
}

/** What grants: it names who may do what is written elsewhere. */
const granting: ReadonlySet<string> = new Set(['clusterrolebindings', 'rolebindings']);

/** The commits of a difference, see `openMirror`. One commit is one moment and needs no order. */
function inSafeOrder(writes: readonly Write[], atOnce: number): readonly (readonly Write[])[] {
  if (writes.length === 0) return [];
  if (writes.length <= atOnce) return [writes];
  const awsAuth = writes.filter(({ kind }) => kind.only !== undefined);
  const others = writes.filter(({ kind }) => kind.only === undefined);
  const isGranting = ({ kind }: Write): boolean => granting.has(kind.definition.resource);
  const grants = others.filter(isGranting);
  const phases = [
    [...awsAuth, ...grants.map((write) => ({ ...write, value: undefined }))],
    others.filter((write) => !isGranting(write)),
    grants.filter(({ value }) => value !== undefined),
  ];
  return phases.flatMap((phase) => {
    const steps: (readonly Write[])[] = [];
    for (let at = 0; at < phase.length; at += atOnce) steps.push(phase.slice(at, at + atOnce));
    return steps;
  });
}
