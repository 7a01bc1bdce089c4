import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { writeSnapshot } from '../../sources/saved/saved.ts';
import type { SourceOptions } from '../analysis/options.ts';
import { gapLines, readSource } from '../analysis/source.ts';
import { writeWhole } from '../analysis/writewhole.ts';
import { exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';

/** Writes what the source tells; on standard error what is in it and what is not. */
export async function saveSnapshot(file: string | undefined, options: SourceOptions): Promise<void> {
  const snapshot = await readSource(options);
  const text = writeSnapshot(snapshot);
  if (file === undefined) process.stdout.write(text);
  else writeWhole(file, text);
  const lines = [summary(snapshot), ...gapLines(snapshot.gaps)].map(printable);
  process.stderr.write(lines.map((line) => `entryway: ${line}\n`).join(''));
  if (snapshot.gaps.length > 0) process.exitCode = exitCodes.denied;
}

function summary({ accounts, clusters, sources }: Snapshot): string {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return [
    `${counted(accounts.length, 'account')} with ${counted(sum(accounts.map(({ roles }) => roles.length)), 'role')}`,
    `and ${counted(sum(accounts.map(({ users }) => users.length)), 'user')},`,
    `${counted(clusters.length, 'cluster')} with ${sum(clusters.map(({ accessEntries }) => accessEntries.length))} access entries`,
    `and ${sum(clusters.map(({ rbac }) => rbac.length))} RBAC objects`,
    `(${sources.join('; ')})`,
  ].join(' ');
}
