import { expect, test } from 'vitest';
import type { JsonValue } from '../json.ts';
import { JsonPathError, parseJsonPath } from './jsonpath.ts';

const object = {
  metadata: { labels: { 'app.kubernetes.io/name': 'x', 'a b': 'y' } },
  spec: {
    list: [1, 2, 3],
    nothing: null,
    ports: [
      { name: 'web', port: 80 },
      { name: 'dns', port: 53 },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
};

const rows: readonly (readonly [path: string, found: readonly JsonValue[]])[] = [
  ['.spec.list', [[1, 2, 3]]],
  ['.spec.list[0]', [1]],
  ['.spec.list[-1]', [3]],
  ['.spec.list[5]', []],
  ['.spec.list[*]', [1, 2, 3]],
  ['.spec.list[0:2]', [1, 2]],
  ['.spec.list[::2]', [1, 3]],
  ['.spec.list[0,2]', [1, 3]],
  ['.spec.nothing', [null]],
  ['.spec.nothing.below', []],
  ['.spec.missing', []],
  ['.metadata.labels.app\\.kubernetes\\.io/name', ['x']],
  ["['metadata']['labels']['a b']", ['y']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ["$.status.conditions[?(@.type == 'Synced')].status", ['False']],
  ['.status.conditions[?(@.status!="True")].type', ['Synced']],
  ['.spec.ports[?(@.port>60)].name', ['web']],
  ['.spec.ports[?(@.missing)].name', []],
  ['.spec.ports[*].name', ['web', 'dns']],
  ['.spec[?(@.a)]', []],
  ['..port', [80, 53]],
  ['.spec.ports.*.port', [80, 53]],
];

test.each(rows)('%s', (path, found) => {
  expect(parseJsonPath(path)(object)).toEqual(found);
});

test.each(['.a[', '.a[x]', '.a[?(@.b', '.a[?(@.b=~"c")]', "['a", `.${'a'.repeat(2_000)}`])(
  '%s does not parse',
  (path) => {
    expect(() => parseJsonPath(path)).toThrow(JsonPathError);
  },
);

test('a path that visits everything again and again finds nothing', () => {
  let deep: JsonValue = [1];
  for (let level = 0; level < 60; level += 1) deep = [deep, deep];
  const begun = performance.now();
  expect(parseJsonPath('..')(deep)).toEqual([]);
  expect(parseJsonPath('.[*][*][*][*][*][*][*][*][*][*][*][*][*][*][*][*]')(deep)).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('many elements are not copied before they are counted', () => {
  const list = Array.from({ length: 1_000_000 }, () => 1);
  const began = performance.now();
  for (const text of ['.a[*]', '.a.*', '.a[0:]', '.a[*,*]']) {
    const find = parseJsonPath(text);
    for (let time = 0; time < 1_000; time += 1) expect(find({ a: list })).toEqual([]);
  }
  expect(performance.now() - began).toBeLessThan(2_000);
});
