import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import {
  account,
  app,
  getObject,
  irsaTrust,
  podWorld,
  sub,
  testPod,
} from '../../engine/analysis/workload/testworld.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { exitCodes } from '../failure.ts';
import { answerPod } from './pod.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

function asked(name: string, world: World): readonly [string, unknown] {
  let text = '';
  const take = (chunk: unknown): boolean => {
    text += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(take);
  vi.spyOn(process.stderr, 'write').mockImplementation(take);
  process.exitCode = undefined;
  answerPod(world, name, { ...getObject, context: {} }, { output: 'table' });
  return [stripVTControlCharacters(text), process.exitCode ?? exitCodes.ok];
}

test('a pod that was made too early: the step, the command, and the exit code of no', () => {
  const serviceAccounts = [{ ...account, roleArn: app }];
  const world = podWorld({ trustPolicy: irsaTrust(sub) }, { serviceAccounts, pods: [testPod()] });
  const [text, exitCode] = asked('dev/web', world);
  expect(exitCode).toBe(exitCodes.denied);
  expect(text).toBe(
    [
      '✓ pod         pod `dev/web` runs as service account `dev/api`',
      `✓ mechanism   IRSA: annotation \`eks.amazonaws.com/role-arn\` of the service account names role \`${app}\``,
      '✗ injection   this pod was made before the annotation: its containers were told nothing',
      '              next: delete the pod, so that its controller makes it again: kubectl -n dev delete pod web; if it is told nothing then, too, look for label `eks.amazonaws.com/skip-pod-identity-webhook` or annotation `eks.amazonaws.com/skip-containers` on it',
      '- decision    not reached: an earlier step failed',
      'refused: `s3:GetObject` on `arn:aws:s3:::reports/today` by pod `dev/web` of cluster `prod`',
      "note: an SDK that is told nothing asks the node's instance metadata: where the pod can reach that, it calls as the node's role, which is not judged here",
      'note: policies of `s3` resources themselves (as of a bucket, a key or a queue) are in no snapshot: they may allow more, or deny it',
      '',
      'What would allow it:',
      '',
      'delete the pod, so that its controller makes it again',
      'kubectl -n dev delete pod web',
      '',
      'The kubectl lines go to the cluster of the current context: look with `kubectl config current-context` first.',
      '',
    ].join('\n'),
  );
});

test('yes is 0, and what nobody can tell is a failure to answer', () => {
  const serviceAccounts = [{ ...account, roleArn: app }];
  const irsa = [{ trustPolicy: irsaTrust(sub) }, { serviceAccounts }] as const;
  expect(asked('dev/api', podWorld(...irsa))[1]).toBe(exitCodes.ok);
  const [text, exitCode] = asked(
    'dev/api',
    podWorld(...irsa, { gaps: [{ area: 'podIdentity', reason: 'x' }] }),
  );
  expect(exitCode).toBe(exitCodes.failure);
  expect(text).toContain('depends: `s3:GetObject`');
  expect(text).toContain('one of the account would win');
});
