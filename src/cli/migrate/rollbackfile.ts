import { commandLine } from '../../engine/analysis/explain/shell.ts';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { rollbackShape } from './rollbackshape.ts';
import { readState } from './statefile.ts';
import type { FoundEntry, Mode } from './target.ts';

const format = 'entryway.migration/v1';

/** As much of a plan as carrying it out takes. */
export type CarriedPlan = Pick<MigrationPlan, 'clusterArn' | 'clusterName' | 'entries' | 'bindings'>;

/** What was there before the first change, and what was to be done: enough to go on after a crash, and to lead back. */
export interface RollbackFile {
  readonly format: typeof format;
  readonly clusterArn: string;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  readonly plan: CarriedPlan;
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
  { clusterArn, clusterName, entries, bindings }: CarriedPlan,
  before: RollbackFile['before'],
  now: number,
  path: string,
): RollbackFile {
  const undo = commandLine(['entryway', 'migrate', 'aws-auth', '--rollback', path]);
  const plan = { clusterArn, clusterName, entries, bindings };
  return { format, clusterArn, writtenAt: now, plan, before, undo };
}

/** Undefined where there is none. */
export function readRollbackFile(path: string): RollbackFile | undefined {
  return readState(path, rollbackShape);
}
