import { stringify } from 'yaml';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import { printable } from '../render/printable.ts';
import type { OutputOptions } from './options.ts';
import { gapLines } from './source.ts';

/**
 * Prints an answer: as text for people, whose gaps go to standard error, or all of it as data, which has them in it.
 * `text` is made only when it is printed.
 */
export function printAnswer(
  { output }: OutputOptions,
  answer: { readonly incomplete: readonly Gap[] },
  text: () => string,
): void {
  switch (output) {
    case 'json':
      process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
      return;
    case 'yaml':
      process.stdout.write(stringify(answer, { aliasDuplicateObjects: false, lineWidth: 0 }));
      return;
    case 'table':
      process.stdout.write(text());
      for (const line of gapLines(answer.incomplete)) process.stderr.write(`entryway: ${printable(line)}\n`);
      return;
    default:
      output satisfies never;
  }
}
