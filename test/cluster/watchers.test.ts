import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../bench/measure.ts';
import type { KubernetesApiLimits } from '../../src/cluster/limits.ts';
import { type LineReader, startTestApi, type TestApi } from './fixture.ts';

const configmaps = '/api/v1/namespaces/default/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };

const versionOf = async (api: TestApi): Promise<string> =>
  (await api.call('GET', `${configmaps}?limit=1`)).body.metadata.resourceVersion;

/** Waits for a condition, with a deadline. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds() && Date.now() < deadline) await new Promise((next) => setTimeout(next, 5));
  expect(holds()).toBe(true);
}

describe('a watcher that does not read', () => {
  test.each<[string, Partial<KubernetesApiLimits>]>([
    ['once too much waits for it', { watchBufferBytes: 300_000 }],
    ['once it has taken nothing for too long', { watchStall: 100, bookmarkInterval: 100 }],
  ])('is told 410 Expired and cut off %s, and the others miss nothing', async (_, limits) => {
    const api = await startTestApi({ limits });
    try {
      const query = `${configmaps}?watch=1&resourceVersion=${await versionOf(api)}`;
      const slow = await api.open(query);
      slow.response.pause();
      const fast = await api.open(query);
      await api.call('POST', configmaps, { body: { metadata: { name: 'busy' } } });
      expect((await fast.lines.next()).type).toBe('ADDED');
      let written = 0;
      while (api.api.openWatches === 2 && written < 600) {
        written += 1;
        const body = { data: { n: String(written), text: 'x'.repeat(50_000) } };
        await api.call('PATCH', `${configmaps}/busy`, { body, headers: merge });
        expect((await fast.lines.next()).object.data.n).toBe(String(written));
      }
      expect(api.api.openWatches).toBe(1);
      let last: unknown;
      let seen = 0;
      for (let event = await slow.lines.next(); event !== undefined; event = await slow.lines.next()) {
        if (event.type === 'MODIFIED') expect(event.object.data.n).toBe(String(++seen));
        last = event;
      }
      expect(last).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
      expect(seen).toBeLessThan(written);
      fast.response.destroy();
      await until(() => api.api.openWatches === 0);
    } finally {
      await api.close();
    }
  });
});

describe('nothing is lost or told twice', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ limits: { bookmarkInterval: 40 } });
    await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'other' } } });
  });
  afterAll(() => api.close());

  const rounds = Number(process.env.ENTRYWAY_WATCH_ROUNDS ?? 1);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const selectors = [
    '',
    '&labelSelector=tier%3Dx',
    '&labelSelector=tier',
    '&fieldSelector=metadata.name%3Da',
  ];
  const beginnings = ['list', '', '&resourceVersion=0', 'watchlist'];

  test(`${rounds} generated rounds of writes and watches that begin in between`, async () => {
    for (let round = 0; round < rounds; round += 1) {
      const seed = Date.now() % 1_000_000;
      await runRound(seededRandom(seed), `seed ${seed}`);
    }
  }, 600_000);

  async function runRound(random: () => number, seed: string): Promise<void> {
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const counters = new Map<string, number>();
    const write = async (namespace: string, name: string): Promise<void> => {
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const n = (counters.get(name + namespace) ?? 0) + 1;
      const content = {
        metadata: { name, labels: pick([{}, { tier: 'x' }, { tier: 'y' }]) },
        data: { n: String(n) },
      };
      const made = await api.call('POST', path, { body: content });
      if (made.status === 201) counters.set(name + namespace, n);
      else if (random() < 0.25) await api.call('DELETE', `${path}/${name}`);
      else {
        const answer = await api.call('PUT', `${path}/${name}`, { body: content });
        expect(answer.status, answer.text).toBe(200);
        counters.set(name + namespace, n);
      }
    };
    // Each writer has names of its own, so that what is written to one is in order.
    let isWriting = true;
    const writers = names.map(async (name) => {
      while (isWriting) await write(pick(['default', 'default', 'other']), name);
    });
    const watching: Promise<Watcher>[] = [];
    for (let at = 0; at < 16; at += 1) {
      const path = pick([configmaps, '/api/v1/configmaps']);
      watching.push(watchFrom(`${path}?allowWatchBookmarks=true${pick(selectors)}`, pick(beginnings), seed));
      await new Promise((next) => setTimeout(next, 5 + random() * 20));
    }
    const watchers = await Promise.all(watching);
    await new Promise((next) => setTimeout(next, 100));
    isWriting = false;
    await Promise.all(writers);
    for (const watcher of watchers) {
      const list = await api.call('GET', watcher.query);
      const expected = list.body.items.map(
        ({ metadata }: Named) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`,
      );
      const told = (): readonly string[] =>
        [...watcher.state].map(([key, { version }]) => `${key} ${version}`);
      await until(() => JSON.stringify(told().toSorted()) === JSON.stringify(expected.toSorted()));
      watcher.close();
      await watcher.done;
      expect(watcher.faults, `${seed} ${watcher.query}`).toEqual([]);
    }
    for (const name of names) {
      for (const namespace of ['default', 'other']) {
        await api.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${name}`);
      }
    }
  }

  interface Named {
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly resourceVersion: string;
    };
    readonly data?: { readonly n?: string };
  }

  interface Watcher {
    readonly query: string;
    /** What a client would have in its cache. */
    readonly state: Map<string, { readonly n: number; readonly version: number }>;
    readonly faults: string[];
    readonly done: Promise<void>;
    close(): void;
  }

  async function watchFrom(query: string, beginning: string, seed: string): Promise<Watcher> {
    const state: Watcher['state'] = new Map();
    const faults: string[] = [];
    let from = beginning;
    let last = 0;
    const put = ({ metadata, data }: Named): void => {
      const version = Number(metadata.resourceVersion);
      state.set(`${metadata.namespace}/${metadata.name}`, { n: Number(data?.n ?? 0), version });
    };
    if (beginning === 'list') {
      const list = await api.call('GET', query);
      for (const item of list.body.items) put(item);
      last = Number(list.body.metadata.resourceVersion);
      from = `&resourceVersion=${last}`;
    } else if (beginning === 'watchlist') {
      from = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    }
    const { response, lines } = await api.open(`${query}&watch=1${from}`);
    const follow = async (reader: LineReader): Promise<void> => {
      let bookmarked = 0;
      for (let event = await reader.next().catch(() => undefined); event !== undefined; ) {
        const { type, object } = event as { type: string; object: Named };
        const key = `${object.metadata.namespace}/${object.metadata.name}`;
        const version = Number(object.metadata.resourceVersion);
        const n = Number(object.data?.n ?? 0);
        const known = state.get(key);
        const fault = (what: string): void =>
          void faults.push(`${what}: ${type} ${key} n=${n} at ${version}`);
        if (type === 'BOOKMARK') bookmarked = version;
        else {
          if (version <= bookmarked) fault(`after the bookmark ${bookmarked}`);
          if (type === 'ADDED' && known !== undefined) fault('is there already');
          if (type !== 'ADDED' && known === undefined) fault('is not there');
          if (type === 'MODIFIED' && known !== undefined && n !== known.n + 1) fault(`after n=${known.n}`);
          if (type === 'DELETED' && known !== undefined && n !== known.n) fault(`after n=${known.n}`);
          // Initial events come by name; what follows comes in order.
          if (type !== 'ADDED' && version <= last) fault(`after ${last}`);
          if (type !== 'ADDED') last = version;
          if (type === 'DELETED') state.delete(key);
          else put(object);
        }
        event = await reader.next().catch(() => undefined);
      }
    };
    expect(response.statusCode, seed).toBe(200);
    return { query, state, faults, done: follow(lines), close: () => void response.destroy() };
  }
});
