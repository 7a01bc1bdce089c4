import { RevisionConflictError } from '../../storage/storage.ts';
import { at, own } from '../../wire/kube/json.ts';
import { type BackoffTimes, backoffAfter, pause } from './backoff.ts';
import { type ClusterApi, ClusterApiError, failureOfStatus } from './clusterapi.ts';
import type { FollowedKind } from './kinds.ts';
import { defaultListLimits, type Listing, type ListLimits, listKind, resourceVersionOf } from './listing.ts';
import { type Mirror, MirrorFullError, MirrorPaceError } from './mirror.ts';
import { mirroredObject } from './mirrored.ts';

export interface ReflectorOptions {
  readonly api: Pick<ClusterApi, 'get' | 'watch'>;
  readonly kind: FollowedKind;
  readonly mirror: Mirror;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly backoff: BackoffTimes;
  readonly listLimits?: ListLimits;
  /** Seconds after which the API is asked to end a watch; jitter is added. */
  readonly watchSeconds: number;
  /** The kind is in step with the API, but for `skipped` objects that could not be used. */
  following(skipped: number): void;
  failing(error: unknown): void;
  /** Anything at all came from the API. */
  heard(): void;
}

/** A watch that ends sooner says that something is wrong, even where it says nothing. */
const shortestWatch = 1_000;
/** Failures in a row after which a watch is no longer tried from where it was. */
const triesToResume = 3;

/**
 * Keeps one kind in step: list, then watch from there, until the signal. `start` is a listing that is in the mirror already.
 *
 * - A watch that ends or breaks is resumed from the last event or bookmark.
 * - 410, an event that cannot be read, or three failures in a row: listed anew.
 * - What fails is tried again, later and later, and never given up; what was followed stays as it was.
 *
 * Resolves, and does nothing any more, when the connection is no longer the one it was made for.
 */
export async function reflectKind(options: ReflectorOptions, start: Listing | undefined): Promise<void> {
  const { kind, mirror, signal, backoff, random } = options;
  let resourceVersion = start?.resourceVersion;
  const skipped = new Set(start?.skipped);
  const following = (): void => options.following(skipped.size);
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined) {
        const listing = await listKind(options.api, kind, signal, options.listLimits);
        options.heard();
        await mirror.replace([{ kind, objects: listing.objects }]);
        resourceVersion = listing.resourceVersion;
        skipped.clear();
        for (const place of listing.skipped) skipped.add(place);
      }
      const began = performance.now();
      const watched = await watchKind(options, resourceVersion, skipped, following);
      resourceVersion = watched.resourceVersion;
      const isShort = performance.now() - began < shortestWatch;
      if (!isShort) failures = 0;
      if (watched.error !== undefined) throw watched.error;
      if (isShort) await pause(backoffAfter(++failures, backoff, random), signal);
    } catch (error) {
      if (signal.aborted || error instanceof RevisionConflictError) return;
      failures++;
      if (failures % triesToResume === 0) resourceVersion = undefined;
      // A first 410 is how every resumption after a long time goes.
      const isOrdinary = error instanceof ClusterApiError && error.code === 'expired' && failures === 1;
      if (isOrdinary) continue;
      options.failing(error);
      await pause(backoffAfter(failures, backoff, random), signal);
    }
  }
}

interface Watched {
  /** Where to go on; undefined when only a list can tell. */
  readonly resourceVersion: string | undefined;
  readonly error: unknown;
}

async function watchKind(
  options: ReflectorOptions,
  from: string,
  skipped: Set<string>,
  following: () => void,
): Promise<Watched> {
  const { api, kind, mirror, random, watchSeconds, listLimits = defaultListLimits } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let resourceVersion = from;
  let written: Promise<void> = Promise.resolve();
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    ending.abort();
  };
  let unwritten: unknown;
  const failToWrite = (error: unknown): void => {
    unwritten ??= error;
    fail(error);
  };
  const skip = (place: string): void => {
    skipped.add(place);
    // A list has no more than that; without a bound a watch could go on naming such objects until no memory is left.
    if (skipped.size > listLimits.objects) fail(tooManySkipped(kind, listLimits));
  };
  const onEvent = (event: unknown): void => {
    if (failure !== undefined) return;
    options.heard();
    const type = own(event, 'type');
    const object = own(event, 'object');
    if (type === 'ERROR') {
      fail(failureOfEvent(object));
      return;
    }
    const version = resourceVersionOf(object);
    const isChange = type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED';
    if (version === undefined || (!isChange && type !== 'BOOKMARK')) {
      fail(unreadableEvent);
      return;
    }
    if (isChange) {
      const mirrored = mirroredObject(kind, object);
      if (mirrored.is === 'object') {
        const { place } = mirrored;
        const value = type === 'DELETED' ? undefined : mirrored.value;
        if (type === 'DELETED' || value !== undefined) skipped.delete(place);
        else skip(place);
        written = mirror.apply(kind, place, value);
        written.catch(failToWrite);
      } else if (kind.only === undefined) skipped.add('?');
    }
    resourceVersion = version;
    following();
  };
  const query = {
    ...kind.query,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: from,
    timeoutSeconds: String(Math.round(watchSeconds * (1 + random() / 2))),
  };
  try {
    const onOpen = (): void => {
      options.heard();
      following();
    };
    const { whole } = await api.watch(kind.path, query, signal, { onOpen, onEvent });
    if (!whole) failure ??= unreadableEvent;
  } catch (error) {
    failure ??= error;
  }
  // INVARIANT: a watch is resumed after an event only when the event is stored, however the watch ended: one that is lost
  // could be the end of a mapping.
  await written.catch(() => {});
  if (unwritten !== undefined) return { resourceVersion: undefined, error: unwritten };
  const isKnown = failure === undefined || failure instanceof ClusterApiError;
  const canResume = isKnown && failure !== unreadableEvent && !listAgain.has(codeOf(failure) ?? '');
  return { resourceVersion: canResume ? resourceVersion : undefined, error: failure };
}

/** Failures after which only a list can tell how things are. */
const listAgain: ReadonlySet<string> = new Set(['expired', 'tooLarge']);

function codeOf(error: unknown): string | undefined {
  return error instanceof ClusterApiError ? error.code : undefined;
}

function tooManySkipped({ definition }: FollowedKind, { objects }: ListLimits): ClusterApiError {
  const message = `there are more than ${objects} ${definition.resource} that cannot be used`;
  return new ClusterApiError('tooLarge', message);
}

/** An event of type ERROR is a Status: 410 when the watch began too long ago (kubernetes-facts E16). */
function failureOfEvent(status: unknown): ClusterApiError {
  const code = at(status, 'code');
  return failureOfStatus(typeof code === 'number' ? code : 0);
}

const unreadableEvent = new ClusterApiError('unexpected', 'the API sends events that cannot be read');

/** One line for the operator. */
export function failureText(error: unknown): string {
  const isTold =
    error instanceof ClusterApiError || error instanceof MirrorFullError || error instanceof MirrorPaceError;
  if (isTold) return error.message;
  return 'what the API tells cannot be stored';
}
