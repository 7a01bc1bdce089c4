import { ConfigError } from '../server/config.ts';
import { StorageError } from '../storage/storage.ts';
import { AwsError } from '../wire/protocols/errors.ts';

/** Exit codes of every command: scripts may rely on them (docs/reference/cli.md). */
export const exitCodes = { ok: 0, denied: 1, misuse: 2, failure: 3 } as const;
export type Outcome = Exclude<keyof typeof exitCodes, 'ok'>;

/** What a command ends with when it does not end well. */
export class CommandError extends Error {
  readonly outcome: Outcome;
  readonly hint: string | undefined;
  constructor(outcome: Outcome, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.outcome = outcome;
    this.hint = hint;
  }
}

/** The table that turns any error into what the terminal shows and the shell sees. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  const { outcome, message, hint } = classify(error);
  const hintLine = hint === undefined ? '' : `hint: ${hint}\n`;
  return { text: `entryway: ${message}\n${hintLine}`, exitCode: exitCodes[outcome] };
}

function classify(error: unknown): {
  readonly outcome: Outcome;
  readonly message: string;
  readonly hint?: string | undefined;
} {
  if (error instanceof CommandError) return error;
  if (error instanceof ConfigError) return { outcome: 'misuse', message: error.message, hint: error.hint };
  if (error instanceof AwsError) {
    const denied = /^AccessDenied/.test(error.code);
    return { outcome: denied ? 'denied' : 'failure', message: `${error.code}: ${error.message}` };
  }
  if (error instanceof StorageError) return { outcome: 'failure', message: error.message };
  if (isSystemError(error, 'EADDRINUSE')) {
    return {
      outcome: 'failure',
      message: `address ${error.address}:${error.port} is in use`,
      hint: 'another server is running there; choose other ports with --aws-listen and --kube-listen',
    };
  }
  if (isSystemError(error, 'EACCES')) return { outcome: 'failure', message: error.message };
  return {
    outcome: 'failure',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

interface SystemError extends Error {
  readonly code: string;
  readonly address?: string;
  readonly port?: number;
}

function isSystemError(error: unknown, code: string): error is SystemError {
  return error instanceof Error && (error as Partial<SystemError>).code === code;
}
