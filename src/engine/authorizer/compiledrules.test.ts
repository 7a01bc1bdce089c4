import { expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { allow } from '../rbac/allow.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { UserInfo } from './attributes.ts';
import { compileRequest, compileRules, findRule } from './compiledrules.ts';

const many = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const user: UserInfo = { username: 'u', uid: '', groups: [], extra: {} };

function asked(verb: string, apiGroup: string, resource: string, subresource = '', name = '') {
  const attributes = { verb, apiGroup, resource, subresource, name, apiVersion: 'v1', namespace: '' };
  return compileRequest({ kind: 'resource', user, ...attributes });
}

function wide(...more: readonly string[]): PolicyRule {
  const rule = allow('get', 'core', 'pods');
  return { ...rule, apiGroups: many('g', 100), resources: [...many('r', 100), ...more] };
}

test.each([
  ['another group', wide(), asked('get', 'x', 'r1')],
  ['another resource', wide(), asked('get', 'g1', 'x')],
  ['another verb', wide(), asked('list', 'g1', 'r1')],
  ['a subresource', wide(), asked('get', 'g1', 'r1', 'log')],
  ['no name where names are listed', { ...wide(), resourceNames: ['a'] }, asked('get', 'g1', 'r1')],
  ['another name', { ...wide(), resourceNames: ['a'] }, asked('get', 'g1', 'r1', '', 'b')],
])('a rule of very many pairs does not allow %s', (_, rule, request) => {
  expect(findRule(compileRules([rule]), request)).toBeUndefined();
});

test.each([
  ['a pair it names', wide(), asked('get', 'g99', 'r99')],
  ['every resource by a star', wide('*'), asked('get', 'g1', 'x', 'y')],
  ['a subresource by a star before it', wide('*/scale'), asked('get', 'g1', 'x', 'scale')],
  ['a name it lists', { ...wide(), resourceNames: ['a'] }, asked('get', 'g1', 'r1', '', 'a')],
])('a rule of very many pairs allows %s', (_, rule, request) => {
  expect(findRule(compileRules([rule]), request)).toBe(rule);
});

test('of several allowing rules the first is found, whichever is the one of very many pairs', () => {
  const narrow = allow('get', 'g1', 'r1');
  const broad = wide();
  expect(findRule(compileRules([narrow, broad]), asked('get', 'g1', 'r1'))).toBe(narrow);
  expect(findRule(compileRules([broad, narrow]), asked('get', 'g1', 'r1'))).toBe(broad);
});

test('a rule whose pairs would not fit into memory is compiled in a moment', () => {
  const rule = { ...wide(), apiGroups: many('g', 100_000), resources: many('r', 100_000) };
  const spent = processorTimer();
  expect(findRule(compileRules([rule]), asked('get', 'g5', 'r99999'))).toBe(rule);
  expect(spent()).toBeLessThan(2_000);
});
