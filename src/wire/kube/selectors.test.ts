import { expect, test } from 'vitest';
import { resourceDefinitions } from './resources.ts';
import {
  bindFieldSelector,
  labelSelectorMatches,
  parseFieldSelector,
  parseLabelSelector,
  requiredFieldValue,
} from './selectors.ts';

const labels = { app: 'web', tier: 'front', 'example.com/team': 'a', rank: '5', empty: '' };

test.each<[string, boolean]>([
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app = web', true],
  ['app=db', false],
  ['app!=db', true],
  ['app!=web', false],
  ['missing!=x', true],
  ['missing=', false],
  ['empty=', true],
  ['app in (db,web)', true],
  ['app in (db, cache)', false],
  ['app notin (db)', true],
  ['app notin (web)', false],
  ['missing notin (x)', true],
  ['missing in (x)', false],
  ['empty in ()', true],
  ['empty in (x,)', true],
  ['app', true],
  ['missing', false],
  ['!app', false],
  ['!missing', true],
  ['app=web,tier=front', true],
  ['app=web,tier=back', false],
  ['app=web,!missing,rank>4', true],
  ['rank>5', false],
  ['rank<6', true],
  ['app>1', false],
  ['missing>1', false],
  ['example.com/team=a', true],
  ['toString', false],
  ['!constructor', true],
  ['in in (x)', false],
])('label selector `%s` matches: %s (E17)', (text, expected) => {
  expect(labelSelectorMatches(parseLabelSelector(text), labels)).toBe(expected);
});

test.each([
  'a=b,',
  ',a=b',
  'a=b,,c=d',
  'a in',
  'a in (',
  'a in (b',
  'a in b',
  'a in (b c)',
  'a notin',
  '=b',
  'a=b=c',
  'a=(b)',
  'a b',
  '!a=b',
  '!!a',
  'a>x',
  'a/b/c=d',
  '-a=b',
  'a=-b',
  'a=b!',
  `a=${'x'.repeat(64)}`,
  `${'k'.repeat(64)}=a`,
  'a'.repeat(20_000),
  Array.from({ length: 300 }, (_, index) => `k${index}`).join(','),
  `a in (${Array.from({ length: 1_100 }, (_, index) => index).join(',')})`,
])('label selector %#, `%s`, is refused with 400', (text) => {
  expect(() => parseLabelSelector(text)).toThrow(
    expect.objectContaining({ status: expect.objectContaining({ code: 400, reason: 'BadRequest' }) }),
  );
});

test('labels that are not an object of strings count as none', () => {
  expect(labelSelectorMatches(parseLabelSelector('a'), undefined)).toBe(false);
  expect(labelSelectorMatches(parseLabelSelector('a'), { a: 1 })).toBe(false);
  expect(labelSelectorMatches(parseLabelSelector('!a'), null)).toBe(true);
});

test.each([
  ['a=b', [{ field: 'a', operator: '=', value: 'b' }]],
  ['a==b', [{ field: 'a', operator: '=', value: 'b' }]],
  ['a!=b', [{ field: 'a', operator: '!=', value: 'b' }]],
  ['a=', [{ field: 'a', operator: '=', value: '' }]],
  ['', []],
  [
    'a=b,,c!=d,',
    [
      { field: 'a', operator: '=', value: 'b' },
      { field: 'c', operator: '!=', value: 'd' },
    ],
  ],
  ['a=x\\,y\\=z\\\\', [{ field: 'a', operator: '=', value: 'x,y=z\\' }]],
])('field selector `%s` parses (E17)', (text, expected) => {
  expect(parseFieldSelector(text)).toEqual(expected);
});

test.each(['a', 'a,b=c', 'a=b=c', 'a=\\x', 'a=b\\', 'a'.repeat(20_000), 'a=b,'.repeat(300)])(
  'field selector %#, `%s`, is refused with 400',
  (text) => {
    expect(() => parseFieldSelector(text)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 400 }) }),
    );
  },
);

test('only an equality pins a field', () => {
  expect(requiredFieldValue(parseFieldSelector('metadata.name!=a'), 'metadata.name')).toBeUndefined();
  expect(requiredFieldValue(parseFieldSelector('x=1,metadata.name=a'), 'metadata.name')).toBe('a');
});

const pods = { group: '', resource: 'pods' };
const pod = {
  metadata: { name: 'p', namespace: 'a' },
  spec: { nodeName: 'n1' },
  status: { phase: 'Running' },
};

test.each<[string, boolean]>([
  ['metadata.name=p,metadata.namespace=a', true],
  ['spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed', true],
  ['spec.nodeName!=n1', false],
  ['spec.hostNetwork=false', true],
  ['status.podIP=', true],
])('field selector `%s` matches the pod: %s', (text, expected) => {
  expect(bindFieldSelector(pods, parseFieldSelector(text)).matches(pod)).toBe(expected);
});

test.each([
  [pods, 'x=y', 'field label not supported: x'],
  [pods, 'type=y', 'field label not supported: type'],
  [pods, 'constructor=y', 'field label not supported: constructor'],
  [
    { group: '', resource: 'configmaps' },
    'data.k=y',
    '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
])('a field the resource cannot be selected by is refused: %#', (definition, text, message) => {
  expect(() => bindFieldSelector(definition, parseFieldSelector(text))).toThrow(message);
});

test('every resource can be selected by name and namespace', () => {
  for (const definition of resourceDefinitions) {
    const bound = bindFieldSelector(definition, parseFieldSelector('metadata.name=p,metadata.namespace=a'));
    expect(bound.matches(pod)).toBe(true);
  }
});

test('what kubectl describe asks events for is known (D3.8)', () => {
  const text =
    'involvedObject.name=p,involvedObject.namespace=a,involvedObject.uid=u,involvedObject.kind=Pod,involvedObject.apiVersion=v1,reason=,type=,source=';
  expect(() => bindFieldSelector({ group: '', resource: 'events' }, parseFieldSelector(text))).not.toThrow();
});
