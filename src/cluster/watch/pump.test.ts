import { expect, test } from 'vitest';
import { createLinePump, type LinePump, type LineSink } from './pump.ts';
import { chunkOf, createWatchQueues } from './queues.ts';

function createSink(takes: number) {
  const written: string[] = [];
  let left = takes;
  const grant = (more: number): void => {
    left = more;
  };
  const state = { written, ended: 0, destroyed: 0, grant };
  const sink: LineSink = {
    write(bytes) {
      written.push(bytes.toString());
      left -= 1;
      return left > 0;
    },
    end() {
      state.ended += 1;
    },
    destroy() {
      state.destroyed += 1;
    },
  };
  return { sink, state };
}

/** One pump whose slow peer is cut off with the line `expired`. */
function pumpTo(
  sink: LineSink,
  options: { readonly initial?: readonly string[]; readonly bufferBytes?: number },
  queues = createWatchQueues(1_000_000),
): LinePump {
  const pump: LinePump = createLinePump(sink, {
    initial: (options.initial ?? []).values(),
    bufferBytes: options.bufferBytes ?? 100,
    queues,
    now: () => performance.now(),
    onTooSlow: () => pump.cut('expired'),
    onFailure: () => pump.cut('failed'),
  });
  return pump;
}

test('the initial lines come before everything pushed meanwhile', () => {
  const { sink, state } = createSink(1);
  const pump = pumpTo(sink, { initial: ['a'.repeat(40_000), '', 'b', 'c'], bufferBytes: 100 });
  pump.drained();
  pump.push(chunkOf('d'));
  expect(state.written.map((text) => text.length)).toEqual([40_000]);
  state.grant(10);
  pump.drained();
  expect(state.written.slice(1).join('')).toBe('bcd');
});

test('a peer that does not read is told so and cut off once the buffer is full, and nothing is kept for it', () => {
  const { sink, state } = createSink(1);
  const queues = createWatchQueues(1_000_000);
  const pump = pumpTo(sink, { bufferBytes: 10 }, queues);
  pump.push(chunkOf('first'));
  expect(pump.blockedSince).toBeDefined();
  pump.push(chunkOf('123456'));
  expect(state.ended).toBe(0);
  pump.push(chunkOf('7890ab'));
  expect(state.ended).toBe(1);
  state.grant(10);
  pump.drained();
  pump.finish();
  expect(state.written).toEqual(['first', 'expired']);
  expect(queues.bytes).toBe(0);
});

test('a peer that stopped within a line cannot be told, and is broken off', () => {
  const { sink, state } = createSink(1);
  const queues = createWatchQueues(1_000_000);
  const pump = pumpTo(sink, { bufferBytes: 300_000 }, queues);
  pump.push(chunkOf('x'.repeat(200_000)));
  expect(state.written.map((text) => text.length)).toEqual([65_536]);
  expect(queues.bytes).toBe(200_000);
  pump.push(chunkOf('y'.repeat(300_001)));
  expect(state.destroyed).toBe(1);
  expect(state.written.length).toBe(1);
  expect(queues.bytes).toBe(0);
});

test('a chunk that waits for many counts once, and whoever is furthest behind is cut off when all is full', () => {
  const queues = createWatchQueues(100);
  const sinks = [createSink(1), createSink(1), createSink(1)];
  const pumps = sinks.map(({ sink }) => pumpTo(sink, { bufferBytes: 1_000 }, queues));
  const [far, near] = pumps;
  for (const pump of pumps) pump.push(chunkOf('first'));
  far?.push(chunkOf('z'.repeat(50)));
  const shared = chunkOf('y'.repeat(40));
  for (const pump of pumps) pump.push(shared);
  expect(queues.bytes).toBe(90);
  expect(sinks.map(({ state }) => state.ended)).toEqual([0, 0, 0]);
  near?.push(chunkOf('x'.repeat(20)));
  expect(sinks.map(({ state }) => state.ended)).toEqual([1, 0, 0]);
  expect(queues.bytes).toBe(60);
});

test('finish ends the stream only after what was pushed before', () => {
  const { sink, state } = createSink(1);
  const pump = pumpTo(sink, { initial: ['a'] });
  pump.drained();
  pump.push(chunkOf('b'));
  pump.finish();
  pump.push(chunkOf('too late'));
  expect(state.ended).toBe(0);
  state.grant(10);
  pump.drained();
  expect(state.written).toEqual(['a', 'b']);
  expect(state.ended).toBe(1);
});

test('initial lines that cannot be made end the stream instead of the process', () => {
  const { sink, state } = createSink(10);
  const failing = (function* () {
    yield 'a';
    throw new Error('cannot be shown');
  })();
  const pump: LinePump = createLinePump(sink, {
    initial: failing,
    bufferBytes: 100,
    queues: createWatchQueues(100),
    now: () => performance.now(),
    onTooSlow: () => undefined,
    onFailure: () => pump.cut('failed'),
  });
  pump.drained();
  expect(state.written).toEqual(['failed']);
  expect(state.ended).toBe(1);
});
