import { expect, test } from 'vitest';
import { CommandError } from '../failure.ts';
import { holdSignals, isPassedOn } from './child.ts';

test('a signal that is typed at a terminal reaches the program once', () => {
  const passed = (['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).filter((signal) =>
    isPassedOn(signal, { isTerminal: true }),
  );
  expect(passed).toEqual(['SIGTERM', 'SIGHUP']);
  expect(isPassedOn('SIGINT', { isTerminal: false })).toBe(true);
});

test.each<readonly [command: string, code: number]>([
  ['exit 3', 3],
  ['kill -KILL $$', 137],
  ['kill -INT $$', 130],
  // What this process is told is for the program. SIGHUP: tests of servers in this process have listened to the others.
  [`trap 'exit 9' HUP; kill -HUP ${process.pid}; while :; do :; done`, 9],
])('`%s` ends with %d, as in a shell', async (command, code) => {
  const signals = holdSignals();
  try {
    expect(await signals.run('sh', ['-c', command], process.env)).toBe(code);
  } finally {
    signals.release();
  }
});

test('a program that is not there is a mistake', async () => {
  const signals = holdSignals();
  try {
    await expect(signals.run('/no/such', [], {})).rejects.toThrow(
      new CommandError(
        'misuse',
        'there is no program `/no/such`',
        'write it as its path, or as a name in PATH',
      ),
    );
  } finally {
    signals.release();
  }
});
