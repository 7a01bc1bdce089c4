import { expect, test } from 'vitest';
import { repeatedFields } from './repeatedfields.ts';

test.each<[string, readonly string[]]>([
  ['{}', []],
  ['{"a":1,"b":1}', []],
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"a":2,"a":3}', ['a']],
  ['{ "spec" : { "x" : 1 , "x" : 2 } }', ['spec.x']],
  ['{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]}}', ['spec.containers[1].name']],
  ['{"a":[[1,2],[{"b":1,"b":2}]]}', ['a[1][0].b']],
  ['{"a":{"x":1},"b":{"x":1}}', []],
  ['{"a":{"x":1},"a":{"x":1}}', ['a']],
  ['{"a":"b","b":"a"}', []],
  ['{"a":["a","a"]}', []],
  ['{"a":"\\"a\\":1","b":"{\\"b\\":1}"}', []],
  ['{"a\\\\":1,"a":2,"\\u0061":3}', ['a']],
  ['{"a":"\\\\","a":"x"}', ['a']],
  ['{"__proto__":1,"constructor":2,"__proto__":3}', ['__proto__']],
  ['{"":1,"":2}', ['']],
  ['[1,2]', []],
  ['"a"', []],
])('%s repeats %j', (source, expected) => {
  JSON.parse(source);
  expect(repeatedFields(source)).toEqual(expected);
});

/** Text of a random value, and the paths of members it repeats, as somebody who writes it knows them. */
function randomText(next: () => number, path: string, found: Set<string>, depth: number): string {
  const pick = Math.floor(next() * (depth > 4 ? 3 : 6));
  if (pick === 0) return String(Math.floor(next() * 100) / 10);
  if (pick < 3)
    return JSON.stringify(['', 'a', '"', '\\', '{"a":1,"a":2}', 'ü', '[', '\\"'][Math.floor(next() * 8)]);
  const size = Math.floor(next() * (next() < 0.1 ? 30 : 5));
  if (pick === 3) {
    const items = Array.from({ length: size }, (_, index) =>
      randomText(next, `${path}[${index}]`, found, depth + 1),
    );
    return `[${items.join(next() < 0.5 ? ',' : ' ,\n')}]`;
  }
  const keys = new Set<string>();
  const members = Array.from({ length: size }, () => {
    const key = `k${Math.floor(next() * 2 * size)}`;
    const at = path === '' ? key : `${path}.${key}`;
    if (keys.has(key)) found.add(at);
    keys.add(key);
    return `"${key}": ${randomText(next, at, found, depth + 1)}`;
  });
  return `{${members.join(', ')}}`;
}

test('what random texts repeat is found, no more and no less', () => {
  const seed = 20_261_121;
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 500; round += 1) {
    const expected = new Set<string>();
    const source = randomText(next, '', expected, 0);
    JSON.parse(source);
    expect(repeatedFields(source), `seed ${seed}, round ${round}: ${source}`).toEqual(
      [...expected].slice(0, 100),
    );
  }
});

test('findings are few and short, however long the text', () => {
  const key = 'k'.repeat(200_000);
  const members = Array.from({ length: 300 }, (_, index) => `"${key}":{"m${index}":1,"m${index}":2}`);
  const found = repeatedFields(`{${members.join(',').slice(0, 1_500_000)}":1}`);
  expect(found.length).toBeLessThanOrEqual(100);
  expect(Math.max(...found.map((path) => path.length))).toBeLessThan(1_100);
});
