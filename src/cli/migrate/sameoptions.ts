import { commandLine } from '../../engine/analysis/explain/shell.ts';

/** Options that the command which goes on needs as well, each with a space before it: as whom, and which file. */
export function sameOptions({
  role,
  user,
  rollbackFile,
}: {
  readonly role?: string | undefined;
  readonly user?: string | undefined;
  readonly rollbackFile?: string | undefined;
}): string {
  const words = [
    ...(rollbackFile === undefined ? [] : ['--rollback-file', rollbackFile]),
    ...(role !== undefined ? ['--role', role] : user !== undefined ? ['--user', user] : []),
  ];
  return words.length === 0 ? '' : ` ${commandLine(words)}`;
}
