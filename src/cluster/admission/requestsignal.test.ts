import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createRequestSignal } from './requestsignal.ts';

const never = () => new AbortController().signal;

test('ends when the client hangs up, also before anybody asked', () => {
  const response = new EventEmitter();
  const ended = createRequestSignal(response, never);
  expect(ended().aborted).toBe(false);
  response.emit('close');
  expect(ended().aborted).toBe(true);
  for (const told of [{ destroyed: true }, { stream: { destroyed: true } }]) {
    const gone = Object.assign(new EventEmitter(), told);
    expect(createRequestSignal(gone, never)().aborted).toBe(true);
  }
});
