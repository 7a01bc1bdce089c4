import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { CommandError } from '../failure.ts';

const signals = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;
type PassedSignal = (typeof signals)[number];

/** From now until `release`, signals are for the program while one runs, and end this process in good order otherwise. */
export interface HeldSignals {
  /** Resolves with the exit code; that of a shell where a signal ended the program. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number>;
  release(): void;
}

export function holdSignals(): HeldSignals {
  let child: ChildProcess | undefined;
  const take = (signal: PassedSignal): void => {
    // `exit` handlers run, which those of node's default for signals do not.
    if (child === undefined) process.exit(exitCodeOf(signal));
    if (isPassedOn(signal, { isTerminal: isatty(0) })) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, take);
  return {
    run(program, args, env) {
      const running = spawn(program, args, { env, stdio: 'inherit' });
      child = running;
      return new Promise<number>((resolve, reject) => {
        running.on('error', (error) => reject(notRun(program, error)));
        running.on('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
      }).finally(() => {
        child = undefined;
      });
    },
    release() {
      for (const signal of signals) process.off(signal, take);
    },
  };
}

/** What is typed at a terminal reaches the program by itself: passed on, a first Ctrl-C would be its second. */
export function isPassedOn(signal: PassedSignal, { isTerminal }: { readonly isTerminal: boolean }): boolean {
  return !(isTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT'));
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function notRun(program: string, error: NodeJS.ErrnoException): CommandError {
  return error.code === 'ENOENT'
    ? new CommandError(
        'misuse',
        `there is no program \`${program}\``,
        'write it as its path, or as a name in PATH',
      )
    : new CommandError('misuse', `cannot run \`${program}\`: ${error.message}`);
}
