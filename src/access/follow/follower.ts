import { type Revision, RevisionConflictError, type Storage } from '../../storage/storage.ts';
import { own } from '../../wire/kube/json.ts';
import { type BackoffTimes, backoffAfter, defaultBackoff, pause } from './backoff.ts';
import { type ClusterApi, ClusterApiError, type ClusterApiFailure } from './clusterapi.ts';
import { type FollowedKind, followedKinds } from './kinds.ts';
import { type Listing, type ListLimits, listKind } from './listing.ts';
import { type Mirror, type MirrorLimits, openMirror } from './mirror.ts';
import { failureText, reflectKind } from './reflector.ts';
import { sparingly } from './sparingly.ts';

/** How it goes with a connected cluster's API. */
export interface ConnectionState {
  /**
   * `connecting`: nothing is known yet. `following`: everything is in step. `degraded`: some of it is not.
   * `disconnected`: none of it is. What was followed last counts all the while.
   */
  readonly state: 'connecting' | 'following' | 'degraded' | 'disconnected';
  /** Why it is not `following`: of closed sets, without secrets. */
  readonly message: string | undefined;
  /** Objects that are mirrored, aws-auth aside. */
  readonly objects: number;
  /** When the API was last heard of, epoch milliseconds; undefined since this server started. */
  readonly lastSeenAt: number | undefined;
}

export interface FollowerLog {
  info(fields: Readonly<Record<string, string | number>>, message: string): void;
  warn(fields: Readonly<Record<string, string | number>>, message: string): void;
}

export interface FollowerTuning {
  readonly backoff?: BackoffTimes;
  readonly watchSeconds?: number;
  readonly listLimits?: ListLimits;
  readonly mirrorLimits?: Partial<MirrorLimits>;
}

export interface FollowerOptions extends FollowerTuning {
  readonly storage: Storage;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Of the connection's record. */
  readonly revision: Revision;
  readonly connect: () => Promise<ClusterApi>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  readonly log: FollowerLog;
}

export interface Follower {
  state(): ConnectionState;
  /** Asks the API for its version. Rejects with `ClusterApiError`. */
  probe(signal: AbortSignal): Promise<ConnectionProbe>;
  /** Ends every request and waits for the write under way. */
  stop(): Promise<void>;
}

export interface ConnectionProbe {
  /** As the API tells it, e.g. `v1.35.2`; '' when it is none. */
  readonly version: string;
  readonly latencyMilliseconds: number;
  /** How far the API's clock is ahead of ours, in milliseconds; undefined when it does not tell. A second is within its grain. */
  readonly clockDifference: number | undefined;
}

/** A watch asks to be ended after two to three minutes, so that one whose connection died unnoticed is not for long. */
const defaultWatchSeconds = 120;

/**
 * Follows one connected cluster for as long as its connection is the one it was started for. First everything is listed and
 * written together (mirror.ts says in which order), then each kind goes its own way (reflector.ts): where one cannot be
 * followed the others still are.
 */
export function startFollower(options: FollowerOptions): Follower {
  const { storage, clusterId, now, random, backoff = defaultBackoff } = options;
  const log = sparingly(options.log, now);
  const stopping = new AbortController();
  const { signal } = stopping;
  /** How it goes with each kind of which something is known. */
  const fates = new Map<FollowedKind, Fate>();
  let problem: string | undefined;
  let mirror: Mirror | undefined;
  let api: Promise<ClusterApi> | undefined;
  let lastSeenAt: number | undefined;
  const heard = (): void => {
    lastSeenAt = now();
  };
  const told = (kind: FollowedKind, fate: Fate): void => {
    const before = fates.get(kind);
    if (before !== undefined && before.problem === fate.problem) return;
    fates.set(kind, fate);
    const fields = { cluster: options.clusterName, resource: kind.definition.resource };
    if (fate.problem !== undefined) log.warn({ ...fields, reason: fate.problem }, 'cannot follow a cluster');
    else if (before !== undefined) log.info(fields, 'follows a cluster again');
  };
  const failing = (kind: FollowedKind, error: unknown): void =>
    told(kind, { isLost: true, problem: failureText(error) });
  const following = (kind: FollowedKind, skipped: number): void =>
    told(kind, { isLost: false, problem: skipped === 0 ? undefined : `${skipped} cannot be used` });

  /** Once: a client that cannot be made (a credential that does not open, a broken certificate) is not made by trying. */
  const connected = (): Promise<ClusterApi> => {
    api ??= options.connect().catch((error: unknown) => {
      if (error instanceof ClusterApiError) throw error;
      // Words of libraries about keys and certificates are not told.
      throw new ClusterApiError('unexpected', unusable, { cause: error });
    });
    api.catch(() => {});
    return api;
  };

  const closeApi = async (): Promise<void> => (await api?.catch(() => undefined))?.close();

  const follow = async (): Promise<void> => {
    const { mirrorLimits, listLimits, watchSeconds = defaultWatchSeconds } = options;
    const client = await connected();
    mirror = await openMirror({
      storage,
      clusterId,
      revision: options.revision,
      kinds: followedKinds,
      ...(mirrorLimits && { limits: mirrorLimits }),
    });
    const listings = await listAll(client, { signal, limits: listLimits, heard, failing });
    let written = listings;
    try {
      await mirror.replace([...listings].map(([kind, { objects }]) => ({ kind, objects })));
    } catch (error) {
      if (error instanceof RevisionConflictError) return;
      // Each kind tries by itself, so that what there is room for is followed.
      for (const kind of listings.keys()) failing(kind, error);
      written = new Map();
    }
    for (const [kind, { skipped }] of written) following(kind, skipped.size);
    await Promise.all(
      followedKinds.map((kind) =>
        reflectKind(
          {
            api: client,
            kind,
            mirror: mirror as Mirror,
            signal,
            random,
            backoff,
            watchSeconds,
            ...(listLimits && { listLimits }),
            following: (skipped) => following(kind, skipped),
            failing: (error) => failing(kind, error),
            heard,
          },
          written.get(kind),
        ),
      ),
    );
  };

  const run = async (): Promise<void> => {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await follow();
        return;
      } catch (error) {
        problem = error instanceof ClusterApiError ? error.message : unusable;
        log.warn({ cluster: options.clusterName, reason: problem }, 'cannot follow a cluster');
        await closeApi();
        api = undefined;
        await pause(backoffAfter(failures, backoff, random), signal);
      }
    }
  };
  const done = run();

  return {
    state: () => ({ ...summary(fates, problem), objects: mirror?.objects() ?? 0, lastSeenAt }),
    async probe(probing) {
      const client = await connected();
      const began = performance.now();
      const { body, serverTime } = await client.get('/version', {}, AbortSignal.any([probing, signal]));
      const latencyMilliseconds = performance.now() - began;
      heard();
      return {
        version: versionOf(body),
        latencyMilliseconds,
        clockDifference: serverTime === undefined ? undefined : serverTime - now(),
      };
    },
    async stop() {
      stopping.abort();
      // Also ends watches that still wait for a connection.
      await closeApi();
      await done;
    },
  };
}

interface Fate {
  /** Not followed at all; otherwise the problem is with some of its objects. */
  readonly isLost: boolean;
  readonly problem: string | undefined;
}

const unusable = 'the connection cannot be used';

/** Failures that every other request would meet as well. */
const generalFailures: ReadonlySet<ClusterApiFailure> = new Set([
  'unreachable',
  'certificate',
  'unauthorized',
]);

/** What each kind is at the beginning, of those that could be listed. */
async function listAll(
  api: Pick<ClusterApi, 'get'>,
  options: {
    readonly signal: AbortSignal;
    readonly limits: ListLimits | undefined;
    readonly heard: () => void;
    readonly failing: (kind: FollowedKind, error: unknown) => void;
  },
): Promise<ReadonlyMap<FollowedKind, Listing>> {
  const listings = new Map<FollowedKind, Listing>();
  for (const [index, kind] of followedKinds.entries()) {
    try {
      listings.set(kind, await listKind(api, kind, options.signal, options.limits));
      options.heard();
    } catch (error) {
      if (options.signal.aborted) return listings;
      const isGeneral = error instanceof ClusterApiError && generalFailures.has(error.code);
      for (const met of isGeneral ? followedKinds.slice(index) : [kind]) options.failing(met, error);
      if (isGeneral) return listings;
    }
  }
  return listings;
}

function summary(
  fates: ReadonlyMap<FollowedKind, Fate>,
  problem: string | undefined,
): Pick<ConnectionState, 'state' | 'message'> {
  if (fates.size === 0 && problem !== undefined) return { state: 'disconnected', message: problem };
  const lost = [...fates.values()].filter(({ isLost }) => isLost);
  const byProblem = new Map<string, string[]>();
  for (const [{ definition }, fate] of fates) {
    if (fate.problem === undefined) continue;
    byProblem.set(fate.problem, [...(byProblem.get(fate.problem) ?? []), definition.resource]);
  }
  const isAll = lost.length === followedKinds.length;
  if (byProblem.size > 0) {
    const [only, ...others] = byProblem.keys();
    const each = [...byProblem].map(([text, resources]) => `${resources.join(', ')}: ${text}`);
    return {
      state: isAll ? 'disconnected' : 'degraded',
      message: isAll && others.length === 0 ? only : each.join('; '),
    };
  }
  const state = fates.size === followedKinds.length ? 'following' : 'connecting';
  return { state, message: undefined };
}

/** A version is shown to people: nothing else that an API may answer is. */
function versionOf(body: unknown): string {
  const version = own(body, 'gitVersion');
  return typeof version === 'string' && /^v[0-9A-Za-z.+-]{1,60}$/.test(version) ? version : '';
}
