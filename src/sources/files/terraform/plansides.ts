import type { Snapshot } from '../../../engine/analysis/snapshot/snapshot.ts';
import { assemble } from '../assemble/assemble.ts';
import { collectFindings } from '../findings.ts';
import type { TerraformPlan } from './plan.ts';
import { readSide } from './terraform.ts';

/** What a Terraform plan starts from and what it leads to, of the resources that it manages. */
export function planSides(
  { file, document, value }: TerraformPlan,
  { now, clusters = [] }: { readonly now: number; readonly clusters?: readonly string[] },
): { readonly before: Snapshot; readonly after: Snapshot } {
  const sideOf = (side: 'before' | 'after'): Snapshot => {
    const { findings, facts, gaps } = collectFindings();
    readSide(document, value, side, findings);
    const snapshot = assemble(facts, { wanted: clusters, now });
    return { ...snapshot, sources: [file, ...snapshot.sources], gaps: [...gaps(), ...snapshot.gaps] };
  };
  return { before: sideOf('before'), after: sideOf('after') };
}
