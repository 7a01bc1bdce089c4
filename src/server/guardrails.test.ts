import { describe, expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import { parseGuardrails } from './guardrails.ts';

const document = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = { Effect: 'Allow', Action: '*', Resource: '*' };
const deny = { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' };
const everybody = { ...deny, Principal: '*' };

const serviceControl = (text: string) =>
  parseGuardrails({ serviceControl: [{ name: 'a.json', text }], resourceControl: [] });
const resourceControl = (text: string) =>
  parseGuardrails({ serviceControl: [], resourceControl: [{ name: 'a.json', text }] });

describe('refused, with the place', () => {
  test.each([
    ['no JSON', '{\n  "Version"', 'line 2, column 12: '],
    ['nothing', '', 'line 1, column 1: '],
    [
      'an unknown element',
      '{\n  "Version": "2012-10-17",\n  "Statements": []\n}',
      'line 3, column 3: unknown element `Statements`',
    ],
    ['a principal', document({ ...allow, Principal: '*' }), '`Principal` in a policy that is attached'],
    ['an old version', JSON.stringify({ Statement: allow }), '`Version` is not `2012-10-17`'],
    ['an action without service', document({ ...deny, Action: 'AssumeRole' }), 'has no service prefix'],
    ['an unknown operator', document({ ...deny, Condition: { Equals: { 'aws:x': 'y' } } }), '`Equals`'],
  ])('a service control policy: %s', (_, text, message) => {
    expect(() => serviceControl(text)).toThrow(ConfigError);
    expect(() => serviceControl(text)).toThrow('--service-control-policy `a.json` line ');
    expect(() => serviceControl(text)).toThrow(message);
  });

  test.each([
    ['no principal', document(deny), 'no `Principal`'],
    ['an allow, which would limit nothing', document({ ...everybody, Effect: 'Allow' }), 'can only deny'],
    [
      'a principal by name',
      document({ ...deny, Principal: { AWS: ['*', 'arn:aws:iam::111122223333:user/ada'] } }),
      'is `*`',
    ],
    ['a service', document({ ...deny, Principal: { Service: '*' } }), 'is `*`'],
    ['an old version', JSON.stringify({ Statement: everybody }), '`Version` is not `2012-10-17`'],
  ])('a resource control policy: %s', (_, text, message) => {
    expect(() => resourceControl(text)).toThrow(ConfigError);
    expect(() => resourceControl(text)).toThrow('--resource-control-policy `a.json` line ');
    expect(() => resourceControl(text)).toThrow(message);
  });
});

test('without files there are no guardrails', () => {
  expect(parseGuardrails({ serviceControl: [], resourceControl: [] })).toBeUndefined();
});

test('each file is a level', () => {
  const file = (name: string, text: string) => ({ name, text });
  const guardrails = parseGuardrails({
    serviceControl: [file('a.json', document(allow)), file('b.json', document(allow, deny))],
    resourceControl: [file('c.json', document(everybody))],
  });
  expect(guardrails?.serviceControl?.map((level) => level.map(({ kind }) => kind))).toEqual([
    ['scp'],
    ['scp'],
  ]);
  expect(guardrails?.resourceControl?.map((level) => level.map(({ kind }) => kind))).toEqual([['rcp']]);
});

test('what is not given stays absent: no level is not an empty list of levels', () => {
  expect(Object.keys(serviceControl(document(allow)) ?? {})).toEqual(['serviceControl']);
  expect(Object.keys(resourceControl(document(everybody)) ?? {})).toEqual(['resourceControl']);
});
