import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { outliveReader } from './outlivereader.ts';

test('a reader that has gone is no failure, and anything else is', () => {
  const out = new PassThrough();
  outliveReader(out);
  const failing = (code: string) => () => out.emit('error', Object.assign(new Error(code), { code }));
  expect(failing('EPIPE')).not.toThrow();
  expect(failing('ENOSPC')).toThrow('ENOSPC');
});
