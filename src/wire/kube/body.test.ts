import { expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { decodeBody, isWithinDepth, maxJsonDepth, parseYaml } from './body.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const badRequest = expect.objectContaining({ status: expect.objectContaining({ code: 400 }) });

test('JSON and YAML give the same object', () => {
  const object = { kind: 'Role', metadata: { name: 'r' }, rules: [{ verbs: ['get'], n: 1, on: 'yes' }] };
  expect(decodeBody(bytes(JSON.stringify(object)), 'json').object).toEqual(object);
  const yaml = 'kind: Role\nmetadata: {name: r}\nrules:\n- verbs: [get]\n  n: 1\n  on: yes\n';
  expect(decodeBody(bytes(yaml), 'yaml').object).toEqual(object);
  expect(decodeBody(bytes(JSON.stringify(object)), 'yaml').object).toEqual(object);
});

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each([
  ['nothing', ''],
  ['half an object', '{"a":'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a string', '"x"'],
  ['two objects', '{}{}'],
  ['an object nested too deeply', deep(maxJsonDepth + 1)],
  ['an object nested far too deeply', deep(100_000)],
])('a JSON body that is %s is refused with 400', (_, text) => {
  expect(() => decodeBody(bytes(text), 'json')).toThrow(badRequest);
});

test.each([
  ['{"a":[1e999]}', '{"a":[1e308,1.5e22]}'],
  [`{"a":1${'0'.repeat(400)}}`, `{"a":1${'0'.repeat(19)}}`],
  ['{"a":9007199254740993}', '{"a":[9007199254740992,9223372036854775807,-9223372036854775808]}'],
  ['{"a":{"b":-9007199254740995}}', '{"a":{"9007199254740993":"9007199254740993"}}'],
  ['a: .inf\n', 'a: 9007199254740991\n'],
  ['a: 9007199254740993\n', 'a: "9007199254740993"\n'],
])('a number that would be stored as another is refused: %s, not %s', (refused, taken) => {
  expect(() => parseYaml(bytes(refused))).toThrow(badRequest);
  expect(parseYaml(bytes(taken))).toBeDefined();
  if (!refused.startsWith('{')) return;
  expect(() => decodeBody(bytes(refused), 'json')).toThrow(badRequest);
  expect(decodeBody(bytes(taken), 'json').object).toEqual(JSON.parse(taken));
});

test.each([
  ['two documents', 'a: 1\n---\nb: 2\n'],
  ['an alias', 'a: &x {b: 1}\nc: *x\n'],
  [
    'aliases that explode',
    `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}\n`,
  ],
  ['a list', '- a\n'],
  ['a tag', 'a: !!binary aGk=\n'],
  ['a key that is a list', '? [a]\n: 1\n'],
  ['broken', 'a: [\n'],
  ['brackets without end', '['.repeat(200_000)],
  ['block lists without end', '- '.repeat(50_000)],
])('a YAML body with %s is refused with 400', (_, text) => {
  expect(() => decodeBody(bytes(text), 'yaml')).toThrow(badRequest);
});

test('a body that is not UTF-8 is refused', () => {
  expect(() => decodeBody(Uint8Array.from([0x7b, 0xff, 0x7d]), 'json')).toThrow('not UTF-8');
});

test.each([
  ['{"a":1,"spec":{"b":1,"b":2}}', 'json', ['duplicate field "spec.b"']],
  ['{"a":1,"spec":{"b":1,"b":2}}', 'yaml', ['duplicate field "spec.b"']],
  ['a: 1\nb:\n  c: 1\n  c: 2\n', 'yaml', ['yaml: unmarshal errors:\n  line 4: key "c" already set in map']],
  ['a: 1\na:\n  2\n', 'yaml', ['yaml: unmarshal errors:\n  line 3: key "a" already set in map']],
  ['{"a":1}', 'json', []],
] as const)('what %j says twice is told to those who ask', (source, format, expected) => {
  expect(decodeBody(bytes(source), format, { findsRepeated: true }).repeated).toEqual(expected);
  expect(decodeBody(bytes(source), format).repeated).toEqual([]);
});

test('the last of a repeated key counts, in YAML as in JSON', () => {
  expect(decodeBody(bytes('a: 1\na: 2\n'), 'yaml').object).toEqual({ a: 2 });
  expect(decodeBody(bytes('{"a":1,"a":2}'), 'json').object).toEqual({ a: 2 });
});

test('an applied configuration may not repeat a key', () => {
  expect(() => parseYaml(bytes('a: 1\na: 2\n'))).toThrow(badRequest);
});

test('errors do not quote the body', () => {
  expect(() => decodeBody(bytes('{"password": hunter2}'), 'json')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
  expect(() => decodeBody(bytes('password: [hunter2'), 'yaml')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});

test('__proto__ in YAML is a key', () => {
  const value = parseYaml(bytes('__proto__: {polluted: true}\na: 1\n'));
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('depth counts lists and objects', () => {
  expect(isWithinDepth({ a: [{ b: 1 }] }, 3)).toBe(true);
  expect(isWithinDepth({ a: [{ b: 1 }] }, 2)).toBe(false);
});

test.each([
  ['keys of one mapping', Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n')],
  ['errors', 'a: b: \n'.repeat(50_000)],
  ['anchors', Array.from({ length: 30_000 }, (_, i) => `- &a${i} 1`).join('\n')],
])('very many %s in YAML are read in a moment, not in minutes', (_, text) => {
  const spent = processorTimer();
  try {
    parseYaml(bytes(text));
  } catch {
    // Refusing is fine; only the time counts.
  }
  expect(spent()).toBeLessThan(5_000);
});

test('a long YAML body is refused unread, the same as JSON is not', () => {
  const object = { a: 'x'.repeat(600_000) };
  expect(() => parseYaml(bytes(`a: ${object.a}\n`))).toThrow(
    expect.objectContaining({ status: expect.objectContaining({ code: 413 }) }),
  );
  expect(parseYaml(bytes(JSON.stringify(object)))).toEqual(object);
});
