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
    case 'yaml':
      process.stdout.write(asData(output, answer));
      return;
    case 'table':
      process.stdout.write(text());
      for (const line of gapLines(answer.incomplete)) process.stderr.write(`entryway: ${printable(line)}\n`);
      return;
    default:
      output satisfies never;
  }
}

/** All that is known, for programs. */
export function asData(format: 'json' | 'yaml', answer: object): string {
  return format === 'json'
    ? `${JSON.stringify(answer, undefined, 2)}\n`
    : stringify(answer, { aliasDuplicateObjects: false, lineWidth: 0 });
}
