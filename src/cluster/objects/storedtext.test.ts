import { expect, test } from 'vitest';
import { readObject, writeObject } from './store.ts';
import { storedText } from './storedtext.ts';

const meta = (members: object) => ({ kind: 'K', apiVersion: 'v1', metadata: members }) as never;

test.each<[string, never]>([
  ['an object as usual', meta({ name: 'a', labels: { a: 'b' } })],
  ['empty metadata', meta({})],
  [
    'another metadata before its own',
    {
      spec: { metadata: { name: 'x' }, list: ['}', { metadata: {} }] },
      ...(meta({ name: 'a' }) as object),
    } as never,
  ],
  [
    'text that looks like metadata',
    {
      data: { a: '"metadata":{' },
      b: '\\"\\\\',
      '"metadata': 1,
      ...(meta({ name: 'a' }) as object),
    } as never,
  ],
  [
    'scalars before it',
    { a: null, b: 1.5, c: true, d: [], e: {}, ...(meta({ name: 'a' }) as object) } as never,
  ],
  ['a version that was written along', meta({ name: 'a', resourceVersion: '1' })],
])('the text of %s is what it reads as', (_, object) => {
  const entry = { value: writeObject('k', object).value, revision: 42 };
  expect(JSON.parse(storedText(entry))).toEqual(readObject(entry));
  expect(storedText(entry).match(/resourceVersion/g)).toHaveLength(1);
});

test('a value that is written otherwise is read', () => {
  const value = ' { "metadata": { "name": "a" } }';
  expect(JSON.parse(storedText({ value, revision: 7 }))).toEqual({
    metadata: { name: 'a', resourceVersion: '7' },
  });
});
