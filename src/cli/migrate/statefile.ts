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
import type { Reader } from '../../sources/saved/check.ts';
import { ShapeFault } from '../../sources/saved/saved.ts';
import { CommandError } from '../failure.ts';

/** Both names of the cluster in a file of a migration, which must be one. */
export interface OfCluster {
  readonly clusterArn: string;
  readonly plan: { readonly clusterArn: string };
}

/**
 * What leads a migration back, of the given shape. Undefined where there is none.
 *
 * SECURITY: an administrator carries out what the file says, so nobody else may have written it.
 */
export function readState<State extends OfCluster>(path: string, shape: Reader<State>): State | undefined {
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
        `others than you can write \`${path}\`, which decides who has access`,
        'see that it is as it was, then make it yours alone with chown and chmod 600',
      );
    }
    const file = shape(JSON.parse(readFileSync(descriptor, 'utf8')));
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
export function writeState(path: string, file: OfCluster): void {
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
