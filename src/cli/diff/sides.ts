import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readSource } from '../analysis/source.ts';
import type { ConnectionOptions } from '../connection.ts';

/** What a side of a comparison can be beside a path. */
const running = 'now';

export interface SidesOptions extends ConnectionOptions {
  readonly cluster?: readonly string[];
}

/** Reads both sides. */
export async function readSides(
  { before, after }: { readonly before: string; readonly after: string },
  options: SidesOptions,
): Promise<{ readonly before: Snapshot; readonly after: Snapshot }> {
  const read = (name: string): Promise<Snapshot> =>
    readSource({ ...options, ...(name !== running && { from: [name] }) });
  return { before: await read(before), after: await read(after) };
}
