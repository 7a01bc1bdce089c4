import { afterEach, expect, test, vi } from 'vitest';
import {
  app,
  association,
  getObject,
  irsaTrust,
  podTrust,
  podWorld,
} from '../../engine/analysis/workload/testworld.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { exitCodes } from '../failure.ts';
import { createProgram } from '../program.ts';
import { answerWorkloads } from './workloads.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

function printed(
  world: World,
  asked: Parameters<typeof answerWorkloads>[1],
): { readonly text: string; readonly exitCode: unknown } {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  process.exitCode = undefined;
  answerWorkloads(world, asked, { output: 'table' });
  return { text, exitCode: process.exitCode ?? exitCodes.ok };
}
const call = { ...getObject, context: {} };

test('nobody is said to be nobody, as far as it is known', () => {
  const gaps = [{ area: 'podIdentity', reason: 'associations were refused' }] as const;
  expect(printed(podWorld({}, {}, { gaps }), { call })).toEqual({
    exitCode: exitCodes.denied,
    text:
      'the pods of no service account may call `s3:GetObject` on `arn:aws:s3:::reports/today`, as far as it is known\n' +
      'note: policies of `s3` resources themselves (as of a bucket, a key or a queue) are in no snapshot: they may allow more, or deny it\n' +
      'entryway: incomplete because associations were refused\n',
  });
});

test('a row a way: what is given, what a container must ask for itself, and names that nobody has yet', () => {
  const trustPolicy = irsaTrust('system:serviceaccount:dev:*', 'StringLike');
  const { text, exitCode } = printed(podWorld({ trustPolicy }), { become: app });
  expect(exitCode).toBe(exitCodes.ok);
  expect(text).toBe(
    [
      'SERVICE ACCOUNT  MECHANISM  ROLE      HOW',
      'dev/api          IRSA       role/app  a token that a container has to ask for',
      'dev/*            IRSA       role/app  any such name, once it is made; a token that a container has to ask for',
      '',
      `the pods of 1 service account, and of any that is called \`dev/*\`, may have role \`${app}\``,
      '',
    ].join('\n'),
  );
});

test('what is not known is PERHAPS, with why', () => {
  const gaps = [{ area: 'iam', reason: 'no list of providers' }] as const;
  const world = podWorld(
    { trustPolicy: irsaTrust('system:serviceaccount:dev:api') },
    { serviceAccounts: [{ namespace: 'dev', name: 'api', roleArn: app }] },
    { gaps, oidcProviders: [] },
  );
  const { text } = printed(world, { call });
  expect(text).toContain('PERHAPS: annotation; only if account `111122223333` has the OIDC provider');
  expect(text).toContain('the pods of 1 service account may perhaps call');
  const given = podWorld({ trustPolicy: podTrust() }, { podIdentityAssociations: [association] });
  expect(printed(given, { call }).text).toContain('association a-0123456789abcdefg\n');
});

test.each([
  [
    'who-can get pods --become x',
    '`get pods` is a verb and a resource of a cluster, and --become asks about AWS',
  ],
  ['who-can --as-aws s3:GetObject -n dev', '--namespace goes with a verb and a resource'],
  ['who-can --become x --transitive', '--transitive goes with a verb and a resource'],
  ['who-can get pods --key a=b', '--key goes with --as-aws'],
  [
    'who-can --as-aws s3:GetObject * more',
    '--as-aws takes an action and the ARN of a resource, and there is `more` behind them',
  ],
  ['who-can --as-aws GetObject', '`GetObject` is no action'],
  ['who-can --as-aws eks:DescribeClusters', '`eks:DescribeClusters` is no action of `eks`'],
  ['who-can get', 'there is no resource to ask about'],
  ['explain pod dev/web --as-aws s3:GetObject bucket', '`bucket` is no ARN'],
])('`%s` is a misuse', async (line, message) => {
  await expect(createProgram().parseAsync(line.split(' '), { from: 'user' })).rejects.toMatchObject({
    outcome: 'misuse',
    message,
  });
});
