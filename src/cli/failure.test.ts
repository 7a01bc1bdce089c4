import { describe, expect, test } from 'vitest';
import { ConfigError } from '../server/config.ts';
import { StorageError } from '../storage/storage.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import { CommandError, describeFailure } from './failure.ts';

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, syscall: 'x', address: '127.0.0.1', port: 4700 });
}

describe('a failure is told by what went wrong and what to do', () => {
  const inUse =
    'entryway: address 127.0.0.1:4700 is in use\nhint: another server is running there; choose other ports with --aws-listen and --kube-listen\n';
  test.each<readonly [string, unknown, string, number]>([
    ['denied', new CommandError('denied', 'no'), 'entryway: no\n', 1],
    ['misuse', new CommandError('misuse', 'so not', 'but so'), 'entryway: so not\nhint: but so\n', 2],
    ['an option', new ConfigError('bad', 'good'), 'entryway: bad\nhint: good\n', 2],
    ['AccessDenied', new AwsError('AccessDenied', 'User: x'), 'entryway: AccessDenied: User: x\n', 1],
    [
      'AccessDenied that says to whom',
      new AwsError('AccessDenied', 'User: arn:aws:iam::1:user/a is not authorized to perform: eks:X because'),
      'entryway: AccessDenied: User: arn:aws:iam::1:user/a is not authorized to perform: eks:X because\n' +
        'hint: see why, and what would allow it: entryway explain aws eks:X --as arn:aws:iam::1:user/a\n',
      1,
    ],
    [
      'AccessDeniedException',
      new AwsError('AccessDeniedException', 'x'),
      'entryway: AccessDeniedException: x\n',
      1,
    ],
    [
      'another AWS error',
      new AwsError('NoSuchEntityException', 'x'),
      'entryway: NoSuchEntityException: x\n',
      3,
    ],
    ['an AWS error named alike', new AwsError('NotAccessDenied', 'x'), 'entryway: NotAccessDenied: x\n', 3],
    [
      'the store',
      new StorageError('storageFailed', 'broken', { cause: new Error('disk full') }),
      'entryway: broken: disk full\n',
      3,
    ],
    [
      'a held store',
      new StorageError('storageHeld', 'held by 1', { cause: new Error('database is locked') }),
      'entryway: held by 1\n',
      3,
    ],
    ['a port', systemError('EADDRINUSE', 'listen EADDRINUSE'), inUse, 3],
    [
      'an address',
      systemError('EADDRNOTAVAIL', 'x'),
      'entryway: address 127.0.0.1:4700 is not one of this machine\n',
      3,
    ],
    [
      'a server that is gone',
      systemError('ECONNREFUSED', 'x'),
      'entryway: nothing listens on 127.0.0.1:4700\nhint: start a server with `entryway serve`\n',
      3,
    ],
    [
      'several addresses',
      new AggregateError([systemError('ECONNREFUSED', 'x')]),
      'entryway: nothing listens on 127.0.0.1:4700\nhint: start a server with `entryway serve`\n',
      3,
    ],
    [
      'a file',
      systemError('EACCES', "EACCES: permission denied, open '/x'"),
      "entryway: EACCES: permission denied, open '/x'\n",
      3,
    ],
    ['a text', 'what', 'entryway: what\n', 3],
  ])('%s', (_, error, text, exitCode) => {
    expect(describeFailure(error)).toEqual({ text, exitCode });
  });

  test('a fault of ours shows where it happened', () => {
    const { text, exitCode } = describeFailure(new TypeError('x is not a function'));
    expect(text).toMatch(/^entryway: TypeError: x is not a function\n +at /);
    expect(exitCode).toBe(3);
  });
});
