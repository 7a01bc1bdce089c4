import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { ShapeFault } from '../../sources/saved/saved.ts';
import { CommandError } from '../failure.ts';
import { rollbackShape } from './rollbackshape.ts';
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
  const undo = `entryway migrate aws-auth --rollback ${path}`;
  const plan = { clusterArn, clusterName, entries, bindings };
  return { format, clusterArn, writtenAt: now, plan, before, undo };
}

/**
 * Undefined where there is none.
 *
 * SECURITY: an administrator carries out what the file says, so nobody else may have written it.
 */
export function readRollbackFile(path: string): RollbackFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, uid } = fstatSync(descriptor);
    if ((mode & 0o022) !== 0 || ![process.getuid?.() ?? uid, 0].includes(uid)) {
      throw new CommandError(
        'misuse',
        `others than you can write \`${path}\`, which decides who is let in`,
        'see that it is as it was, then make it yours alone with chown and chmod 600',
      );
    }
    const file = rollbackShape(JSON.parse(readFileSync(descriptor, 'utf8')));
    if (file.plan.clusterArn === file.clusterArn) return file;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ShapeFault)) throw error;
  } finally {
    closeSync(descriptor);
  }
  throw new CommandError(
    'misuse',
    `\`${path}\` is no rollback file of a migration`,
    'name one that --apply wrote, or for a new one a file that is not there yet',
  );
}

/** On the disk when it returns, for the owner alone; never half of it, and never over one that is there. */
export function writeRollbackFile(path: string, file: RollbackFile): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, 'wx', 0o600);
  writeFileSync(descriptor, `${JSON.stringify(file, undefined, 2)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CommandError(
      'failure',
      `somebody else has begun a migration meanwhile: \`${path}\` is there`,
      'run it again when theirs has ended',
    );
  } finally {
    rmSync(unfinished, { force: true });
  }
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
