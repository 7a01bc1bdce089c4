import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { allow, allowUrls } from '../rbac/allow.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import {
  activePrincipal,
  principalIdExtraKey,
  type ResourceAttributes,
  type UserInfo,
} from './attributes.ts';
import { createAuthorizer } from './authorizer.ts';

const roleArn = 'arn:aws:iam::111122223333:role/team/Ops';
const adminPolicy = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy';

const plain: UserInfo = { username: 'ada', uid: '', groups: [], extra: {} };
const ops: UserInfo = {
  username: 'arn:aws:sts::111122223333:assumed-role/Ops/s',
  uid: 'aws-iam-authenticator:111122223333:AROAOPS',
  groups: [],
  extra: { [principalIdExtraKey]: ['AROAOPS'] },
  principal: {
    principalId: 'AROAOPS',
    canonicalArn: 'arn:aws:iam::111122223333:role/Ops',
    username: 'arn:aws:sts::111122223333:assumed-role/Ops/s',
  },
};

const asking = (user: UserInfo, change: Partial<ResourceAttributes> = {}): ResourceAttributes => ({
  kind: 'resource',
  user,
  verb: 'get',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'dev',
  name: 'p',
  ...change,
});

function withAdminEntry(scope: readonly string[] = []) {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  authorizer.applyEntry({
    principalArn: roleArn,
    principalId: 'AROAOPS',
    associatedPolicies: [
      {
        policyArn: adminPolicy,
        accessScope: { type: scope.length > 0 ? 'namespace' : 'cluster', namespaces: scope },
      },
    ],
  });
  return authorizer;
}

describe('access policies belong to the authenticated principal alone', () => {
  const { principal: _, ...unmarked } = ops;
  test.each<[string, UserInfo]>([
    ['a user without the mark, whatever its extra says (Impersonate-Extra)', unmarked],
    ['the caller’s own value with the name exchanged', { ...ops, username: 'bob' }],
    ['an impersonated user', { ...ops, impersonated: true }],
    [
      'a copy of the caller under another name',
      { ...plain, principal: ops.principal ?? { principalId: '', canonicalArn: '', username: '' } },
    ],
    ['a copy whose uid is another’s', { ...ops, uid: 'aws-iam-authenticator:111122223333:AROAELSE' }],
    ['a copy whose uid only ends alike', { ...ops, uid: 'aws-iam-authenticator:111122223333:XAROAOPS' }],
    ['a copy with a foreign uid', { ...ops, uid: 'oidc:x:AROAOPS' }],
    ['the extra key in lower case', { ...ops, extra: { [principalIdExtraKey.toLowerCase()]: ['AROAOPS'] } }],
    ['two principal ids', { ...ops, extra: { [principalIdExtraKey]: ['AROAOPS', 'AROAOPS'] } }],
    ['an inherited extra key', { ...ops, extra: Object.create({ [principalIdExtraKey]: ['AROAOPS'] }) }],
  ])('%s gets nothing from them', (_, user) => {
    expect(activePrincipal(user)).toBeUndefined();
    expect(withAdminEntry().authorize(asking(user)).decision).toBe('noOpinion');
  });

  test('a role re-created under the same ARN does not match the old entry', () => {
    const recreated: UserInfo = {
      ...ops,
      uid: 'aws-iam-authenticator:111122223333:AROANEW',
      extra: { [principalIdExtraKey]: ['AROANEW'] },
      principal: {
        principalId: 'AROANEW',
        canonicalArn: 'arn:aws:iam::111122223333:role/Ops',
        username: ops.username,
      },
    };
    const decision = withAdminEntry().authorize(asking(recreated));
    expect(decision).toMatchObject({
      decision: 'noOpinion',
      evidence: { by: 'nothing', misses: [{ source: 'accessPolicy', code: 'recreatedPrincipal' }, {}] },
    });
  });

  test('an entry found by id under another ARN does not match (B17)', () => {
    const renamed = {
      ...ops,
      principal: {
        principalId: 'AROAOPS',
        canonicalArn: 'arn:aws:iam::111122223333:role/Else',
        username: ops.username,
      },
    };
    expect(withAdminEntry().authorize(asking(renamed)).decision).toBe('noOpinion');
  });

  test('mode CONFIG_MAP ignores entries, and says so', () => {
    const authorizer = withAdminEntry();
    authorizer.useEntries(false);
    expect(authorizer.authorize(asking(ops)).evidence).toMatchObject({
      misses: [{ code: 'modeIgnoresEntries' }, {}],
    });
    authorizer.useEntries(true);
    expect(authorizer.authorize(asking(ops)).decision).toBe('allow');
  });

  test('a removed entry grants nothing any more', () => {
    const authorizer = withAdminEntry();
    authorizer.removeEntry(roleArn);
    expect(authorizer.authorize(asking(ops)).decision).toBe('noOpinion');
  });

  test.each([
    ['a cluster-scoped resource', { resource: 'nodes', namespace: '' }],
    ['a list across namespaces', { verb: 'list', namespace: '', name: '' }],
    ['all Namespaces', { verb: 'list', resource: 'namespaces', namespace: '', name: '' }],
    ['another namespace', { namespace: 'prod' }],
    ['the Namespace object of another', { resource: 'namespaces', namespace: 'prod', name: 'prod' }],
  ])('a scope of namespaces does not hold for %s', (_, change) =>
    expect(withAdminEntry(['dev', 'dev-*']).authorize(asking(ops, change)).evidence).toMatchObject({
      by: 'nothing',
      misses: [{ code: 'scopeLacksNamespace' }, {}],
    }),
  );

  test('a scope of namespaces does not hold for a URL', () => {
    const url = { kind: 'nonResource', user: ops, verb: 'get', path: '/metrics' } as const;
    expect(withAdminEntry(['*']).authorize(url).decision).toBe('noOpinion');
    expect(withAdminEntry().authorize(url).decision).toBe('allow');
  });

  test('the Namespace object itself is inside its scope (A5)', () => {
    const get = asking(ops, { resource: 'namespaces', namespace: 'dev', name: 'dev' });
    expect(withAdminEntry(['dev']).authorize(get).decision).toBe('allow');
  });

  test('the reason is the one EKS writes to the audit log (C11)', () => {
    expect(withAdminEntry().authorize(asking(ops)).reason).toBe(
      `EKS Access Policy: allowed by ClusterRoleBinding "${roleArn}+${adminPolicy}" of ClusterRole "${adminPolicy}" to User "AROAOPS"`,
    );
  });
});

describe('RBAC', () => {
  const bound = (...objects: Parameters<ReturnType<typeof createAuthorizer>['applyObject']>[0][]) => {
    const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
    for (const object of objects) authorizer.applyObject(object);
    return authorizer;
  };
  const reader = {
    kind: 'ClusterRole',
    name: 'reader',
    labels: {},
    rules: [allow('get', 'core', 'pods')],
  } as const;
  const ada = [{ kind: 'User', name: 'ada', namespace: '' }] as const;
  const roleRef = { kind: 'ClusterRole', name: 'reader' } as const;

  test.each(['', 'dev'])('a RoleBinding of no namespace allows nothing in `%s` (B5)', (namespace) => {
    const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
    const rules = [allow('get', 'core', 'pods')];
    authorizer.applyObject({ kind: 'ClusterRole', name: 'r', labels: {}, rules });
    authorizer.applyObject({ kind: 'Role', name: 'r', namespace: '', rules });
    const subjects = [{ kind: 'User', name: 'ada', namespace: '' }] as const;
    for (const kind of ['ClusterRole', 'Role'] as const) {
      const roleRef = { kind, name: 'r' };
      authorizer.applyObject({ kind: 'RoleBinding', name: kind, namespace: '', roleRef, subjects });
    }
    authorizer.applyObject({
      ...{ kind: 'ClusterRoleBinding', name: 'of-a-role', roleRef: { kind: 'Role', name: 'r' } },
      subjects,
    });
    expect(authorizer.authorize(asking(plain, { namespace })).decision).toBe('noOpinion');
    expect(authorizer.grantsFor(plain)).toEqual([]);
  });

  test('a ClusterRoleBinding that becomes one of a Role no longer counts (B13)', () => {
    const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
    authorizer.applyObject({
      kind: 'ClusterRole',
      name: 'r',
      labels: {},
      rules: [allow('get', 'core', 'pods')],
    });
    const subjects = [{ kind: 'User', name: 'ada', namespace: '' }] as const;
    const bind = (kind: 'ClusterRole' | 'Role') =>
      authorizer.applyObject({
        kind: 'ClusterRoleBinding',
        name: 'b',
        roleRef: { kind, name: 'r' },
        subjects,
      });
    bind('ClusterRole');
    expect(authorizer.authorize(asking(plain)).decision).toBe('allow');
    bind('Role');
    expect(authorizer.authorize(asking(plain)).decision).toBe('noOpinion');
  });

  test('a RoleBinding of another namespace allows nothing here and is the nearest miss', () => {
    const authorizer = bound(reader, {
      kind: 'RoleBinding',
      name: 'b',
      namespace: 'prod',
      roleRef,
      subjects: ada,
    });
    const decision = authorizer.authorize(asking(plain));
    expect(decision).toMatchObject({ decision: 'noOpinion', reason: '' });
    expect(decision.evidence).toMatchObject({ misses: [{ source: 'rbac', code: 'otherNamespace' }, {}] });
  });

  test('a missing role is told in the reason and mended when the role comes', () => {
    const authorizer = bound({ kind: 'ClusterRoleBinding', name: 'b', roleRef, subjects: ada });
    const decision = authorizer.authorize(asking(plain));
    expect(decision.reason).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "reader" not found');
    expect(decision.evidence).toMatchObject({ misses: [{ code: 'missingRole' }, {}] });
    authorizer.applyObject(reader);
    expect(authorizer.authorize(asking(plain)).decision).toBe('allow');
    authorizer.removeObject({ kind: 'ClusterRole', namespace: '', name: 'reader' });
    expect(authorizer.authorize(asking(plain)).decision).toBe('noOpinion');
  });

  test('a RoleBinding to a ClusterRole gives no URLs (B7)', () => {
    const urls = { ...reader, rules: [allowUrls('*', '*')] };
    const authorizer = bound(urls, {
      kind: 'RoleBinding',
      name: 'b',
      namespace: 'dev',
      roleRef,
      subjects: ada,
    });
    const decision = authorizer.authorize({
      kind: 'nonResource',
      user: plain,
      verb: 'get',
      path: '/metrics',
    });
    expect(decision.decision).toBe('noOpinion');
  });

  test('the subject of the reason is the first that matches, not the one that was looked up (B6)', () => {
    const subjects = [{ kind: 'Group', name: 'g', namespace: '' }, ...ada] as const;
    const authorizer = bound(reader, { kind: 'ClusterRoleBinding', name: 'b', roleRef, subjects });
    expect(authorizer.authorize(asking({ ...plain, groups: ['g'] })).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "g"',
    );
  });

  test('system:masters needs no binding, and no reason is given (B11)', () => {
    expect(bound().authorize(asking({ ...plain, groups: ['system:masters'] }))).toEqual({
      decision: 'allow',
      reason: '',
      evidence: { by: 'systemMasters' },
    });
    expect(bound().authorize(asking({ ...plain, username: 'system:masters' })).decision).toBe('noOpinion');
  });

  test('a refusal does not name what everybody has, but that nothing was given to this user', () => {
    const everybody = [{ kind: 'Group', name: 'system:authenticated', namespace: '' }] as const;
    const { evidence } = bound(reader, {
      kind: 'ClusterRoleBinding',
      name: 'basics',
      roleRef,
      subjects: everybody,
    }).authorize(asking({ ...plain, groups: ['system:authenticated'] }, { verb: 'delete' }));
    expect(evidence).toMatchObject({
      by: 'nothing',
      misses: [{ code: 'noBinding' }, { code: 'noPrincipal' }],
    });
  });

  test('a change of a role that feeds an aggregation reaches its users', () => {
    const selector = { matchLabels: { feeds: 'view' }, matchExpressions: [] };
    const feeder = { ...reader, name: 'feeder', labels: { feeds: 'view' } };
    const authorizer = bound(
      { kind: 'ClusterRoleBinding', name: 'b', roleRef, subjects: ada },
      { ...reader, rules: [allow('*', '*', '*')], aggregationRule: { clusterRoleSelectors: [selector] } },
      feeder,
    );
    expect(authorizer.authorize(asking(plain)).decision).toBe('allow');
    expect(authorizer.authorize(asking(plain, { verb: 'delete' })).decision).toBe('noOpinion');
    authorizer.applyObject({ ...feeder, labels: {} });
    expect(authorizer.authorize(asking(plain)).decision).toBe('noOpinion');
  });

  test('rules for a review are the raw rules; a principal with policies makes them incomplete (B22)', () => {
    const rules = [...reader.rules, allowUrls('get', '/x')];
    const authorizer = bound(
      { ...reader, rules },
      { kind: 'ClusterRoleBinding', name: 'b', roleRef, subjects: ada },
    );
    expect(authorizer.rulesFor(plain, 'dev')).toEqual({
      resourceRules: reader.rules,
      nonResourceRules: [allowUrls('get', '/x')],
      incomplete: false,
      evaluationError: '',
    });
    expect(withAdminEntry().rulesFor(ops, 'dev')).toEqual({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'webhook authorizer does not support user rule resolution',
    });
    expect(withAdminEntry().rbacRulesFor(ops, 'dev')).toEqual({ rules: [], errors: [] });
  });
});

test('a user who is bound to long roles over and over is told of each role once, and of no more than can be held', () => {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  const bound = (name: string, rules: readonly PolicyRule[]): void => {
    authorizer.applyObject({ kind: 'ClusterRole', name, labels: {}, rules });
    for (let at = 0; at < 500; at++) {
      authorizer.applyObject({
        kind: 'ClusterRoleBinding',
        name: `${name}-${at}`,
        roleRef: { kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name: plain.username, namespace: '' }],
      });
    }
  };
  const long = Array.from({ length: 60_000 }, (_, at) => allow('get', 'core', `kind${at}`));
  bound('long', long);
  expect(authorizer.rulesFor(plain, 'dev')).toMatchObject({ incomplete: false, evaluationError: '' });
  expect(authorizer.rulesFor(plain, 'dev').resourceRules).toEqual(long);
  bound('longer', long);
  expect(authorizer.rulesFor(plain, 'dev')).toMatchObject({
    incomplete: true,
    evaluationError: 'there are more rules than can be listed',
  });
  const held = authorizer.rbacRulesFor(plain, 'dev');
  expect([held.rules.length, held.errors]).toEqual([60_000, ['there are more rules than can be listed']]);
});

test('roles that all select everything many times end soon, and grant nothing', () => {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  const everything = { matchLabels: {}, matchExpressions: [] };
  const spent = processorTimer();
  authorizer.applyObject({
    kind: 'ClusterRole',
    name: 'reader',
    labels: {},
    rules: [allow('get', 'core', 'pods')],
  });
  for (let at = 0; at < 200; at++) {
    authorizer.applyObject({
      kind: 'ClusterRole',
      name: `all-${at}`,
      labels: {},
      rules: [],
      aggregationRule: { clusterRoleSelectors: Array.from({ length: 200 }, () => everything) },
    });
  }
  authorizer.applyObject({
    kind: 'ClusterRoleBinding',
    name: 'b',
    roleRef: { kind: 'ClusterRole', name: 'all-0' },
    subjects: [{ kind: 'User', name: 'ada', namespace: '' }],
  });
  expect(authorizer.authorize(asking(plain)).decision).toBe('noOpinion');
  expect(authorizer.roleRules('ClusterRole', '', 'all-0')).toBeUndefined();
  expect(spent()).toBeLessThan(20_000);
});
