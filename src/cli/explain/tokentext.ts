import { CommandError } from '../failure.ts';
import { readText } from '../textfile.ts';

/** More than any token, and than any ExecCredential with one in it. */
const longest = 64 * 1024;

/**
 * The token a person means: as it is, behind `Bearer`, or in the ExecCredential that `aws eks get-token` prints; `-` reads it
 * from standard input, where it does not stand in the list of processes.
 *
 * SECURITY: nothing here quotes what was given. Blanks around it are taken off, nothing else is repaired.
 */
export function tokenOf(argument: string): string {
  const text = (argument === '-' ? readText('-') : argument).trim();
  if (text === '' || text.length > longest) {
    throw new CommandError(
      'misuse',
      text === '' ? 'there is no token' : 'what was given is far longer than a token',
      'pipe one in: aws eks get-token --cluster-name NAME | entryway explain token -',
    );
  }
  if (text.startsWith('{')) return fromExecCredential(text);
  return text.replace(/^(?:authorization:\s*)?bearer\s+/i, '');
}

function fromExecCredential(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw noToken;
  }
  const status = memberOf(value, 'status');
  const token = memberOf(status, 'token');
  if (typeof token !== 'string') throw noToken;
  return token.trim();
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

const noToken = new CommandError(
  'misuse',
  'what was given is JSON and no ExecCredential with a token',
  'give what `aws eks get-token --cluster-name NAME` prints, or the token alone',
);
