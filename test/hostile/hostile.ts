import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { quantile, seededRandom } from '../../bench/measure.ts';
import { startTarget, type Target } from './client.ts';
import { garbageRequest, isAnswer } from './garbage.ts';

/**
 * `npm run hostile [-- --seconds N --seed N]`: sends a built-in cluster what nobody should, while somebody else goes on
 * asking for one object. Prints what became of it; exits with 1 when a bound did not hold. The time is that of the
 * generated garbage; the rest takes about half a minute.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);

const configmaps = '/api/v1/namespaces/default/configmaps';
const json = { 'content-type': 'application/json' };
const merge = { 'content-type': 'application/merge-patch+json' };
const objects = 500;
const clients = 1_000;
const streamsPerSession = 100;
const writePause = 50;
/** Stands for a request whose connection was closed while it was still being sent. */
const brokenOff = -1;
const megabyte = 2 ** 20;
/** What each attack may add to the server's resident memory: what is allowed to wait, and the garbage of a turn. */
const maximumGrowth = 450 * megabyte;
/** The longest somebody else may wait meanwhile. */
const maximumWait = 5_000;

const failures: string[] = [];
const say = (text: string): void => void process.stdout.write(`${text}\n`);
function check(holds: boolean, what: string): void {
  if (holds) return;
  failures.push(what);
  say(`  FAILED: ${what}`);
}

say(`seed ${seed}`);
const target = await startTarget();
await target.call({ method: 'POST', path: configmaps, headers: json, body: manifest('heartbeat', '') });

await during('garbage in every form', garbage);
await during('clients that stop reading, or never finish what they say', halfOpen);
await during(`${clients} clients that reconnect at once`, storm);
await drain();
say(failures.length === 0 ? '\nall bounds held' : `\n${failures.length} bounds did not hold (seed ${seed})`);
process.exitCode = failures.length === 0 ? 0 : 1;

function manifest(name: string, text: string): Buffer {
  return Buffer.from(JSON.stringify({ metadata: { name }, data: { text } }));
}

/** Runs an attack while somebody else goes on asking, and tells how long they waited and what memory it took. */
async function during(title: string, attack: (target: Target) => Promise<void>): Promise<void> {
  say(`\n${title}`);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const waits: number[] = [];
  const before = await target.figures();
  let most = before.resident;
  let isOver = false;
  const beating = (async () => {
    while (!isOver) {
      const began = performance.now();
      const { status } = await target
        .call({ path: `${configmaps}/heartbeat` }, { agent })
        .catch(() => ({ status: 0 }));
      waits.push(performance.now() - began);
      check(status === 200, `somebody else was answered ${status}`);
      if (waits.length % 4 === 0) most = Math.max(most, (await target.figures()).resident);
      await pause(25);
    }
  })();
  const began = performance.now();
  await attack(target);
  isOver = true;
  await beating;
  agent.destroy();
  const [median, longest] = [quantile(waits, 0.5), Math.max(...waits)];
  say(
    `  ${((performance.now() - began) / 1000).toFixed(1)} s; somebody else waited ${median.toFixed(0)} ms (median), ` +
      `${longest.toFixed(0)} ms at most; memory ${(before.resident / megabyte).toFixed(0)} MiB, ${(most / megabyte).toFixed(0)} MiB at most`,
  );
  check(longest < maximumWait, `somebody else waited ${longest.toFixed(0)} ms`);
  check(
    most - before.resident < maximumGrowth,
    `memory grew by ${((most - before.resident) / megabyte).toFixed(0)} MiB`,
  );
}

async function garbage(): Promise<void> {
  const random = seededRandom(seed);
  const statuses = new Map<number, number>();
  const until = performance.now() + seconds * 1000;
  let longest = 0;
  const attacker = async (): Promise<void> => {
    while (performance.now() < until) {
      const wanted = garbageRequest(random);
      // What another part goes by stays as it is.
      if (wanted.method === 'DELETE' && !/\/[abc]$/.test(wanted.path)) continue;
      const began = performance.now();
      const { status, text } = await target.call(wanted).catch((error: NodeJS.ErrnoException) => ({
        // Refused before it was sent whole: the connection is closed, and the answer may be lost on the way.
        status: error.code === 'EPIPE' || error.code === 'ECONNRESET' ? brokenOff : 0,
        text: error.message,
      }));
      longest = Math.max(longest, performance.now() - began);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const what = `${wanted.method} ${wanted.path.slice(0, 200)} ${wanted.headers['content-type']}: ${text.slice(0, 200)}`;
      check(status === brokenOff || (isAnswer(status) && status !== 0), `${status} ${what}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, attacker));
  const all = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  check((statuses.get(brokenOff) ?? 0) <= all / 100, `${statuses.get(brokenOff)} requests were broken off`);
  const told = [...statuses]
    .toSorted(([one], [other]) => one - other)
    .map(([status, count]) => `${status}: ${count}`);
  say(`  ${all} requests, the longest ${longest.toFixed(0)} ms; ${told.join(', ')}`);
}

async function halfOpen(): Promise<void> {
  const count = 100;
  const writes = 120;
  const { metadata } = JSON.parse((await target.call({ path: `${configmaps}?limit=1` })).text);
  const stalled = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await target.socket();
      socket.write(
        `${target.head('GET', `${configmaps}?watch=1&resourceVersion=${metadata.resourceVersion}`)}\r\n`,
      );
      await once(socket, 'data');
      socket.pause();
      return socket;
    }),
  );
  const unfinished = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const socket = await target.socket();
      socket.resume();
      // Headers that never end, bodies that never come, and chunks that promise more.
      const parts = [
        'x-a: b\r\n',
        'content-length: 3000000\r\n\r\n{"metadata":',
        'transfer-encoding: chunked\r\n\r\nffff\r\n{',
      ];
      socket.write(`${target.head('POST', configmaps)}content-type: application/json\r\n${parts[at % 3]}`);
      return socket;
    }),
  );
  await target.call({ method: 'POST', path: configmaps, headers: json, body: manifest('busy', '') });
  for (let at = 0; at < writes; at += 1) {
    const body = Buffer.from(JSON.stringify({ data: { text: String(at).padStart(200_000, 'x') } }));
    const { status } = await target.call({
      method: 'PATCH',
      path: `${configmaps}/busy`,
      headers: merge,
      body,
    });
    check(status === 200, `a write was answered ${status}`);
    for (const socket of unfinished) if (at % 20 === 0 && socket.writable) socket.write('x');
  }
  const { watches } = await target.figures();
  say(
    `  ${count} watches were not read while ${writes} × 200 KB changed: ${count - watches} of them were cut off`,
  );
  check(watches === 0, `${watches} watches that nobody reads are still open`);
  for (const socket of [...stalled, ...unfinished]) socket.destroy();
}

/** Everybody lists and watches anew, while objects go on changing; in the end all must know the same. */
async function storm(): Promise<void> {
  const seeded = Array.from({ length: objects }, (_, at) => `note-${at}`);
  const text = 'n'.repeat(100);
  await inParallel(16, seeded, async (name) => {
    await target.call({ method: 'POST', path: configmaps, headers: json, body: manifest(name, text) });
  });
  const began = performance.now();
  let sessions = await connectAll();
  await Promise.all(sessions.flatMap((session) => followers(session)));
  const opened = performance.now() - began;
  let isWriting = true;
  let written = 0;
  const writer = (async () => {
    while (isWriting) {
      const body = Buffer.from(JSON.stringify({ data: { text: `changed ${written}` } }));
      const path = `${configmaps}/note-${written % objects}`;
      await target.call({ method: 'PATCH', path, headers: merge, body });
      written += 1;
      // A thousand clients in this one process can read so many and no more.
      await pause(writePause);
    }
  })();
  const again = performance.now();
  for (const session of sessions) session.destroy();
  sessions = await connectAll();
  const everybody = await Promise.all(sessions.flatMap((session) => followers(session)));
  const reopened = performance.now() - again;
  isWriting = false;
  await writer;
  const list = JSON.parse((await target.call({ path: configmaps })).text) as List;
  const wanted = stateOf(list);
  const deadline = performance.now() + 15_000;
  let behind = everybody.length;
  while (behind > 0 && performance.now() < deadline) {
    await pause(50);
    behind = everybody.filter(
      ({ known }) => ![...wanted].every(([name, version]) => known.get(name) === version),
    ).length;
  }
  const faults = everybody.reduce((sum, one) => sum + one.faults, 0);
  say(
    `  ${clients} clients listed and watched ${list.items.length} objects within ${(opened / 1000).toFixed(1)} s, and again, after all ` +
      `were cut at once, within ${(reopened / 1000).toFixed(1)} s under ${written} writes; ${behind} know something else in the end, ${faults} events came out of order`,
  );
  check(behind === 0, `${behind} clients have missed something`);
  check(faults === 0, `${faults} events came out of order`);
  for (const session of sessions) session.destroy();
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Named[];
}
interface Named {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

function stateOf({ items }: List): Map<string, number> {
  return new Map(items.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]));
}

function connectAll(): Promise<ClientHttp2Session[]> {
  return Promise.all(Array.from({ length: clients / streamsPerSession }, () => target.session()));
}

interface FollowingClient {
  readonly known: Map<string, number>;
  faults: number;
}

function followers(session: ClientHttp2Session): readonly Promise<FollowingClient>[] {
  return Array.from({ length: streamsPerSession }, async () => {
    const list = JSON.parse(await read(session, configmaps)) as List;
    const client: FollowingClient = { known: stateOf(list), faults: 0 };
    const from = list.metadata.resourceVersion;
    const stream = target.stream(session, `${configmaps}?watch=1&resourceVersion=${from}`);
    const [answer] = await once(stream, 'response');
    check(answer[':status'] === 200, `a watch was answered ${answer[':status']}`);
    let rest = '';
    let last = Number(from);
    stream.setEncoding('utf8').on('data', (data: string) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { metadata } = (JSON.parse(line) as { object: Named }).object;
        const version = Number(metadata.resourceVersion);
        if (version <= last) client.faults += 1;
        last = version;
        client.known.set(metadata.name, version);
      }
    });
    return client;
  });
}

async function read(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = target.stream(session, path);
  let text = '';
  stream.setEncoding('utf8').on('data', (data: string) => {
    text += data;
  });
  await once(stream, 'end');
  return text;
}

async function inParallel<T>(
  width: number,
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

/** Closes the server under 2,000 watches: it must not wait for them. */
async function drain(): Promise<void> {
  const watches = 2_000;
  const sessions = await Promise.all(
    Array.from({ length: watches / streamsPerSession }, () => target.session()),
  );
  const { metadata } = JSON.parse((await target.call({ path: `${configmaps}?limit=1` })).text);
  const path = `${configmaps}?watch=1&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`;
  let ended = 0;
  await Promise.all(
    sessions.flatMap((session) =>
      Array.from({ length: streamsPerSession }, async () => {
        const stream = target.stream(session, path);
        await once(stream, 'response');
        stream.on('end', () => {
          ended += 1;
        });
        stream.resume();
      }),
    ),
  );
  const open = (await target.figures()).watches;
  const milliseconds = await target.close();
  for (const session of sessions) session.destroy();
  say(`\nclosing under ${open} watches took ${milliseconds.toFixed(0)} ms; ${ended} of them ended cleanly`);
  check(open === watches, `${open} watches were open`);
  check(ended === watches, `${watches - ended} watches did not end cleanly`);
  check(milliseconds < 5_000, `closing took ${milliseconds.toFixed(0)} ms`);
}
