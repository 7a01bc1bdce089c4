import { expect, test } from 'vitest';
import { createLinePump, type LineSink } from './pump.ts';

function createSink(takes: number) {
  const written: string[] = [];
  let left = takes;
  const grant = (more: number): void => {
    left = more;
  };
  const state = { written, ended: 0, destroyed: 0, grant };
  const sink: LineSink = {
    write(line) {
      written.push(line);
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

test('the initial lines come before everything pushed meanwhile', () => {
  const { sink, state } = createSink(1);
  const pump = createLinePump(sink, { initial: ['a', 'b', 'c'].values(), bufferBytes: 100 });
  pump.drained();
  pump.push('d');
  expect(state.written).toEqual(['a']);
  state.grant(10);
  pump.drained();
  expect(state.written.join('')).toBe('abcd');
});

test('a peer that does not read is cut off once the buffer is full, and nothing is kept for it', () => {
  const { sink, state } = createSink(1);
  const pump = createLinePump(sink, { initial: [].values(), bufferBytes: 10 });
  pump.push('first');
  pump.push('123456');
  expect(state.destroyed).toBe(0);
  pump.push('7890ab');
  expect(state.destroyed).toBe(1);
  state.grant(10);
  pump.drained();
  pump.finish();
  expect(state.written).toEqual(['first']);
  expect(state.ended).toBe(0);
});

test('finish ends the stream only after what was pushed before', () => {
  const { sink, state } = createSink(1);
  const pump = createLinePump(sink, { initial: ['a'].values(), bufferBytes: 10 });
  pump.drained();
  pump.push('b');
  pump.finish();
  pump.push('too late');
  expect(state.ended).toBe(0);
  state.grant(10);
  pump.drained();
  expect(state.written).toEqual(['a', 'b']);
  expect(state.ended).toBe(1);
});
