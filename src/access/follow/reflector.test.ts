import { expect, test } from 'vitest';
import { type ClusterApi, ClusterApiError } from './clusterapi.ts';
import { type FollowedKind, followedKinds } from './kinds.ts';
import type { Mirror } from './mirror.ts';
import { type ReflectorOptions, reflectKind } from './reflector.ts';

const [namespaces] = followedKinds as readonly [FollowedKind, ...FollowedKind[]];

const namespace = (name: string, more: object = {}): object => ({
  metadata: { name, resourceVersion: '7', ...more },
});
const listing = { objects: new Map<string, string>(), skipped: new Set<string>(), resourceVersion: '1' };
const emptyList = { kind: 'NamespaceList', metadata: { resourceVersion: '9' }, items: [] };

/** Follows from a listing that is mirrored, until `watch` has been asked for the last time it has something to say. */
async function followed(
  watches: readonly ClusterApi['watch'][],
  change: Partial<Mirror> & Pick<Partial<ReflectorOptions>, 'listLimits'> = {},
): Promise<{ readonly asked: readonly string[]; readonly failures: readonly unknown[] }> {
  const asked: string[] = [];
  const failures: unknown[] = [];
  const ending = new AbortController();
  const left = [...watches];
  const { listLimits, ...mirror } = change;
  await reflectKind(
    {
      api: {
        async get() {
          asked.push('list');
          return { body: emptyList, serverTime: undefined };
        },
        async watch(path, query, signal, listener) {
          asked.push(`watch from ${query.resourceVersion}`);
          const next = left.shift();
          if (next !== undefined) return next(path, query, signal, listener);
          ending.abort();
          throw signal.reason;
        },
      },
      kind: namespaces,
      mirror: { objects: () => 0, replace: async () => {}, apply: async () => {}, ...mirror },
      signal: ending.signal,
      random: () => 0,
      backoff: { first: 1, longest: 1 },
      watchSeconds: 60,
      ...(listLimits && { listLimits }),
      following: () => {},
      failing: (error) => void failures.push(error),
      heard: () => {},
    },
    listing,
  );
  return { asked, failures };
}

test('a change that could not be stored is not skipped, though the watch broke before that was known', async () => {
  const { asked } = await followed(
    [
      async (_path, _query, _signal, { onEvent }) => {
        onEvent({ type: 'DELETED', object: namespace('team') });
        throw new ClusterApiError('unreachable', 'broken');
      },
    ],
    { apply: () => new Promise((_, reject) => setImmediate(() => reject(new Error('the disk is full')))) },
  );
  expect(asked).toEqual(['watch from 1', 'list', 'watch from 9']);
});

test('names that cannot be used are remembered within a bound', async () => {
  const { asked, failures } = await followed(
    [
      async (_path, _query, signal, { onEvent }) => {
        for (let n = 0; n < 50 && !signal.aborted; n++) {
          onEvent({ type: 'ADDED', object: namespace(`n${n}`, { uid: 'x'.repeat(1_048_576) }) });
        }
        return { whole: true };
      },
    ],
    { listLimits: { page: 10, objects: 20, characters: 1_000 } },
  );
  expect(failures.map(String)).toEqual([
    'ClusterApiError: there are more than 20 namespaces that cannot be used',
  ]);
  expect(asked).toEqual(['watch from 1', 'list', 'watch from 9']);
});
