import { expect, test } from 'vitest';
import { seedOfRun } from '../seed.ts';
import { readCorpus, runCampaign } from './campaign.ts';
import { checkPolicy, policyKinds } from './properties.ts';

test.each(readCorpus())(
  'the stored text $name keeps every property, read as any kind of policy',
  ({ text }) => {
    for (const kind of policyKinds) expect(checkPolicy(text, kind).finding, kind).toBeUndefined();
  },
);

test('mutated policies never make the parser throw, hang, or say where a fault is not', () => {
  const seed = seedOfRun();
  const { executions, shapes, findings } = runCampaign(seed, performance.now() + 1_000);
  console.log(`${executions} mutated policies from seed ${seed}, ${shapes} shapes`);
  expect(findings, `ENTRYWAY_SEED=${seed}`).toEqual([]);
  expect(executions).toBeGreaterThan(100);
});

test.each<[string, string]>([
  ['ten megabytes of brackets', '['.repeat(10_000_000)],
  ['ten megabytes of one string', `{"Version":"${'x'.repeat(10_000_000)}"}`],
  ['nesting at the limit of length', '{"a":'.repeat(26_000)],
  ['thirty thousand stars', policyOn(`${'a*'.repeat(30_000)}b`)],
  ['sixty thousand question marks', policyOn(`*${'?'.repeat(60_000)}`)],
  ['a variable among thirty thousand stars', policyOn(`${'*a'.repeat(30_000)}$\{aws:username}*`)],
  ['variables without an end', policyOn('${'.repeat(30_000))],
  ['statements without number', `{"Statement":[${'{},'.repeat(40_000)}{}]}`],
  ['keys without number', `{${Array.from({ length: 8_000 }, (_, at) => `"${at}":1`).join(',')}}`],
  ['one key in two spellings', '{"Statement":[],"St\\u0061tement":[]}'],
  ['lone surrogates', policyOn('\ud800\udc00\ud800')],
  ['characters beyond the plane', policyOn('😀?*𝕏')],
])('%s: refused or judged in linear time', (_name, text) => {
  expect(checkPolicy(text, 'identity').finding).toBeUndefined();
});

function policyOn(name: string): string {
  const Statement = [
    { Effect: 'Allow', Action: 'eks:*', Resource: `arn:aws:eks:*:*:cluster/${name}` },
    { Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringLike: { 'aws:username': name } } },
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
