import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { authenticateFile, authorizationFile, authorizeFile, webhookFolder } from '../bundle/input.ts';
import { type InstalledFlags, installedFlags } from '../bundle/installedflags.ts';
import { CommandError } from '../failure.ts';
import type { WebhookTarget } from './call.ts';

/** A folder that `entryway cluster bundle` wrote, or the webhook files alone, as a control plane has them. */
export interface ReadBundle {
  readonly authenticate: WebhookTarget;
  readonly authorize: WebhookTarget;
  /** Names of the webhook files that are there. */
  readonly files: readonly string[];
  /** Those with a key in them that others on this machine can read. */
  readonly exposed: readonly string[];
  /** Undefined where only the webhook files are. */
  readonly installed?: InstalledFlags;
  /** The authorizers' file, parsed. */
  readonly authorization?: unknown;
}

/** Throws CommandError (misuse) for a folder that is none of these: nothing could be checked with it. */
export function readBundle(directory: string): ReadBundle {
  const folder = isDirectory(join(directory, webhookFolder)) ? join(directory, webhookFolder) : directory;
  const authenticate = readTarget(join(folder, authenticateFile));
  const authorize = readTarget(join(folder, authorizeFile));
  const authorization = readIfThere(join(folder, authorizationFile));
  const installed = shaped(directory, () => installedFlags((path) => readIfThere(join(directory, path))));
  return {
    authenticate,
    authorize,
    files: [authenticateFile, authorizeFile, ...(authorization === undefined ? [] : [authorizationFile])],
    exposed: [authenticateFile, authorizeFile].filter(
      (name) => (statSync(join(folder, name)).mode & 0o077) !== 0,
    ),
    ...(installed !== undefined && { installed }),
    ...(authorization !== undefined && {
      authorization: shaped(join(folder, authorizationFile), () => parse(authorization)),
    }),
  };
}

function readTarget(path: string): WebhookTarget {
  const text = readIfThere(path);
  if (text === undefined) {
    throw new CommandError(
      'misuse',
      `there is no \`${path}\``,
      'name the directory that `entryway cluster bundle` wrote',
    );
  }
  return shaped(path, () => {
    const { clusters, users } = parse(text);
    const { cluster } = clusters[0];
    const { user } = users[0];
    return {
      url: new URL(cluster.server).href,
      ...(cluster['tls-server-name'] !== undefined && { tlsServerName: String(cluster['tls-server-name']) }),
      certificateAuthority: decoded(cluster['certificate-authority-data']),
      certificate: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
    };
  });
}

function decoded(data: unknown): string {
  if (typeof data !== 'string') throw new Error('data are not inline');
  return Buffer.from(data, 'base64').toString('utf8');
}

/** SECURITY: what the parser says is not shown; it would quote the text, which may hold the key. */
function shaped<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch {
    throw new CommandError(
      'misuse',
      `\`${path}\` is not as \`entryway cluster bundle\` writes it: ${basename(path)} cannot be read`,
      'make the bundle again with --force',
    );
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError('misuse', `\`${path}\` cannot be read: ${(error as Error).message}`);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
