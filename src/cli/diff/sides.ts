import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { applyPlan } from '../../sources/files/terraform/apply/applyplan.ts';
import { findPlan } from '../../sources/files/terraform/plan.ts';
import { planSides } from '../../sources/files/terraform/plansides.ts';
import { readSource } from '../analysis/source.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';

/** What a side of a comparison can be beside a path. */
const running = 'now';

export interface SidesOptions extends ConnectionOptions {
  readonly cluster?: readonly string[];
}

/**
 * Reads both sides; of a Terraform plan alone, what it starts from and what it leads to. A plan after anything else is what
 * becomes of that when it is applied.
 */
export async function readSides(
  { before, after }: { readonly before: string; readonly after: string | undefined },
  options: SidesOptions,
): Promise<{ readonly before: Snapshot; readonly after: Snapshot }> {
  const { cluster: clusters } = options;
  const asked = clusters && { clusters };
  const planIn = (name: string) => (name === running ? undefined : findPlan(name));
  if (after === undefined) {
    const plan = await planIn(before);
    if (plan !== undefined) return planSides(plan, { now: Date.now(), ...asked });
    throw new CommandError(
      'misuse',
      `\`${before}\` is no Terraform plan, and nothing else has two sides`,
      'name what to compare it with: `entryway diff BEFORE AFTER`; a plan is made by `terraform show -json PLAN > plan.json`',
    );
  }
  if (before === '-' && after === '-') {
    throw new CommandError('misuse', 'standard input holds one side', 'name a file for the other');
  }
  const plan = await planIn(after);
  const read = (name: string): Promise<Snapshot> =>
    readSource({ ...options, ...(name !== running && { from: [name] }) });
  if (plan !== undefined && (before === running || (await findPlan(before)) === undefined)) {
    const start = await read(before);
    return { before: start, after: applyPlan(start, plan, asked) };
  }
  return { before: await read(before), after: await read(after) };
}
