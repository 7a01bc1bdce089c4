import { expect, test } from 'vitest';
import { createProgram } from '../program.ts';

// An answer about the local server to somebody who named a profile of production is a wrong one.
test.each([
  ['what-can role/x --profile production', '--profile goes with --live'],
  ['lint --kubeconfig k.yaml', '--kubeconfig goes with --live'],
  ['who-can get pods --context production', '--context goes with --live'],
  ['snapshot --aws-region eu-west-1', '--aws-region goes with --live'],
  ['explain last --cache c.json', '--cache goes with --live'],
  ['test cases.yaml --live --max-age 1h', '--max-age goes with --cache'],
  ['migrate aws-auth --switch-to-api', '--switch-to-api goes with --apply'],
  ['migrate aws-auth --rollback-file x.json', '--rollback-file goes with --apply'],
  ['migrate aws-auth --apply --remove-aws-auth', '--remove-aws-auth goes with --switch-to-api'],
])('`%s` does nothing else instead', async (line, message) => {
  await expect(createProgram().parseAsync(line.split(' '), { from: 'user' })).rejects.toMatchObject({
    outcome: 'misuse',
    message,
  });
});
