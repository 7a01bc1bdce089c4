import { Misasked } from '../engine/analysis/ask/misasked.ts';
import { ConfigError } from '../server/config.ts';
import { SourceError } from '../sources/sourceerror.ts';
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
  if (error instanceof Misasked) return { outcome: 'misuse', message: error.message, hint: error.hint };
  if (error instanceof SourceError) return { outcome: error.code, message: error.message, hint: error.hint };
  if (error instanceof ConfigError) return { outcome: 'misuse', message: error.message, hint: error.hint };
  if (error instanceof AwsError) {
    const denied = /^AccessDenied/.test(error.code);
    return {
      ...{ outcome: denied ? 'denied' : 'failure', message: `${error.code}: ${error.message}` },
      hint: denied ? deniedHint(error.message) : undefined,
    };
  }
  if (error instanceof StorageError) return { outcome: 'failure', message: withCause(error) };
  // Node tries several addresses of one name and reports all of their failures together.
  const system = error instanceof AggregateError ? error.errors[0] : error;
  if (isSystemError(system)) return { outcome: 'failure', ...describeSystemError(system) };
  return {
    outcome: 'failure',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** The command that says why, and what would allow it, where the refusal names who asked for what. */
function deniedHint(message: string): string | undefined {
  const [, who, action] =
    /^User: (arn:[\w:/+=,.@-]+) is not authorized to perform: (\w+:\w+)/.exec(message) ?? [];
  return who === undefined || action === undefined
    ? undefined
    : `see why, and what would allow it: entryway explain aws ${action} --as ${who}`;
}

/** Who holds a directory says it all; otherwise the cause is what the operator can act upon. */
function withCause(error: StorageError): string {
  return error.cause instanceof Error && error.code !== 'storageHeld'
    ? `${error.message}: ${error.cause.message}`
    : error.message;
}

/** What the operating system refused: an operator's matter, so no stack is shown. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof syscall === 'string';
}

function describeSystemError(error: SystemError): { readonly message: string; readonly hint?: string } {
  const address = `${error.address}:${error.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        message: `address ${address} is in use`,
        hint: 'another server is running there; choose other ports with --aws-listen and --kube-listen',
      };
    case 'EADDRNOTAVAIL':
      return { message: `address ${address} is not one of this machine` };
    case 'ECONNREFUSED':
      return { message: `nothing listens on ${address}`, hint: 'start a server with `entryway serve`' };
    default:
      return { message: error.message };
  }
}
