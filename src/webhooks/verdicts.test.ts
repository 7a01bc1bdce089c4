import { describe, expect, test } from 'vitest';
import type { Authentication, ClusterAccess } from '../access/access.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { clusterChildrenPrefixes } from '../storage/records/keys.ts';
import { defaultWebhookLimits, type WebhookLimits } from './limits.ts';
import { createTokenVerdicts, type Verdict } from './verdicts.ts';

const yes = (until?: number): Authentication => ({
  outcome: 'authenticated',
  user: { username: 'ada', uid: '', groups: [], extra: {} },
  evidence: { step: 'identity', code: 'accessEntry', message: '' },
  ...(until !== undefined && { until }),
});
const no = (step: 'credential' | 'caller' | 'identity'): Authentication => ({
  outcome: 'refused',
  evidence: { step, code: 'no', message: '' },
});
const unavailable: Authentication = {
  outcome: 'unavailable',
  evidence: { step: 'caller', code: 'down', message: '' },
};

function opened(limits: Partial<WebhookLimits> = {}) {
  const storage = createMemoryStorage();
  const clock = { now: 1_000_000 };
  const verdicts = createTokenVerdicts({
    storage,
    limits: { ...defaultWebhookLimits, ...limits },
  });
  /** Judged so far, and what is answered. */
  const judge = {
    count: 0,
    answer: (_token: string): Promise<Authentication> => Promise.resolve(yes(2_000_000)),
  };
  const clusterOf = (clusterId: string): ClusterAccess =>
    ({
      cluster: { clusterId },
      authenticate(token: string) {
        judge.count += 1;
        return judge.answer(token);
      },
    }) as unknown as ClusterAccess;
  const ask = (token: string, clusterId = 'c1'): Promise<Verdict> | Verdict | undefined =>
    verdicts.judge(clusterOf(clusterId), token, clock.now);
  const put = (key: string) =>
    storage.commit({ changes: [{ type: 'put', key, value: String(Math.random()) }] });
  return { storage, clock, judge, ask, put, verdicts };
}

describe('what is remembered', () => {
  test.each<readonly [string, Authentication, number]>([
    ['a yes, for five seconds', yes(2_000_000), 1],
    ['a yes that ends later than now', yes(1_000_002), 1],
    ['no yes whose end is not known', yes(), 2],
    ['no yes that is over', yes(1_000_000), 2],
    ['a no about the caller', no('caller'), 1],
    ['a no about the identity', no('identity'), 1],
    ['no no that the form of the token decides', no('credential'), 2],
    ['nothing that was no verdict', unavailable, 2],
  ])('%s', async (_, answer, judged) => {
    const { judge, ask, clock } = opened();
    judge.answer = () => Promise.resolve(answer);
    expect(await ask('t')).toEqual({ authentication: answer, isNew: true });
    clock.now += 1;
    expect((await ask('t'))?.authentication).toBe(answer);
    expect(judge.count).toBe(judged);
    clock.now += defaultWebhookLimits.verdictLifetime;
    await ask('t');
    expect(judge.count).toBe(judged === 1 ? 2 : 3);
  });

  test('nothing that the clock has come back to: who knows how long ago that was', async () => {
    const { judge, ask, clock } = opened();
    await Promise.all([ask('a'), ask('b', 'c2')]);
    clock.now -= 3_600_000;
    await ask('c');
    clock.now += 3_600_000 + 1;
    await Promise.all([ask('a'), ask('b', 'c2')]);
    expect(judge.count).toBe(5);
  });

  test('a verdict of one cluster is none of another', async () => {
    const { judge, ask } = opened();
    await ask('t', 'c1');
    await ask('t', 'c2');
    expect(judge.count).toBe(2);
  });

  test('a judge that throws has given no verdict', async () => {
    const { judge, ask } = opened();
    judge.answer = () => Promise.reject(new Error('x'));
    expect((await ask('t'))?.authentication.outcome).toBe('unavailable');
  });

  test('only so many of a cluster, the oldest go first, and refused ones crowd out no accepted ones', async () => {
    const { judge, ask } = opened({ verdictsPerCluster: 3 });
    await ask('good');
    judge.answer = () => Promise.resolve(no('caller'));
    for (let count = 0; count < 10; count += 1) await ask(`bad ${count}`);
    expect(judge.count).toBe(11);
    await ask('good');
    await ask('bad 9');
    expect(judge.count).toBe(11);
    await ask('bad 1');
    expect(judge.count).toBe(12);
  });
});

describe('what the store is told', () => {
  test.each([
    'iam/111122223333/role/ops',
    'access-key/AKIAEXAMPLE',
    'block/accessKey/AKIAEXAMPLE',
    'eks/111122223333/eu-west-1/cluster/edge',
    'access-policy/111122223333/deployers',
    'principal-id/AROAEXAMPLE',
    'account/111122223333',
    'something-of-the-future/x',
  ])('below `%s` makes every verdict forgotten', async (key) => {
    const { judge, ask, put } = opened();
    await Promise.all([ask('t', 'c1'), ask('t', 'c2')]);
    await put(key);
    await Promise.all([ask('t', 'c1'), ask('t', 'c2')]);
    expect(judge.count).toBe(4);
  });

  test.each([...clusterChildrenPrefixes])(
    'below `%s` makes those of the cluster forgotten',
    async (prefix) => {
      const { judge, ask, put } = opened();
      await Promise.all([ask('t', 'c1'), ask('t', 'c2')]);
      await put(`${prefix}c1/x`);
      await Promise.all([ask('t', 'c1'), ask('t', 'c2')]);
      expect(judge.count).toBe(3);
    },
  );

  test.each(['trail/fresh/1', 'usage/AKIAEXAMPLE'])('in `%s` changes nothing', async (key) => {
    const { judge, ask, put } = opened();
    await ask('t');
    await put(key);
    await ask('t');
    expect(judge.count).toBe(1);
  });

  test('while a token is judged makes that verdict count for those alone who asked before', async () => {
    const { judge, ask, put } = opened();
    const answers: ((authentication: Authentication) => void)[] = [];
    judge.answer = () => new Promise((resolve) => answers.push(resolve));
    const before = [ask('t'), ask('t')];
    await put('iam/111122223333/role/ops');
    const after = ask('t');
    expect(judge.count).toBe(2);
    answers[0]?.(yes(2_000_000));
    answers[1]?.(no('identity'));
    const outcomes = await Promise.all([...before, after]);
    expect(outcomes.map((verdict) => verdict?.authentication.outcome)).toEqual([
      'authenticated',
      'authenticated',
      'refused',
    ]);
    expect(((await ask('t')) as Verdict).authentication.outcome).toBe('refused');
  });
});

test('places are given back whatever became of the verdict, also when it was forgotten meanwhile', async () => {
  const { judge, ask, put } = opened({ judgedAtOnce: 2, judgedAtOncePerCluster: 1 });
  const answers: ((authentication: Authentication) => void)[] = [];
  judge.answer = () => new Promise((resolve) => answers.push(resolve));
  for (const ending of [yes(2_000_000), no('caller'), unavailable]) {
    const [first, second] = [ask('a', 'c1'), ask('a', 'c2')];
    expect([ask('b', 'c1'), ask('b', 'c2'), ask('b', 'c3')]).toEqual([undefined, undefined, undefined]);
    await put('iam/x');
    for (const answer of answers.splice(0)) answer(ending);
    await Promise.all([first, second]);
  }
});
