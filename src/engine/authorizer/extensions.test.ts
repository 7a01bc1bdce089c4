/** What access entries have beyond EKS's: policies of the account's own, associations that end, entries for many roles. */
import { describe, expect, test } from 'vitest';
import type { CustomPolicy } from '../accesspolicies/custom.ts';
import { allow, allowUrls } from '../rbac/allow.ts';
import { type Attributes, principalIdExtraKey, type UserInfo } from './attributes.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import type { EntryPolicies } from './policyindex.ts';

const account = '111122223333';
const opsArn = `arn:aws:iam::${account}:role/Ops`;
const ownArn = `arn:aws:eks::${account}:cluster-access-policy/readers`;
const viewArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
const readers: CustomPolicy = {
  policyArn: ownArn,
  name: 'readers',
  version: 3,
  rules: [allow('get', 'core', 'pods'), allowUrls('get', '/healthz')],
};
const everywhere = { type: 'cluster', namespaces: [] } as const;

const user = (roleName = 'Ops', principalId = 'AROAOPS'): UserInfo => ({
  username: 'somebody',
  uid: `aws-iam-authenticator:${account}:${principalId}`,
  groups: [],
  extra: { [principalIdExtraKey]: [principalId] },
  principal: {
    principalId,
    canonicalArn: `arn:aws:iam::${account}:role/${roleName}`,
    username: 'somebody',
  },
});
const gettingPods = (who: UserInfo, namespace = 'dev'): Attributes => ({
  kind: 'resource',
  user: who,
  verb: 'get',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace,
  name: 'p',
});
const entry = (
  change: Partial<EntryPolicies> = {},
  policyArn = ownArn,
  expiresAt?: number,
): EntryPolicies => ({
  principalArn: opsArn,
  principalId: 'AROAOPS',
  associatedPolicies: [{ policyArn, accessScope: everywhere, ...(expiresAt !== undefined && { expiresAt }) }],
  ...change,
});

let now = 0;
const authorizer = (...entries: readonly EntryPolicies[]): Authorizer => {
  now = 1_000;
  const created = createAuthorizer({ partition: 'aws', now: () => now });
  for (const one of entries) created.applyEntry(one);
  return created;
};
const outcome = (decider: Authorizer, attributes: Attributes): string => {
  const { decision, evidence } = decider.authorize(attributes);
  return evidence.by === 'nothing' ? (evidence.misses[0]?.code ?? '') : decision;
};

describe('an account’s own policy', () => {
  test('grants nothing before it is known and after it is gone', () => {
    const decider = authorizer(entry());
    expect(outcome(decider, gettingPods(user()))).toBe('unknownPolicy');
    decider.applyPolicy(readers);
    expect(outcome(decider, gettingPods(user()))).toBe('allow');
    decider.removePolicy(ownArn);
    expect(outcome(decider, gettingPods(user()))).toBe('unknownPolicy');
  });

  test('of another account is not taken for one of the same name', () => {
    const decider = authorizer(entry({}, ownArn.replace(account, '444455556666')));
    decider.applyPolicy(readers);
    expect(outcome(decider, gettingPods(user()))).toBe('unknownPolicy');
  });

  test('cannot stand in for one of AWS', () => {
    const decider = authorizer(entry({}, viewArn));
    decider.applyPolicy({ ...readers, policyArn: viewArn, rules: [allow('*', '*', '*')] });
    expect(outcome(decider, { ...gettingPods(user()), resource: 'secrets' } as Attributes)).toBe('noRule');
  });

  test('counts at once in its new version, and the evidence names it', () => {
    const decider = authorizer(entry());
    decider.applyPolicy(readers);
    expect(decider.authorize(gettingPods(user()))).toMatchObject({
      reason: `EKS Access Policy: allowed by ClusterRoleBinding "${opsArn}+${ownArn}" of ClusterRole "${ownArn}" to User "AROAOPS"`,
      evidence: { policyArn: ownArn, version: 3, rule: readers.rules[0] },
    });
    decider.applyPolicy({ ...readers, version: 4, rules: [allow('list', 'core', 'pods')] });
    expect(outcome(decider, gettingPods(user()))).toBe('noRule');
  });

  test('allows paths where its scope is the cluster, and nowhere else', () => {
    const path: Attributes = { kind: 'nonResource', user: user(), verb: 'get', path: '/healthz' };
    const decider = authorizer(entry());
    decider.applyPolicy(readers);
    expect(outcome(decider, path)).toBe('allow');
    decider.applyEntry({
      ...entry(),
      associatedPolicies: [{ policyArn: ownArn, accessScope: { type: 'namespace', namespaces: ['*'] } }],
    });
    expect(outcome(decider, path)).toBe('scopeLacksNamespace');
  });
});

describe('an association that ends', () => {
  test.each([
    [1_999, 'allow'],
    [2_000, 'expired'],
    [Number.NaN, 'expired'],
  ])('at %d', (time, expected) => {
    const decider = authorizer(entry({}, viewArn, 2_000));
    now = time;
    expect(outcome(decider, gettingPods(user()))).toBe(expected);
    expect(decider.authorizeByPolicies(gettingPods(user())).decision).toBe(
      expected === 'allow' ? 'allow' : 'noOpinion',
    );
  });

  test('is named with its end, while it holds and after', () => {
    const decider = authorizer(entry({}, viewArn, 2_000));
    expect(decider.authorize(gettingPods(user())).evidence).toMatchObject({ expiresAt: 2_000 });
    now = 3_000;
    expect(decider.authorize(gettingPods(user())).evidence).toMatchObject({
      misses: [
        {
          code: 'expired',
          message: 'access policy `AmazonEKSViewPolicy` allowed this until 1970-01-01T00:00:02.000Z',
        },
        {},
      ],
    });
  });

  test('leaves the others of its entry alone', () => {
    const decider = authorizer({
      ...entry(),
      associatedPolicies: [
        { policyArn: ownArn, accessScope: everywhere, expiresAt: 500 },
        { policyArn: viewArn, accessScope: everywhere },
      ],
    });
    decider.applyPolicy(readers);
    expect(decider.authorize(gettingPods(user())).evidence).toMatchObject({ policyArn: viewArn });
  });
});

describe('an entry for many roles', () => {
  const set = `arn:aws:iam::${account}:role/AWSReservedSSO_View_*`;
  const matcher = (principalArn: string, policyArn = viewArn) =>
    entry({ principalArn, principalId: '' }, policyArn);
  const reader = user('AWSReservedSSO_View_0123456789abcdef', 'AROASET');

  test('gives its policies to the roles it means, under their own ids', () => {
    expect(authorizer(matcher(set)).authorize(gettingPods(reader))).toMatchObject({
      decision: 'allow',
      reason: expect.stringContaining('to User "AROASET"'),
      evidence: { principalArn: set, principalId: 'AROASET' },
    });
  });

  test.each<[string, UserInfo]>([
    ['a set whose name begins alike', user('AWSReservedSSO_View_Only_0123456789abcdef', 'AROAX')],
    ['a role that only looks like one', user('AWSReservedSSO_View_0123456789abcdefg', 'AROAX')],
    ['an impersonated user', { ...reader, impersonated: true }],
  ])('gives nothing to %s', (_, who) => {
    expect(authorizer(matcher(set)).authorize(gettingPods(who)).decision).toBe('noOpinion');
  });

  test.each<[string, EntryPolicies]>([
    ['its own entry', { principalArn: '', principalId: 'AROASET', associatedPolicies: [] }],
    [
      'an entry of an earlier role of its name',
      { principalArn: '', principalId: 'AROAOLD', associatedPolicies: [] },
    ],
    ['an entry that waits for it', { principalArn: '', principalId: '', associatedPolicies: [] }],
  ])('gives nothing to a role that has %s', (_, other) => {
    const principalArn = `arn:aws:iam::${account}:role/AWSReservedSSO_View_0123456789abcdef`;
    const decider = authorizer(matcher(set), { ...other, principalArn });
    expect(decider.authorize(gettingPods(reader)).decision).toBe('noOpinion');
    decider.removeEntry(principalArn);
    expect(decider.authorize(gettingPods(reader)).decision).toBe('allow');
    decider.removeEntry(set);
    expect(decider.authorize(gettingPods(reader)).decision).toBe('noOpinion');
  });

  test('that counts first alone decides: nothing is added up', () => {
    const wide = `arn:aws:iam::${account}:role/AWSReservedSSO_*`;
    const decider = authorizer(matcher(wide, viewArn), matcher(set, ownArn));
    expect(outcome(decider, gettingPods(reader))).toBe('unknownPolicy');
  });

  test('an entry that waits for its first use grants nothing', () => {
    const decider = authorizer(entry({ principalId: '' }, viewArn));
    expect(outcome(decider, gettingPods(user()))).toBe('awaitsFirstUse');
    expect(outcome(decider, gettingPods(user('Ops', '')))).toBe('impersonated');
  });
});
