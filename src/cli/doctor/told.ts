import { basename } from 'node:path';
import type { Flags } from '../bundle/flags.ts';
import { parseDuration } from './duration.ts';
import type { Finding, Severity } from './finding.ts';

/** Longer, and an operator who takes access away would not expect that it goes on. Seconds. */
const longWindow = 120;

/** What an API server takes where it is told nothing (kubernetes-facts C6, C12). Seconds. */
export const defaults = { authentication: 120, authorized: 300, unauthorized: 30 } as const;

/** A file that a flag names has to be in the folder that goes to the control plane. */
export function namedFile(
  path: string,
  flag: string,
  file: string,
  files: readonly string[],
): readonly Finding[] {
  return files.includes(basename(path))
    ? []
    : [
        told(
          'error',
          'missingFile',
          `${flag} in \`${file}\` names \`${path}\`, and this folder has no such file`,
          'make the bundle again',
        ),
      ];
}

export function versionFlag(flags: Flags, name: string, file: string): readonly Finding[] {
  const version = flags[name];
  if (version === 'v1') return [];
  return [
    told(
      'warning',
      'reviewVersion',
      `--${name} is ${version ?? 'not given, which means v1beta1'}`,
      `set it to v1 in \`${file}\``,
    ),
  ];
}

export function window(
  code: string,
  text: string | undefined,
  byDefault: number,
  where: string,
  tell: (count: number) => string,
): Finding {
  const count = text === undefined ? byDefault : parseDuration(text);
  if (count === undefined) {
    return told(
      'error',
      code,
      `${where} is \`${text}\`, which is no duration: the API server does not start`,
    );
  }
  return count > longWindow || text === undefined
    ? told('warning', code, tell(count), `set ${where} to ${Math.min(count, 30)}s`)
    : told('ok', code, tell(count));
}

export function told(severity: Severity, code: string, message: string, hint?: string): Finding {
  return {
    group: 'what the API server is told',
    severity,
    code,
    message,
    ...(hint !== undefined && { hint }),
  };
}

/** How long an API server goes on with what it was told about access. `where` names the setting. */
export function accessWindows(
  texts: { readonly authorized: string | undefined; readonly unauthorized: string | undefined },
  where: (cache: 'authorized' | 'unauthorized') => string,
): readonly Finding[] {
  return [
    window(
      'authorizedWindow',
      texts.authorized,
      defaults.authorized,
      where('authorized'),
      (count) => `an access policy that is taken away allows for ${count} s more`,
    ),
    window(
      'unauthorizedWindow',
      texts.unauthorized,
      defaults.unauthorized,
      where('unauthorized'),
      (count) => `a new association works after ${count} s at most`,
    ),
  ];
}
