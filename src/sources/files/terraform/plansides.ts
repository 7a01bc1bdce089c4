import { asObject } from '../../../access/json.ts';
import type { Snapshot } from '../../../engine/analysis/snapshot/snapshot.ts';
import { SourceError } from '../../sourceerror.ts';
import { assemble } from '../assemble/assemble.ts';
import { placeText } from '../assemble/draft.ts';
import { collectFindings } from '../findings.ts';
import { documentsIn } from '../text/documents.ts';
import { isPlan, isTerraform, readSide } from './terraform.ts';

/**
 * What a Terraform plan (`terraform show -json PLAN`) starts from and what it leads to, of the resources that it manages.
 * `file` is what places call it. Throws SourceError for a text that is no plan.
 */
export function planSides(
  text: string,
  {
    file,
    now,
    clusters = [],
  }: { readonly file: string; readonly now: number; readonly clusters?: readonly string[] },
): { readonly before: Snapshot; readonly after: Snapshot } {
  const [document] = documentsIn(file, text);
  if (document !== undefined && 'fault' in document) {
    throw new SourceError('misuse', `${placeText(document.place)}: ${document.fault}`);
  }
  const value = asObject(document?.value);
  if (document === undefined || value === undefined || !isTerraform(value) || !isPlan(value)) {
    throw new SourceError(
      'misuse',
      `\`${file}\` is no Terraform plan in JSON`,
      'make one with `terraform show -json PLAN`',
    );
  }
  const sideOf = (side: 'before' | 'after'): Snapshot => {
    const { findings, facts, gaps } = collectFindings();
    readSide(document, value, side, findings);
    const snapshot = assemble(facts, { wanted: clusters, now });
    return { ...snapshot, sources: [file, ...snapshot.sources], gaps: [...gaps, ...snapshot.gaps] };
  };
  return { before: sideOf('before'), after: sideOf('after') };
}
