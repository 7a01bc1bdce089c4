import { expect, test } from 'vitest';
import { allow, allowUrls } from '../../engine/rbac/allow.ts';
import { ruleText } from './rules.ts';

test.each([
  [allow('get list', 'core', 'pods'), 'get, list pods'],
  [allow('create', 'apps', 'deployments'), 'create deployments.apps'],
  [allow('update', 'apps', 'deployments/scale'), 'update deployments.apps/scale'],
  [allow('*', '*', '*'), '* *.*'],
  [allowUrls('get', '/metrics'), 'get /metrics'],
  [
    { ...allow('get', 'core', 'secrets'), resourceNames: ['db', 'x\u001b[2J'] },
    'get secrets named db, x\\u001b[2J',
  ],
])('%j reads %s', (rule, text) => {
  expect(ruleText(rule)).toBe(text);
});

test('a long list is cut', () => {
  const resources = Array.from({ length: 15 }, (_, at) => `r${at}`);
  expect(ruleText({ ...allow('get', 'core', 'x'), resources })).toMatch(/r11 and 3 more$/);
});
