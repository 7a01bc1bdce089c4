// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { expect, test } from 'vitest';
import { type CompiledPolicy, compileStoredPolicy } from '../../src/engine/iam/compile.ts';
import type { PolicyKind } from '../../src/engine/iam/document.ts';
import { evaluate } from '../../src/engine/iam/evaluate.ts';
import {
  type ReferencePolicies,
  type ReferencePolicy,
  type ReferenceRequest,
  type ReferenceStatement,
  referenceEvaluate,
} from '../reference/iam.ts';

const runs = 20_000;
const own = '111122223333';
const other = '444455556666';

/** xorshift32: small, seeded, good enough to pick from lists. */
function createRandom(seed: number) {
  let state = seed | 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const some = <T>(items: readonly T[]): readonly T[] =>
    Array.from({ length: 1 + below(3) }, () => pick(items));
  return { below, pick, some };
}

const actions = [
  'sts:AssumeRole',
  'eks:DescribeCluster',
  'eks:ListClusters',
  'eks:CreateAccessEntry',
  'iam:GetRole',
];
const actionEntries = [
  ...actions,
  '*',
  'eks:*',
  'EKS:describe*',
  'sts:*',
  'eks:????Clusters',
  'e.s:*',
  'iam:*Role',
  'eks:',
];
const resources = [
  '*',
  `arn:aws:eks:eu-west-1:${own}:cluster/prod`,
  `arn:aws:eks:eu-west-1:${own}:cluster/prod-1`,
  `arn:aws:eks:us-east-1:${own}:access-entry/prod/role/${own}/ops/1`,
  `arn:aws:iam::${own}:role/team/ops`,
  `arn:aws:iam::${other}:role/ops`,
  `arn:aws:logs:eu-west-1:${own}:log-group:a:b`,
];
const resourceEntries = [
  ...resources,
  'arn:*:*:*:*:*',
  'arn:aws:eks:*:*:cluster/*',
  'arn:aws:eks:*',
  `arn:aws:eks:eu-*:${own}:cluster/prod?1`,
  `arn:aws:*:*:${own}:*`,
  'arn:aws:iam::*:role/*ops',
  'arn:aws:iam:::role/ops',
  'arn:aws:eks:*:*:cluster/${aws:username}',
  `arn:aws:logs:*:${own}:log-group:*:b`,
].filter((entry) => entry.split(':').length >= 6 || entry === '*');

const user = (accountId: string, id: string): ReferenceRequest['principal'] => ({
  kind: 'user',
  accountId,
  arn: `arn:aws:iam::${accountId}:user/ada`,
  principalArn: `arn:aws:iam::${accountId}:user/ada`,
  principalId: id,
});
const session = (name: string, id: string): ReferenceRequest['principal'] => ({
  kind: 'assumedRole',
  accountId: own,
  arn: `arn:aws:sts::${own}:assumed-role/ops/${name}`,
  principalArn: `arn:aws:iam::${own}:role/team/ops`,
  principalId: id,
});
const callers: readonly ReferenceRequest['principal'][] = [
  user(own, 'AIDAAAAAAAAAAAAAAAAAA'),
  user(own, 'AIDABBBBBBBBBBBBBBBBB'),
  user(other, 'AIDACCCCCCCCCCCCCCCCC'),
  session('s1', 'AROAAAAAAAAAAAAAAAAAA'),
  session('s2', 'AROABBBBBBBBBBBBBBBBB'),
  {
    kind: 'root',
    accountId: own,
    arn: `arn:aws:iam::${own}:root`,
    principalArn: `arn:aws:iam::${own}:root`,
    principalId: own,
  },
];
const principalEntries = [
  '*',
  own,
  other,
  `arn:aws:iam::${own}:root`,
  ...callers.map(({ arn }) => arn),
  ...callers.map(({ principalArn }) => principalArn),
  ...callers.map(({ principalId }) => principalId),
  `arn:aws:iam::${own}:user/*`,
  `arn:aws:iam::${own}:user/Ada`,
];
/** `ops` is pinned; `ada` of the other account has no pin, as if the record were damaged. */
const pinned = {
  [`arn:aws:iam::${own}:user/ada`]: 'AIDAAAAAAAAAAAAAAAAAA',
  [`arn:aws:iam::${own}:role/team/ops`]: 'AROAAAAAAAAAAAAAAAAAA',
};

function generate(seed: number): { request: ReferenceRequest; policies: ReferencePolicies } {
  const { below, pick, some } = createRandom(Math.imul(seed, 2654435761));
  const statement = (kind: 'trust' | 'identity'): ReferenceStatement => ({
    Effect: below(4) === 0 ? 'Deny' : 'Allow',
    ...(kind === 'trust' && { Principal: below(8) === 0 ? '*' : { AWS: some(principalEntries) } }),
    ...(below(6) === 0 ? { NotAction: some(actionEntries) } : { Action: some(actionEntries) }),
    ...(kind === 'trust'
      ? {}
      : below(6) === 0
        ? { NotResource: some(resourceEntries) }
        : { Resource: pick([some(resourceEntries), '*']) }),
    ...(below(8) === 0 && { Condition: pick([{}, { Bool: { 'aws:SecureTransport': 'true' } }]) }),
  });
  const policy = (kind: 'trust' | 'identity'): ReferencePolicy => ({
    ...(below(5) > 0 && { Version: '2012-10-17' }),
    Statement: below(5) === 0 ? statement(kind) : Array.from({ length: 1 + below(3) }, () => statement(kind)),
  });
  return {
    request: {
      principal: pick(callers),
      action: pick(actions),
      resource: pick(resources),
      resourceAccountId: pick([own, own, other]),
    },
    policies: {
      identity: Array.from({ length: below(3) }, () => policy('identity')),
      ...(below(4) === 0 && { boundary: policy('identity') }),
      ...(below(4) === 0 && { session: Array.from({ length: 1 + below(2) }, () => policy('identity')) }),
      ...(below(2) === 0 && { trust: policy('trust') }),
      pinned,
    },
  };
}

function compile(document: ReferencePolicy, kind: PolicyKind): CompiledPolicy {
  return compileStoredPolicy(JSON.stringify(document), kind, { type: 'inline', name: kind }, pinned);
}

test('the engine and the reference agree on generated policies and requests', () => {
  const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000_000));
  const counts = { allowed: 0, explicitDeny: 0, implicitDeny: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const { request, policies } = generate(seed);
    const expected = referenceEvaluate(request, policies);
    const decision = evaluate(
      { ...request, principal: { ...request.principal, partition: 'aws' } },
      {
        identity: policies.identity.map((document) => compile(document, 'identity')),
        ...(policies.boundary && { boundary: compile(policies.boundary, 'boundary') }),
        ...(policies.session && {
          session: policies.session.map((document) => compile(document, 'session')),
        }),
        ...(policies.trust && { resource: compile(policies.trust, 'trust') }),
      },
    );
    if (decision.decision !== expected) {
      expect(decision.decision, `SEED=${seed}\n${JSON.stringify({ request, policies }, null, 1)}`).toBe(
        expected,
      );
    }
    counts[expected]++;
  }
  console.log(`${runs} generated IAM requests from seed ${first}: ${JSON.stringify(counts)}`);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(runs / 20);
});
