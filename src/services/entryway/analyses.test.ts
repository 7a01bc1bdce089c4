import { beforeEach, expect, test } from 'vitest';
import { AwsError } from '../../wire/protocols/errors.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  otherAccount,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { type Analyse, type AnalysisAnswer, type AskedAnalysis, analysisOperations } from './analyses.ts';

let world: World;
let asked: AskedAnalysis[];
let checked: AuthorizationTarget[];
let refuses: boolean;
let answer: AnalysisAnswer;
beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world, 'prod');
  [asked, checked, refuses] = [[], [], false];
  answer = { outcome: 'answered', text: '{"a":1}' };
});

async function call(name: string, input: object, change: Partial<OperationContext> = {}) {
  const analyse: Analyse = async (one) => {
    asked.push(one);
    return answer;
  };
  const operation = analysisOperations({
    ...{ storage: world.storage, operatorAccountId: account, analyse },
    async authorize(_context, target) {
      checked.push(target);
      if (refuses) throw new AwsError('AccessDeniedException', 'no');
    },
  })[name];
  if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
  const context: OperationContext = {
    ...testContext(world.storage),
    ...{ caller: rootOf(account), region, now: aNoon },
    ...change,
  };
  return {
    target: await operation.authorization(input, context),
    run: () => operation.handle(input, context),
  };
}

const prod = `arn:aws:eks:${region}:${account}:cluster/prod`;
const pods = { clusterName: 'prod', verb: 'get', resource: 'pods' };

test.each([
  ['WhoCan', pods],
  ['WhatCan', { clusterName: 'prod', principal: 'x' }],
  ['ExplainRequest', { ...pods, principal: 'x' }],
  ['PlanAwsAuthMigration', { clusterName: 'prod' }],
])('%s is authorized on its cluster, and asked by its ARN alone', async (name, input) => {
  const { target, run } = await call(name, input);
  expect(target).toMatchObject({ action: `entryway:${name}`, resources: [prod] });
  expect(await run()).toEqual({ answer: { a: 1 } });
  expect(asked).toMatchObject([
    { name, accountId: 'all', now: aNoon, input: { ...input, clusterName: prod } },
  ]);
  expect(checked).toEqual([]);
});

test.each([
  ['ExplainAwsRequest', {}],
  ['ExplainPod', { clusterName: 'prod', pod: 'a/b', action: 's3:GetObject', resource: '*' }],
  ['WhoCanCallAws', { action: 's3:GetObject', resource: '*' }],
  ['WhoCanBecomeRole', { clusterName: 'prod', roleArn: 'x' }],
  ['ExplainLast', {}],
  ['LintAccess', {}],
  ['DiffAccess', {}],
  ['DiffAccess', { clusterName: 'prod', plan: {} }],
  ['TestAccess', {}],
  ['LeastPrivilege', { clusterName: 'prod', principal: 'x' }],
])('%s tells of the whole account, and is authorized on it', async (name, input) => {
  const { target, run } = await call(name, input);
  expect(target).toEqual({ action: `entryway:${name}`, resources: ['*'] });
  await run();
  expect(asked).toHaveLength(1);
  expect(asked[0]?.input).toEqual('clusterName' in input ? { ...input, clusterName: prod } : input);
});

test('who may ask of a cluster is told ways through IAM only with permission for all of it', async () => {
  refuses = true;
  const { run } = await call('WhoCan', { ...pods, transitive: true });
  await expect(run()).rejects.toThrow('no');
  expect(asked).toEqual([]);
  expect(checked).toEqual([{ action: 'entryway:GetSnapshot', resources: ['*'] }]);
  await (await call('WhoCan', { ...pods, transitive: false })).run();
  refuses = false;
  await (await call('WhoCan', { ...pods, transitive: true })).run();
  expect(asked).toHaveLength(2);
});

test('a cluster of another account is none, and another account is asked about itself alone', async () => {
  const caller = rootOf(otherAccount);
  await expect((await call('WhoCan', pods, { caller })).run()).rejects.toThrow('No cluster found');
  await expect((await call('LeastPrivilege', pods, { caller })).run()).rejects.toThrow('No cluster found');
  expect(asked).toEqual([]);
  await (await call('LintAccess', {}, { caller })).run();
  expect(asked).toMatchObject([{ accountId: otherAccount }]);
});

test('everybody’s trail is for the root of the first account alone', async () => {
  const user = world.caller('user', 'ada', 'AIDAADA');
  await (await call('ExplainLast', {})).run();
  await (await call('ExplainLast', {}, { caller: user })).run();
  await (await call('ExplainLast', {}, { caller: rootOf(otherAccount) })).run();
  expect(asked.map(({ accountId, trailOf }) => [accountId, trailOf])).toEqual([
    ['all', 'all'],
    ['all', account],
    [otherAccount, otherAccount],
  ]);
});

test('the moment asked about, and whether anybody waits, are handed on', async () => {
  const { signal } = new AbortController();
  await (await call('LintAccess', { at: new Date(5), minSeverity: 'error' }, { signal })).run();
  expect(asked).toEqual([
    { name: 'LintAccess', accountId: 'all', trailOf: 'all', input: { minSeverity: 'error' }, now: 5, signal },
  ]);
});

test.each<readonly [AnalysisAnswer, string, RegExp]>([
  [{ outcome: 'misasked', message: 'no', hint: 'do' }, 'InvalidParameterException', /^no: do$/],
  [{ outcome: 'busy' }, 'ServiceUnavailableException', /try again/],
  [{ outcome: 'ended' }, 'ServiceUnavailableException', /more time or memory/],
  [{ outcome: 'abandoned' }, 'ServiceUnavailableException', /nobody waited/],
  [{ outcome: 'failed' }, 'ServerException', /the log of the server/],
])('%o is %s', async (outcome, code, message) => {
  answer = outcome;
  await expect((await call('LintAccess', {})).run()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});
