import { expect, test } from 'vitest';
import { type JsonNode, parseJson } from './json.ts';

/** What `JSON.parse` would give, to compare with. */
function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
    case 'array':
      return node.items.map(plain);
    case 'number':
      return Number(node.text);
    case 'null':
      return null;
    default:
      return node.value;
  }
}

test.each([
  ['', 1, 1, 'the document ends too early'],
  ['{"a":1,\n  "a":2}', 2, 3, 'the key `a` is repeated'],
  ['{"a":1,\n  "\\u0061":2}', 2, 3, 'the key `a` is repeated'],
  ['{"a":1,}', 1, 8, 'a key in double quotes is expected'],
  ['[1,]', 1, 4, 'a value is expected'],
  ['{a:1}', 1, 2, 'a key in double quotes is expected'],
  ["{'a':1}", 1, 2, 'a key in double quotes is expected'],
  ['{"a" 1}', 1, 6, '`:` is expected'],
  ['{"a":1', 1, 7, '`,` or `}` is expected'],
  ['[1 2]', 1, 4, '`,` or `]` is expected'],
  ['{} x', 1, 4, 'text after the end of the document'],
  ['01', 1, 2, 'text after the end of the document'],
  ['.5', 1, 1, 'a value is expected'],
  ['NaN', 1, 1, 'a value is expected'],
  ['"a\nb"', 1, 3, 'a control character in a string'],
  ['"a', 1, 3, 'a string without an end'],
  ['"\\x41"', 1, 3, 'an unknown escape in a string'],
  ['"\\u12"', 1, 3, '`\\u` needs four hexadecimal digits'],
  ['// comment\n1', 1, 1, 'a value is expected'],
  ['\ufeff{}', 1, 1, 'a value is expected'],
  ['['.repeat(100_000), 1, 34, 'nested deeper than 32'],
])('%j is refused at %d:%d', (text, line, column, detail) => {
  expect(parseJson(text)).toEqual({ ok: false, detail, position: { line, column } });
});

test.each([
  '{"a":[1,-2.5e+3,0,true,false,null,"x"],"b":{"c":{}}}',
  ' \t\r\n["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00", "é😀"] ',
  '"plain"',
  '-0',
  '{"__proto__":1,"constructor":2}',
])('%j reads as JSON.parse reads it', (text) => {
  const result = parseJson(text);
  expect(result.ok && JSON.stringify(plain(result.node))).toBe(JSON.stringify(JSON.parse(text)));
});

test('every value knows where it starts and ends', () => {
  const result = parseJson('{\n  "a": [\n    "xy"\n  ]\n}');
  if (!result.ok || result.node.kind !== 'object') throw new Error('not parsed');
  const list = result.node.members[0]?.value;
  expect(list).toMatchObject({ start: { line: 2, column: 8 }, end: { line: 4, column: 4 } });
  expect(list?.kind === 'array' && list.items[0]).toMatchObject({
    start: { line: 3, column: 5 },
    end: { line: 3, column: 9 },
  });
});

test('random texts are accepted and refused as JSON.parse does, repeated keys aside', () => {
  const seed = Number(process.env.SEED ?? 20261121);
  let state = seed;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-',
    'true',
    'nul',
    'null',
    ' ',
    '\n',
    '"',
    '\\',
    '0.1',
    'e5',
  ];
  for (let run = 0; run < 20_000; run++) {
    let text = '';
    for (let length = random(12); length >= 0; length--) text += pieces[random(pieces.length)];
    let expected = true;
    try {
      JSON.parse(text);
    } catch {
      expected = false;
    }
    const result = parseJson(text);
    if (!result.ok && result.detail.includes('repeated')) continue;
    if (result.ok !== expected) expect(result.ok, `SEED=${seed}: ${JSON.stringify(text)}`).toBe(expected);
  }
});
