import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { planSides } from '../../sources/files/terraform/plansides.ts';
import { readSource } from '../analysis/source.ts';
import type { ConnectionOptions } from '../connection.ts';
import { readText } from '../textfile.ts';

/** What a side of a comparison can be beside a path. */
const running = 'now';

export interface SidesOptions extends ConnectionOptions {
  readonly cluster?: readonly string[];
}

/** Reads both sides; of a Terraform plan alone, what it starts from and what it leads to. */
export async function readSides(
  { before, after }: { readonly before: string; readonly after: string | undefined },
  options: SidesOptions,
): Promise<{ readonly before: Snapshot; readonly after: Snapshot }> {
  if (after === undefined) {
    const { cluster: clusters } = options;
    return planSides(readText(before), { file: before, now: Date.now(), ...(clusters && { clusters }) });
  }
  const read = (name: string): Promise<Snapshot> =>
    readSource({ ...options, ...(name !== running && { from: [name] }) });
  return { before: await read(before), after: await read(after) };
}
