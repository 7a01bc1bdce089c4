import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readBody } from './requestbody.ts';

const limits = { bodyBytes: 10, bodyBytesAtOnce: 15, bodyTimeout: 10_000 };

test('a body is read to its end', async () => {
  const stream = new PassThrough();
  stream.end('body');
  const result = await readBody(stream, limits, { held: 0 });
  expect(result.kind === 'read' && Buffer.from(result.body).toString()).toBe('body');
});

test('one that was cut before it is read is given up at once, and holds nothing', async () => {
  const stream = new PassThrough();
  stream.write('bo');
  stream.destroy();
  const shared = { held: 0 };
  expect(await readBody(stream, { ...limits, bodyTimeout: 3_600_000 }, shared)).toEqual({ kind: 'aborted' });
  expect(shared.held).toBe(0);
});

test('one that is too large for itself, or for all, is refused before its end', async () => {
  const stream = new PassThrough();
  stream.write('x'.repeat(11));
  expect(await readBody(stream, limits, { held: 0 })).toEqual({ kind: 'tooLarge' });
  const other = new PassThrough();
  other.write('x'.repeat(8));
  const shared = { held: 8 };
  expect(await readBody(other, limits, shared)).toEqual({ kind: 'tooMany' });
  expect(shared.held).toBe(8);
});
