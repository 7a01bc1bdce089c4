import type { Flags } from '../bundle/flags.ts';
import { windows } from '../bundle/windows.ts';
import { authorizersOf, checkAuthorizers, checkHead, checkOrder } from './authorizers.ts';
import type { Finding } from './finding.ts';
import type { ReadBundle } from './readbundle.ts';
import { accessWindows, defaults, namedFile, told, versionFlag, window } from './told.ts';

/** What the API server will be told by the files of a bundle: order, versions, windows, conditions. Pure. */
export function checkConfiguration({
  installed,
  authorization,
  files,
  exposed,
}: ReadBundle): readonly Finding[] {
  const exposure = exposed.map((name) =>
    told(
      'error',
      'exposedKey',
      `others on this machine can read the key in \`${name}\``,
      `chmod 600 ${name}`,
    ),
  );
  if (installed === undefined) {
    return [
      ...exposure,
      told('info', 'flags', 'the flags of the API server are not in this folder, and were not looked at'),
      ...(authorization === undefined
        ? []
        : checkAuthorizers(authorizersOf(authorization), 'authorization.yaml', files)),
    ];
  }
  const { flags, file } = installed;
  return [
    ...exposure,
    ...checkAuthenticationFlags(flags, file, files),
    ...checkChain(installed, authorization, files),
  ];
}

function checkAuthenticationFlags(flags: Flags, file: string, files: readonly string[]): readonly Finding[] {
  const path = flags['authentication-token-webhook-config-file'];
  const flag = '--authentication-token-webhook-config-file';
  if (path === undefined) {
    return [
      told('error', 'tokenWebhook', 'the API server asks nobody about tokens', `set ${flag} in \`${file}\``),
    ];
  }
  return [
    ...namedFile(path, flag, file, files),
    ...versionFlag(flags, 'authentication-token-webhook-version', file),
    window(
      'tokenWindow',
      flags['authentication-token-webhook-cache-ttl'],
      defaults.authentication,
      `--authentication-token-webhook-cache-ttl in \`${file}\``,
      (count) =>
        `who is shut out, or loses an entry, a group or a session, is out after ${count + windows.acceptedToken} s (${count} s and ${windows.acceptedToken} s that have no flag)`,
    ),
  ];
}

function checkChain(
  { flags, file, authorizers }: NonNullable<ReadBundle['installed']>,
  authorization: unknown,
  files: readonly string[],
): readonly Finding[] {
  const isFile = flags['authorization-config'] !== undefined || authorizers !== undefined;
  const classic = Object.keys(flags).filter((name) => /^authorization-(?:mode$|webhook-)/.test(name));
  if (isFile && classic.length > 0) {
    return [
      told(
        'error',
        'chain',
        `authorizers are given by a file and by \`--${classic[0]}\`: the API server does not start`,
        `leave one of them out in \`${file}\``,
      ),
    ];
  }
  if (authorizers !== undefined) return checkAuthorizers(authorizers, file, files);
  if (!isFile) return checkModes(flags, file, files);
  const path = flags['authorization-config'] ?? '';
  const named = namedFile(path, '--authorization-config', file, files);
  if (named.length > 0) return named;
  return [
    ...checkHead(authorization),
    ...checkAuthorizers(authorizersOf(authorization), 'authorization.yaml', files),
  ];
}

function checkModes(flags: Flags, file: string, files: readonly string[]): readonly Finding[] {
  const mode = flags['authorization-mode'];
  const path = flags['authorization-webhook-config-file'];
  if (mode === undefined || path === undefined) {
    return [
      told(
        'error',
        'chain',
        'the API server asks nobody about access policies',
        `set --authorization-config in \`${file}\`, or --authorization-mode and --authorization-webhook-config-file`,
      ),
    ];
  }
  return [
    ...checkOrder(mode.split(','), `--authorization-mode in \`${file}\``),
    ...namedFile(path, '--authorization-webhook-config-file', file, files),
    ...versionFlag(flags, 'authorization-webhook-version', file),
    ...accessWindows(
      {
        authorized: flags['authorization-webhook-cache-authorized-ttl'],
        unauthorized: flags['authorization-webhook-cache-unauthorized-ttl'],
      },
      (cache) => `--authorization-webhook-cache-${cache}-ttl in \`${file}\``,
    ),
    told(
      'info',
      'conditions',
      'what RBAC does not allow is asked for all users: flags know no conditions',
      'Kubernetes 1.30 and newer can be told by `--authorization-config`',
    ),
  ];
}
