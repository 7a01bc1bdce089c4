// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PolicyKind } from './document.ts';
import { invalidPrincipalMessage, trustedPrincipalArns } from './trustrules.ts';
import { validatePolicy } from './validate.ts';

const base = { Effect: 'Allow', Action: 'eks:ListClusters', Resource: '*' };
const identity = (change: object, top: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...base, ...change }], ...top });
const trust = (change: object, top: object = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole', ...change }],
    ...top,
  });

function messageOf(text: string, kind: PolicyKind): string | undefined {
  const result = validatePolicy(text, kind);
  return result.ok ? undefined : result.fault.message;
}

const syntax = 'Syntax errors in policy.';
const legacy = 'The policy failed legacy parsing';

test.each([
  ['not JSON', '{"Version":', syntax],
  ['no object', '[]', syntax],
  ['a repeated key (A1)', '{"Version":"2012-10-17","Statement":[],"Statement":[]}', syntax],
  ['a number as version', identity({}, { Version: 2012 }), syntax],
  ['an unknown version', identity({}, { Version: '2012-10-18' }), syntax],
  [
    'the old version (A5)',
    identity({}, { Version: '2008-10-17' }),
    'Policy document must be version 2012-10-17 or greater.',
  ],
  [
    'no version (A5)',
    identity({}, { Version: undefined }),
    'Policy document must be version 2012-10-17 or greater.',
  ],
  ['a statement that is text', identity({}, { Statement: ['x'] }), syntax],
  ['an id that is no text', identity({}, { Id: 1 }), syntax],
  ['an unknown element', identity({ Foo: 1 }), syntax],
  ['an element in the wrong case', identity({ action: 'eks:*' }), syntax],
  ['no effect', identity({ Effect: undefined }), syntax],
  ['an effect in capitals', identity({ Effect: 'ALLOW' }), legacy],
  ['an effect that is no text', identity({ Effect: true }), syntax],
  ['no action', identity({ Action: undefined }), 'Policy statement must contain actions.'],
  ['an empty action list', identity({ Action: [] }), 'Policy statement must contain actions.'],
  [
    'an empty NotAction list',
    identity({ Action: undefined, NotAction: [] }),
    'Policy statement must contain actions.',
  ],
  ['an action that is no text', identity({ Action: [1] }), syntax],
  ['an action that is an object', identity({ Action: { a: 'b' } }), syntax],
  ['nested lists', identity({ Action: [['eks:*']] }), syntax],
  ['no resource', identity({ Resource: undefined }), 'Policy statement must contain resources.'],
  [
    'an empty NotResource list',
    identity({ Resource: undefined, NotResource: [] }),
    'Policy statement must contain resources.',
  ],
  ['a principal', identity({ Principal: '*' }), 'Policy document should not specify a principal.'],
  ['a NotPrincipal', identity({ NotPrincipal: '*' }), 'Policy document should not specify a principal.'],
  [
    'an action without prefix',
    identity({ Action: 'Describe*' }),
    'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
  ],
  [
    'an action with two colons',
    identity({ Action: 'eks:a:b' }),
    'Actions/Condition can contain only one colon.',
  ],
  ['a wildcard in the prefix', identity({ Action: 'ek?:*' }), 'Vendor ek? is not valid'],
  ['an empty prefix', identity({ Action: ':x' }), 'Vendor  is not valid'],
  ['an empty action name', identity({ Action: 'eks:' }), legacy],
  [
    'a resource that is no ARN',
    identity({ Resource: 'x:y:z' }),
    'Resource x:y:z must be in ARN format or "*".',
  ],
  ['two stars', identity({ Resource: '**' }), 'Resource ** must be in ARN format or "*".'],
  ['a short ARN', identity({ Resource: 'arn:aws:eks:*' }), legacy],
  [
    'an unknown partition',
    identity({ Resource: 'arn:foo:eks:::x' }),
    'Partition "foo" is not valid for resource "arn:foo:eks:::x".',
  ],
  [
    'a wildcard service',
    identity({ Resource: 'arn:aws:e*s:::x' }),
    'Resource vendor must be fully qualified and cannot contain regexes.',
  ],
  [
    'a region in an IAM ARN',
    identity({ Resource: 'arn:aws:iam:eu-west-1::user/x' }),
    'IAM resource arn:aws:iam:eu-west-1::user/x cannot contain region information.',
  ],
  [
    'a Sid with a space',
    identity({ Sid: 'a b' }),
    'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
  ],
  [
    'a Sid with a line end',
    identity({ Sid: 'a\n' }),
    'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
  ],
  ['an unknown operator (D11)', identity({ Condition: { StringEqual: { 'aws:username': 'a' } } }), syntax],
  [
    'an operator from the prototype',
    identity({ Condition: { constructor: { 'aws:username': 'a' } } }),
    syntax,
  ],
  ['an unknown set operator', identity({ Condition: { 'ForSome:StringLike': { a: 'b' } } }), syntax],
  ['NullIfExists', identity({ Condition: { NullIfExists: { a: 'true' } } }), syntax],
  ['an operator without keys', identity({ Condition: { StringEquals: 'x' } }), syntax],
  [
    'a condition value that is an object',
    identity({ Condition: { StringEquals: { a: { b: 'c' } } } }),
    syntax,
  ],
  ['a null as condition value', identity({ Condition: { StringEquals: { a: null } } }), syntax],
  ['a date that is none', identity({ Condition: { DateLessThan: { 'aws:CurrentTime': 'soon' } } }), legacy],
  ['an oversize document', identity({ Sid: 'a'.repeat(131_072) }), syntax],
])('an identity policy with %s is refused', (_name, text, message) => {
  expect(messageOf(text, 'identity')).toBe(message);
});

const prohibited = 'AssumeRole policy may only specify STS AssumeRole actions.';

test.each([
  ['a resource', trust({ Resource: '*' }), 'Has prohibited field Resource'],
  ['a NotResource', trust({ NotResource: '*' }), 'Has prohibited field NotResource'],
  ['no principal', trust({ Principal: undefined }), 'Missing required field Principal'],
  ['an empty principal', trust({ Principal: {} }), syntax],
  ['an empty principal list', trust({ Principal: { AWS: [] } }), syntax],
  ['a bare principal', trust({ Principal: '111122223333' }), syntax],
  ['an unknown kind of principal', trust({ Principal: { Group: 'x' } }), syntax],
  [
    'a NotPrincipal',
    trust({ Principal: undefined, NotPrincipal: { AWS: '*' } }),
    'Has prohibited field NotPrincipal',
  ],
  ['another service', trust({ Action: ['sts:AssumeRole', 's3:*'] }), prohibited],
  ['every action', trust({ Action: '*' }), prohibited],
  ['another STS action', trust({ Action: 'sts:GetCallerIdentity' }), prohibited],
  ['NotAction', trust({ Action: undefined, NotAction: 'sts:TagSession' }), prohibited],
  [
    'a wildcard in a principal (A9)',
    trust({ Principal: { AWS: 'arn:aws:iam::111122223333:role/*' } }),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"',
  ],
  [
    'a group',
    trust({ Principal: { AWS: 'arn:aws:iam::111122223333:group/x' } }),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/x"',
  ],
  [
    'a key id',
    trust({ Principal: { AWS: 'AKIAIOSFODNN7EXAMPLE' } }),
    'Invalid principal in policy: "AWS":"AKIAIOSFODNN7EXAMPLE"',
  ],
  [
    'a service that is none',
    trust({ Principal: { Service: '*' } }),
    'Invalid principal in policy: "Service":"*"',
  ],
  [
    'a provider that is none',
    trust({ Principal: { Federated: 'evil.example.com' } }),
    'Invalid principal in policy: "Federated":"evil.example.com"',
  ],
])('a trust policy with %s is refused', (_name, text, message) => {
  expect(messageOf(text, 'trust')).toBe(message);
});

test.each([
  identity({}),
  identity({}, { Id: 'mine' }),
  identity({ Sid: '' }),
  identity({
    Action: 'EKS:describe*',
    Resource: ['arn:aws:eks:*:*:cluster/*', 'arn:*:s3:::b/${aws:username}/*'],
  }),
  identity({
    Action: undefined,
    NotAction: ['iam:*'],
    Resource: undefined,
    NotResource: ['arn:aws:iam::111122223333:role/x'],
  }),
  identity({ Condition: {} }),
  identity({
    Condition: { 'ForAnyValue:StringLikeIfExists': { 'aws:TagKeys': ['a', 1, true] }, Null: { x: false } },
  }),
  identity({ Condition: { DateLessThan: { a: ['2026-11-21T03:00:00Z', '2026-11-21', 1795230000] } } }),
])('the identity policy %s is accepted', (text) => expect(messageOf(text, 'identity')).toBeUndefined());

test.each([
  trust({}, { Version: undefined }),
  trust({ Principal: '*', Action: 'sts:*' }),
  trust({
    Principal: {
      AWS: ['111122223333', 'AROADBQP57FF2AEXAMPLE', 'arn:aws:sts::111122223333:assumed-role/a/bb'],
    },
  }),
  trust({
    Principal: {
      Service: ['eks.amazonaws.com'],
      Federated: 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/1',
    },
  }),
])('the trust policy %s is accepted', (text) => expect(messageOf(text, 'trust')).toBeUndefined());

test('a fault says where it is and what is wrong, apart from AWS’s text', () => {
  const text = '{\n  "Version": "2012-10-17",\n  "Statement": [{\n    "Effect": "allow"\n  }]\n}';
  expect(validatePolicy(text, 'identity')).toEqual({
    ok: false,
    fault: {
      message: legacy,
      detail: '`Effect` is neither `Allow` nor `Deny`',
      position: { line: 4, column: 15 },
    },
  });
});

test('the principals that are pinned to unique ids are the named users and roles, each once', () => {
  const user = 'arn:aws:iam::111122223333:user/ada';
  const role = 'arn:aws:iam::111122223333:role/team/ops';
  const result = validatePolicy(
    trust({
      Principal: {
        AWS: [
          user,
          role,
          user,
          '111122223333',
          'arn:aws:iam::111122223333:root',
          'AIDACKCEVSQ6C2EXAMPLE',
          '*',
        ],
        Service: 'eks.amazonaws.com',
      },
    }),
    'trust',
  );
  expect(result.ok && trustedPrincipalArns(result.document)).toEqual([user, role]);
});

interface Case {
  readonly id: string;
  readonly kind: PolicyKind;
  readonly document: unknown;
  readonly valid: boolean;
  readonly error?: { readonly message?: string };
}

const vectorFile = resolve(import.meta.dirname, '../../../../shared/reference/iam-vectors.json');
/** What IAM answers when there is nobody a trust policy could name: the engine tells whom it has to look up (A11). */
function messageWithoutPrincipals(text: string, kind: PolicyKind): string | undefined {
  const result = validatePolicy(text, kind);
  if (!result.ok) return result.fault.message;
  const [missing] = trustedPrincipalArns(result.document);
  return missing === undefined ? undefined : invalidPrincipalMessage(missing);
}

describe.runIf(existsSync(vectorFile))('the public validation cases', () => {
  test('are answered alike', () => {
    const { validation } = JSON.parse(readFileSync(vectorFile, 'utf8')) as { validation: { cases: Case[] } };
    for (const { id, kind, document, valid, error } of validation.cases) {
      const text = typeof document === 'string' ? document : JSON.stringify(document);
      const message = messageWithoutPrincipals(text, kind);
      expect(message === undefined, id).toBe(valid);
      if (error?.message !== undefined) expect(message, id).toBe(error.message);
    }
    console.log(`${validation.cases.length} validation cases ran`);
    expect(validation.cases.length).toBeGreaterThanOrEqual(50);
  });
});
