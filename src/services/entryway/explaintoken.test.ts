import { beforeEach, expect, test } from 'vitest';
import { buildRecords } from '../../audit/cloudtrail/build.ts';
import { hiddenText } from '../../audit/cloudtrail/vocabulary.ts';
import { aCall } from '../../audit/testworld.ts';
import { type TokenVerdict, tokenHints, tokenSteps } from '../../engine/analysis/explain/tokensteps.ts';
import { clusterKey } from '../../storage/records/keys.ts';
import { tokenErrorMessages } from '../../wire/token/errors.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { explainTokenOperations } from './explaintoken.ts';

const token = 'k8s-aws-v1.aVerySecretTokenThatNobodyMustSee';
let world: World;
beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world, 'prod');
});

const refusal: TokenVerdict = {
  outcome: 'refused',
  evidence: {
    step: 'caller',
    code: 'wrongCluster',
    message: 'token was signed for another cluster',
    accessKeyId: 'AKIAX',
  },
};

async function explain(clusterName: string, verdict: TokenVerdict, asked: unknown[] = []): Promise<unknown> {
  const operation = explainTokenOperations({
    storage: world.storage,
    authenticate: async (...question) => {
      asked.push(question);
      return verdict;
    },
  }).ExplainToken;
  if (operation === undefined || operation.unsigned) throw new Error('no operation');
  const context: OperationContext = {
    ...testContext(world.storage),
    ...{ caller: rootOf(account), region, now: aNoon },
  };
  return operation.handle({ clusterName, token }, context);
}

test('a cluster of nobody is not asked, and its token is not judged', async () => {
  const asked: unknown[] = [];
  await expect(explain('absent', refusal, asked)).rejects.toThrow(/No cluster found for name: absent/);
  expect(asked).toEqual([]);
});

test('the verdict is the authenticator’s, made once for this cluster, and the token is not told again', async () => {
  const asked: unknown[] = [];
  const answer = await explain('prod', refusal, asked);
  const stored = await world.storage.get(clusterKey(account, region, 'prod'));
  const { clusterId } = JSON.parse(stored?.value ?? '{}') as { clusterId: string };
  expect(asked).toEqual([[clusterId, token, aNoon]]);
  expect(JSON.stringify(answer)).not.toContain('aVerySecret');
  expect(answer).toMatchObject({
    clusterName: 'prod',
    outcome: 'refused',
    steps: [
      { step: 'credential', outcome: 'passed' },
      {
        step: 'caller',
        outcome: 'failed',
        code: 'wrongCluster',
        hint: expect.stringContaining('--cluster-name'),
      },
      { step: 'identity', outcome: 'notReached' },
    ],
  });
});

test('the record of the call hides the token, and says that nothing was changed', () => {
  const [record] = buildRecords(
    aCall({ service: 'entryway', operation: 'ExplainToken', input: { clusterName: 'prod', token } }),
    { now: 0, newId: () => 'id', operatorAccountId: account },
  );
  expect(record?.requestParameters).toEqual({ clusterName: 'prod', token: hiddenText });
  expect(record?.readOnly).toBe(true);
  expect(JSON.stringify(record)).not.toContain('aVerySecret');
});

test.each(Object.entries(tokenErrorMessages))(
  'a token refused with %s has a step, a message and what to do next',
  (kind, message) => {
    const code = kind.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(tokenHints).toHaveProperty(code);
    const steps = tokenSteps({ outcome: 'refused', evidence: { step: 'credential', code, message } });
    expect(steps[0]).toMatchObject({ outcome: 'failed', code, message });
    expect(steps[0]?.hint?.length).toBeGreaterThan(20);
    expect(steps.slice(1).map(({ outcome }) => outcome)).toEqual(['notReached', 'notReached']);
  },
);

test('whoever is let in is told with their name and groups', () => {
  const user = { username: 'ada', uid: 'u', groups: ['devs'], extra: {} };
  const steps = tokenSteps({
    outcome: 'authenticated',
    user,
    evidence: {
      step: 'identity',
      code: 'accessEntry',
      message: 'm',
      accessKeyId: 'AKIAX',
      principalArn: 'arn:p',
    },
  });
  expect(steps.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed']);
  expect(steps[1]?.message).toBe('access key `AKIAX` signed it, which is `arn:p`');
  expect(steps[2]?.evidence).toMatchObject({ kind: 'identity', username: 'ada', groups: ['devs'] });
});
