/** What usernames and groups of access entries must not start with (eks-access-facts B21, B28); case counts. */
const reservedPrefixes = ['system:', 'eks:', 'aws:', 'amazon:', 'iam:'] as const;

/** The reserved prefix a name starts with, or undefined. Empty prefixes in a list reserve nothing. */
export function reservedPrefix(
  name: string,
  prefixes: readonly string[] = reservedPrefixes,
): string | undefined {
  return prefixes.find((prefix) => prefix !== '' && name.startsWith(prefix));
}
