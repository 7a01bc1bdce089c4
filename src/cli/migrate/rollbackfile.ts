import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { CommandError } from '../failure.ts';
import type { FoundEntry, Mode } from './target.ts';

const format = 'entryway.migration/v1';

/** What was there before the first change, and what was to be done: enough to go on after a crash, and to lead back. */
export interface RollbackFile {
  readonly format: typeof format;
  readonly clusterArn: string;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  readonly plan: MigrationPlan;
  readonly before: {
    readonly mode: Mode;
    /** Entries that stood where the plan makes its own: of principals that are gone. */
    readonly entries: Readonly<Record<string, FoundEntry>>;
    readonly awsAuth?: Readonly<Record<string, string>>;
  };
  /** For people. */
  readonly undo: string;
}

export function newRollbackFile(
  plan: MigrationPlan,
  before: RollbackFile['before'],
  now: number,
  path: string,
): RollbackFile {
  const undo = `entryway migrate aws-auth --rollback ${path}`;
  return { format, clusterArn: plan.clusterArn, writtenAt: now, plan, before, undo };
}

/** Undefined where there is none. */
export function readRollbackFile(path: string): RollbackFile | undefined {
  if (!existsSync(path)) return undefined;
  let read: Partial<RollbackFile> | null;
  try {
    read = JSON.parse(readFileSync(path, 'utf8')) as Partial<RollbackFile> | null;
  } catch {
    read = null;
  }
  const isWhole =
    read?.format === format &&
    typeof read.clusterArn === 'string' &&
    read.plan?.clusterArn === read.clusterArn &&
    Array.isArray(read.plan.entries) &&
    Array.isArray(read.plan.bindings) &&
    typeof read.before?.mode === 'string' &&
    typeof read.before.entries === 'object';
  if (isWhole) return read as RollbackFile;
  throw new CommandError(
    'misuse',
    `\`${path}\` is no rollback file of a migration`,
    'name another one with --rollback-file',
  );
}

/** On the disk when it returns, for the owner alone; never half of it. */
export function writeRollbackFile(path: string, file: RollbackFile): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  const descriptor = openSync(unfinished, 'wx', 0o600);
  writeSync(descriptor, `${JSON.stringify(file, undefined, 2)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(unfinished, path);
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
