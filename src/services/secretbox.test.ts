import { expect, test } from 'vitest';
import { createSecretBox } from './secretbox.ts';

const key = new Uint8Array(32).fill(7);
const box = createSecretBox(key);

test('what was sealed opens under the same key and context only', () => {
  const sealed = box.seal('a secret: é😀', 'AKIA1');
  expect(box.open(sealed, 'AKIA2')).toBeUndefined();
  expect(box.open(sealed, '')).toBeUndefined();
  expect(createSecretBox(new Uint8Array(32).fill(8)).open(sealed, 'AKIA1')).toBeUndefined();
  expect(box.open(sealed, 'AKIA1')).toBe('a secret: é😀');
});

test('no changed character opens', () => {
  const sealed = box.seal('secret', 'c');
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    expect(box.open(changed, 'c'), changed).toBeUndefined();
  }
});

test.each([
  '',
  'v1.',
  'v1.AAAA',
  `v1.${'A'.repeat(37)}`,
  'v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'plain text',
])('the text %j does not open', (text) => expect(box.open(text, 'c')).toBeUndefined());

test('other spellings of the same bytes do not open', () => {
  const sealed = box.seal('secret', 'c');
  for (const other of [`${sealed}=`, `${sealed}\n`, ` ${sealed}`, sealed.replace('v1.', 'V1.')]) {
    expect(box.open(other, 'c')).toBeUndefined();
  }
});

test('equal secrets are sealed differently, safe for URLs and headers', () => {
  const first = box.seal('', 'c');
  expect(first).not.toBe(box.seal('', 'c'));
  expect(first).toMatch(/^[A-Za-z0-9._-]+$/);
  expect(box.open(first, 'c')).toBe('');
});

test('the box keeps its own copy of the key', () => {
  const shared = new Uint8Array(32).fill(9);
  const own = createSecretBox(shared);
  const sealed = own.seal('x', 'c');
  shared.fill(0);
  expect(own.open(sealed, 'c')).toBe('x');
});

test.each([0, 16, 31, 33])('a key of %d bytes is refused', (length) => {
  expect(() => createSecretBox(new Uint8Array(length))).toThrow(RangeError);
});

test('bytes open as the same bytes, also those that are no text', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const sealed = box.sealBytes(bytes, 'c');
  expect(box.openBytes(sealed, 'd')).toBeUndefined();
  expect(Array.from(box.openBytes(sealed, 'c') ?? [])).toEqual(Array.from(bytes));
  expect(box.open(box.sealBytes(Buffer.from('é😀'), 'c'), 'c')).toBe('é😀');
});
