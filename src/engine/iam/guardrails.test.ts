import { describe, expect, test } from 'vitest';
import { type CompiledPolicy, compileStoredPolicy } from './compile.ts';
import { denialText } from './denial.ts';
import type { PolicyKind } from './document.ts';
import { evaluate, type PolicySet } from './evaluate.ts';
import type { RequestPrincipal } from './request.ts';
import { own, role, root, ada as user } from './testworld.ts';

const service: RequestPrincipal = { kind: 'service', name: 'pods.eks.amazonaws.com' };

const policy = (kind: PolicyKind, ...Statement: object[]): CompiledPolicy =>
  compileStoredPolicy(
    JSON.stringify({ Version: '2012-10-17', Statement }),
    kind,
    { type: kind === 'identity' ? 'managed' : kind, name: kind, arn: `arn:aws:iam::${own}:policy/${kind}` },
    'unpinned',
  );
const allow = (Action: string) => ({ Effect: 'Allow', Action, Resource: '*' });
const deny = (Action: string) => ({ Effect: 'Deny', Action, Resource: '*' });
const everybody = (statement: object) => ({ ...statement, Principal: '*' });

const identity = [policy('identity', allow('*'))];
const full = policy('scp', allow('*'));
const trust = policy('trust', {
  Effect: 'Allow',
  Principal: { AWS: own, Service: 'pods.eks.amazonaws.com' },
  Action: 'sts:AssumeRole',
});

function ask(principal: RequestPrincipal, policies: PolicySet, action = 'eks:DeleteCluster') {
  const resource = action === 'sts:AssumeRole' ? role : `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
  return evaluate({ principal, action, resource, resourceAccountId: own }, policies);
}

describe('service control policies (E8)', () => {
  test.each<[string, readonly CompiledPolicy[][], string, string]>([
    ['no policy at a level', [[full], []], 'implicitDeny', 'scp'],
    ['a level that allows less', [[full], [policy('scp', allow('s3:*'))], [full]], 'implicitDeny', 'scp'],
    ['a deny at the root', [[full, policy('scp', deny('eks:Delete*'))], [full]], 'explicitDeny', 'scp'],
    ['an allow at every level', [[full], [policy('scp', allow('eks:*'))]], 'allowed', 'identity'],
    ['two policies at a level', [[policy('scp', allow('s3:*')), full]], 'allowed', 'identity'],
    ['no level', [], 'allowed', 'identity'],
  ])('%s', (_name, serviceControl, decision, step) => {
    expect(ask(user, { identity, guardrails: { serviceControl } })).toMatchObject({ decision, step });
  });

  test('they grant nothing', () => {
    expect(ask(user, { identity: [], guardrails: { serviceControl: [[full]] } })).toMatchObject({
      decision: 'implicitDeny',
      step: 'identity',
    });
  });

  test('they bind root', () => {
    const serviceControl = [[full, policy('scp', deny('eks:*'))]];
    expect(ask(root, { identity: [], guardrails: { serviceControl } }).decision).toBe('explicitDeny');
    expect(ask(root, { identity: [], guardrails: { serviceControl: [[]] } }).decision).toBe('implicitDeny');
    expect(ask(root, { identity: [], guardrails: { serviceControl: [[full]] } }).decision).toBe('allowed');
  });

  test('they do not bind a service, which is in no account', () => {
    const guardrails = { serviceControl: [[policy('scp', deny('*'))]] };
    expect(ask(service, { identity: [], resource: trust, guardrails }, 'sts:AssumeRole').decision).toBe(
      'allowed',
    );
  });

  test('one that cannot be read denies', () => {
    const broken = compileStoredPolicy('{', 'scp', { type: 'scp', name: 'broken' });
    expect(ask(user, { identity, guardrails: { serviceControl: [[full, broken]] } }).decision).toBe(
      'explicitDeny',
    );
  });
});

describe('resource control policies (E9)', () => {
  const guardrails = { resourceControl: [[policy('rcp', everybody(deny('sts:AssumeRole')))]] };
  test.each([user, service])('they deny whoever calls: %j', (principal) => {
    expect(ask(principal, { identity, resource: trust, guardrails }, 'sts:AssumeRole')).toMatchObject({
      decision: 'explicitDeny',
      step: 'rcp',
    });
  });
  test('they need not allow: the allow is always there', () => {
    expect(ask(user, { identity, guardrails }).decision).toBe('allowed');
  });
});

describe('denial texts (G2 to G4)', () => {
  const text = (policies: PolicySet, namePolicy = false): string => {
    const decision = ask(user, policies);
    const full = denialText({
      principalArn: user.arn,
      action: 'eks:DeleteCluster',
      resource: 'R',
      decision,
      namePolicy,
    });
    return full.slice(full.indexOf(' R ') + 3);
  };
  const scp = (...statements: object[]): PolicySet => ({
    identity,
    guardrails: { serviceControl: [[policy('scp', ...statements)]] },
  });
  const denied: PolicySet = { identity: [policy('identity', deny('eks:*'))] };

  test.each([
    [text(scp(allow('s3:*'))), 'because no service control policy allows the eks:DeleteCluster action'],
    [text(scp(deny('eks:*'))), 'with an explicit deny in a service control policy'],
    [
      text({ identity, guardrails: { resourceControl: [[policy('rcp', everybody(deny('eks:*')))]] } }),
      'with an explicit deny in a resource control policy',
    ],
    [
      text({ ...scp(deny('eks:*')), identity: denied.identity }),
      'with an explicit deny in a service control policy',
    ],
    [text(denied), 'with an explicit deny in an identity-based policy'],
    [
      text(denied, true),
      `with an explicit deny in an identity-based policy: arn:aws:iam::${own}:policy/identity`,
    ],
    [text({ identity: [] }, true), 'because no identity-based policy allows the eks:DeleteCluster action'],
  ])('%s', (actual, expected) => expect(actual).toBe(expected));
});

test('what allowed is named, guardrails first', () => {
  const guardrails = { serviceControl: [[full], [policy('scp', allow('eks:*'))]] };
  const { statements } = ask(user, { identity, guardrails });
  expect(statements.map(({ statement }) => statement.policy.type)).toEqual(['scp', 'scp', 'managed']);
});
