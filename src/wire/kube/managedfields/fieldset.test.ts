import { describe, expect, test } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import {
  difference,
  type FieldSet,
  fieldSetOfPaths,
  intersection,
  isMember,
  noFields,
  pathsOf,
  sameFields,
  union,
  unionOf,
} from './fieldset.ts';
import { decodeFields, encodeFields, keyElement, pathText, valueElement } from './fieldsv1.ts';

describe('fieldsV1 (kubernetes-facts E13)', () => {
  const written = {
    'f:metadata': {
      'f:finalizers': { 'v:"a/b"': {} },
      'f:labels': { '.': {}, 'f:app': {}, 'f:example.com/x': {} },
    },
    'f:spec': {
      'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
      'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': {} },
      'f:replicas': {},
    },
  };

  test('what is read is written again, in order', () => {
    const set = decodeFields(written);
    expect(set && JSON.stringify(encodeFields(set))).toBe(JSON.stringify(written));
  });

  test.each<[string, unknown]>([
    ['keys in another order', { 'k:{"protocol":"TCP","containerPort":80}': {} }],
    ['blanks in the key', { 'k:{ "containerPort": 80, "protocol": "TCP" }': {} }],
  ])('%s name the same element', (_, given) => {
    const expected = keyElement([
      ['protocol', 'TCP'],
      ['containerPort', 80],
    ]);
    expect([...(decodeFields(given as never) ?? new Map()).keys()]).toEqual([expected]);
  });

  test('members, kept apart from what only lies on the way', () => {
    const set = decodeFields({ 'f:a': { 'f:b': {} }, 'f:c': { '.': {}, 'f:d': {} } }) ?? noFields;
    expect(
      [['f:a'], ['f:a', 'f:b'], ['f:c'], ['f:c', 'f:d'], ['f:x']].map((path) => isMember(set, path)),
    ).toEqual([false, true, true, true, false]);
  });

  test('an element of an unknown kind is dropped', () => {
    expect(encodeFields(decodeFields({ 'z:new': {}, 'f:a': {} }) ?? noFields)).toEqual({ 'f:a': {} });
  });

  test.each<[string, unknown]>([
    ['no object', []],
    ['nothing', null],
    ['text in place of children', { 'f:a': 'x' }],
    ['a list in place of children', { 'f:a': [] }],
    ['no colon', { fa: {} }],
    ['no kind', { ':a': {} }],
    ['an empty element', { '': {} }],
    ['a key that is no JSON', { 'k:{"name":': {} }],
    ['a key that is a list', { 'k:["a"]': {} }],
    ['a key without members', { 'k:{}': {} }],
    ['a key of objects', { 'k:{"a":{}}': {} }],
    ['a value that is no JSON', { 'v:x': {} }],
    ['an index that is no number', { 'i:x': {} }],
    ['an endless element', { [`f:${'x'.repeat(10_000)}`]: {} }],
    [
      'a key of too many members',
      { [`k:{${Array.from({ length: 20 }, (_, i) => `"k${i}":1`).join(',')}}`]: {} },
    ],
  ])('%s is malformed', (_, given) => {
    expect(decodeFields(given as never)).toBeUndefined();
  });

  test('names of the prototype are names like others', () => {
    const given = JSON.parse('{"f:__proto__":{"f:constructor":{}},"f:toString":{}}');
    const set = decodeFields(given) ?? noFields;
    expect(JSON.stringify(encodeFields(set))).toBe('{"f:__proto__":{"f:constructor":{}},"f:toString":{}}');
    expect(({} as Record<string, unknown>)['f:constructor']).toBeUndefined();
  });

  test.each<[string, readonly string[]]>([
    ['.spec.replicas', ['f:spec', 'f:replicas']],
    [
      '.spec.template.spec.containers[name="c"].image',
      ['f:spec', 'f:template', 'f:spec', 'f:containers', keyElement([['name', 'c']]), 'f:image'],
    ],
    [
      '.spec.ports[port=80,protocol="TCP"]',
      [
        'f:spec',
        'f:ports',
        keyElement([
          ['protocol', 'TCP'],
          ['port', 80],
        ]),
      ],
    ],
    ['.metadata.finalizers[="a"]', ['f:metadata', 'f:finalizers', valueElement('a')]],
    ['.x[3]', ['f:x', 'i:3']],
  ])('a conflict shows %s (kubernetes-facts E14)', (text, path) => {
    expect(pathText(path)).toBe(text);
  });
});

/** A small seeded generator: the same seed gives the same sets everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const seed = seedOfRun();

describe(`laws of sets (seed ${seed})`, () => {
  const random = randomFrom(seed);
  const names = ['f:a', 'f:b', 'k:{"n":1}', 'v:"x"'];
  const path = () => Array.from({ length: 1 + random(3) }, () => names[random(names.length)] ?? 'f:a');
  const some = (): FieldSet => fieldSetOfPaths(Array.from({ length: random(8) }, path));
  const text = (set: FieldSet): string =>
    [...pathsOf(set)]
      .map((one) => one.join('/'))
      .sort()
      .join(' ');
  const rows = Array.from({ length: 300 }, () => [some(), some(), some()] as const);

  test.each<[string, (a: FieldSet, b: FieldSet, c: FieldSet) => readonly [FieldSet, FieldSet]]>([
    ['a union of many is one after the other', (a, b, c) => [unionOf([a, b, c, a]), union(union(a, b), c)]],
    ['union commutes', (a, b) => [union(a, b), union(b, a)]],
    ['union associates', (a, b, c) => [union(a, union(b, c)), union(union(a, b), c)]],
    ['intersection commutes', (a, b) => [intersection(a, b), intersection(b, a)]],
    [
      'intersection distributes',
      (a, b, c) => [intersection(a, union(b, c)), union(intersection(a, b), intersection(a, c))],
    ],
    [
      'difference and intersection make the whole',
      (a, b) => [union(difference(a, b), intersection(a, b)), a],
    ],
    ['difference leaves nothing in common', (a, b) => [intersection(difference(a, b), b), noFields]],
    ['difference of unions', (a, b, c) => [difference(a, union(b, c)), difference(difference(a, b), c)]],
    ['a set less itself is empty', (a) => [difference(a, a), noFields]],
    ['what is written is read again', (a) => [decodeFields(encodeFields(a)) ?? noFields, a]],
  ])('%s', (_, law) => {
    for (const [a, b, c] of rows) {
      const [left, right] = law(a, b, c);
      expect(text(left)).toBe(text(right));
      expect(sameFields(left, right)).toBe(true);
    }
  });

  test('the algebra is that of plain sets of paths', () => {
    const plain = (set: FieldSet) => new Set([...pathsOf(set)].map((one) => one.join('/')));
    for (const [a, b] of rows) {
      expect(plain(union(a, b))).toEqual(plain(a).union(plain(b)));
      expect(plain(intersection(a, b))).toEqual(plain(a).intersection(plain(b)));
      expect(plain(difference(a, b))).toEqual(plain(a).difference(plain(b)));
    }
  });
});
