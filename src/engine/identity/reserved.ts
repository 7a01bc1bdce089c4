/**
 * How the name of a break-glass principal begins (`breakglass.ts`). No mapping gives such a name: what is done under it
 * was done by breaking the glass.
 */
export const breakGlassPrefix = 'entryway:break-glass:';

/**
 * What usernames and groups of access entries must not start with (eks-access-facts B21, B28), and the prefix that is
 * ours; case counts. Looked at when an entry is written and, as rendered, at each login.
 */
const reservedPrefixes = ['system:', 'eks:', 'aws:', 'amazon:', 'iam:', breakGlassPrefix] as const;

/** The reserved prefix a name starts with, or undefined. Empty prefixes in a list reserve nothing. */
export function reservedPrefix(
  name: string,
  prefixes: readonly string[] = reservedPrefixes,
): string | undefined {
  return prefixes.find((prefix) => prefix !== '' && name.startsWith(prefix));
}
