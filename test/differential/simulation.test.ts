/**
 * What a simulation says and what is then decided: the same engine is asked, so they must never differ. Policies,
 * boundaries, groups and requests are generated; the simulation is told of the request what the server knows of it.
 */
import type { ContextEntry, SimulatePolicyResponse } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { createCallerAuthorizer } from '../../src/services/authorization/authorizer.ts';
import { callKeys } from '../../src/services/authorization/context.ts';
import {
  asSession,
  asUser,
  groupRecord,
  own,
  policyRecord,
  roleRecord,
  userRecord,
} from '../../src/services/authorization/testworld.ts';
import type { IamDependencies } from '../../src/services/iam/dependencies.ts';
import { createSimulationOperations } from '../../src/services/iam/simulation/operations.ts';
import type { OperationContext } from '../../src/services/operation.ts';
import { testContext } from '../../src/services/testworld.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import { groupKey, policyKey, roleKey, userKey } from '../../src/storage/records/keys.ts';
import { createPageTokens } from '../../src/wire/protocols/pagetoken.ts';
import { seedOfRun } from '../seed.ts';
import { createRandom, type Random, roundsOfRun } from './random.ts';

const now = Date.parse('2026-11-21T03:00:00Z');
const actions = ['eks:DescribeCluster', 'eks:ListClusters', 'eks:DeleteCluster', 'iam:GetUser'] as const;
const resources = [
  '*',
  `arn:aws:eks:us-east-1:${own}:cluster/prod`,
  `arn:aws:eks:us-east-1:${own}:cluster/ada`,
  `arn:aws:iam::${own}:user/ada`,
] as const;
const actionPatterns = [
  '*',
  'eks:*',
  'eks:Describe*',
  'iam:Get?ser',
  'eks:DeleteCluster',
  'EKS:listclusters',
] as const;
const resourcePatterns = [
  '*',
  'arn:aws:eks:*:*:cluster/*',
  `arn:aws:eks:us-east-1:${own}:cluster/\${aws:username}`,
  `arn:aws:eks:us-east-1:${own}:cluster/\${aws:PrincipalTag/team, 'prod'}`,
  `arn:aws:iam::${own}:user/a?a`,
] as const;
const conditions: readonly [object | undefined, ...(object | undefined)[]] = [
  undefined,
  undefined,
  { Bool: { 'aws:SecureTransport': 'true' } },
  { StringEquals: { 'aws:PrincipalTag/team': 'prod' } },
  { StringNotEquals: { 'aws:username': 'ada' } },
  { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
  { DateLessThan: { 'aws:CurrentTime': '2026-11-21T04:00:00Z' } },
  { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } },
  { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${own}:*` } },
  { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' } },
  { StringEquals: { 'aws:ResourceAccount': own } },
  { Null: { 'aws:userid': 'false' } },
];

function policy(random: Random): string {
  const statements = Array.from({ length: random.below(3) + 1 }, () => {
    const Condition = random.pick(conditions);
    return {
      Effect: random.below(4) === 0 ? 'Deny' : 'Allow',
      [random.below(6) === 0 ? 'NotAction' : 'Action']: random.pick(actionPatterns),
      [random.below(6) === 0 ? 'NotResource' : 'Resource']: random.pick(resourcePatterns),
      ...(Condition && { Condition }),
    };
  });
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function entries(keys: ReadonlyMap<string, string | readonly string[]>): ContextEntry[] {
  return [...keys].map(([ContextKeyName, value]) => ({
    ContextKeyName,
    ContextKeyType: typeof value === 'string' ? 'string' : 'stringList',
    ContextKeyValues: typeof value === 'string' ? [value] : [...value],
  }));
}

test('a simulation says what is decided', async () => {
  const first = seedOfRun();
  const rounds = roundsOfRun(400);
  console.log(`differential simulation: ENTRYWAY_SEED=${first} ENTRYWAY_ROUNDS=${rounds}`);
  const seen = new Set<string>();
  for (let seed = first; seed < first + rounds; seed++) {
    const random = createRandom(seed);
    const tags = random.below(2) === 0 ? [] : [{ Key: 'Team', Value: random.pick(['prod', 'test']) }];
    const limited = random.below(3) === 0;
    const carried = {
      tags,
      inlinePolicies: { own: policy(random) },
      attachedPolicyArns: [`arn:aws:iam::${own}:policy/shared`],
      ...(limited && { permissionsBoundaryArn: `arn:aws:iam::${own}:policy/limit` }),
    };
    const user = userRecord('ada', { ...carried, groupNames: ['team'] });
    const role = roleRecord('ops', carried);
    const storage = createMemoryStorage();
    await storage.commit({
      changes: (
        [
          [userKey(own, 'ada'), user],
          [roleKey(own, 'ops'), role],
          [groupKey(own, 'team'), groupRecord('team', { inlinePolicies: { theirs: policy(random) } })],
          [policyKey(own, 'shared'), policyRecord('shared', policy(random))],
          [policyKey(own, 'limit'), policyRecord('limit', policy(random))],
        ] as const
      ).map(([key, record]) => ({ type: 'put', key, value: JSON.stringify(record) })),
    });
    const authorizer = createCallerAuthorizer({ storage });
    const operations = createSimulationOperations({
      storage,
      partition: 'aws',
      pageTokens: createPageTokens(Buffer.alloc(32, 7)),
    } as unknown as IamDependencies);
    const simulate = operations.SimulatePrincipalPolicy;
    if (simulate === undefined || simulate.unsigned) throw new Error('no SimulatePrincipalPolicy');
    for (const caller of [asUser(user), asSession(role)]) {
      const context: OperationContext = { ...testContext(storage), caller, now };
      const action = random.pick(actions);
      const resource = random.pick(resources);
      const decision = await authorizer.authorize(caller, { action, resources: [resource] }, context);
      // What a session adds to its role: sessions know when they began, and that no MFA was used.
      const session =
        caller.session === undefined
          ? []
          : [
              ['aws:multifactorauthpresent', 'false'],
              ['aws:tokenissuetime', '1970-01-01T00:00:00Z'],
              ['aws:userid', caller.userId],
            ];
      const known = new Map([...callKeys(context, action), ...(session as [string, string][])]);
      const { EvaluationResults } = (await simulate.handle(
        {
          PolicySourceArn: caller.principalArn,
          ActionNames: [action],
          ResourceArns: [resource],
          ContextEntries: entries(known),
        },
        context,
      )) as SimulatePolicyResponse;
      const told = EvaluationResults?.[0]?.EvalDecision;
      expect(told, `seed ${seed}: ${caller.arn} ${action} ${resource}`).toBe(decision.decision);
      seen.add(decision.decision);
    }
    authorizer.close();
  }
  expect([...seen].sort()).toEqual(['allowed', 'explicitDeny', 'implicitDeny']);
}, 900_000);
