import { type CaseResult, judgeCase } from '../../engine/analysis/accesscases/accesscases.ts';
import { readCases } from '../../sources/cases/casefile.ts';
import type { SourceOptions } from '../analysis/options.ts';
import { asData } from '../analysis/print.ts';
import { gapLines, openWorld } from '../analysis/source.ts';
import { exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { type JunitOutcome, junitXml } from '../report/junit.ts';
import { readText } from '../textfile.ts';

export interface TestOptions extends SourceOptions {
  readonly assumeComplete?: true;
  readonly output: 'table' | 'json' | 'yaml' | 'junit';
}

/** Judges the cases of the files. Exit code 1 where one fails, else 3 where one could not be decided. */
export async function testAccess(files: readonly string[], options: TestOptions): Promise<void> {
  // Read first: whoever mistypes a file name need not wait for a cluster.
  const read = files.map((file) => ({ file, text: readText(file) }));
  const world = await openWorld(options);
  const assumeComplete = options.assumeComplete === true;
  const results = read.map(({ file, text }) => ({
    file,
    results: readCases(file, text, world).map((one) => judgeCase(world, one, { assumeComplete })),
  }));
  process.stdout.write(rendered(results, options.output));
  const all = results.flatMap((one) => one.results);
  if (all.some(({ outcome }) => outcome === 'failed')) process.exitCode = exitCodes.denied;
  else if (all.some(({ outcome }) => outcome === 'undecided')) process.exitCode = exitCodes.failure;
}

interface FileResults {
  readonly file: string;
  readonly results: readonly CaseResult[];
}

function rendered(files: readonly FileResults[], output: TestOptions['output']): string {
  switch (output) {
    case 'table':
      return asText(files);
    case 'json':
    case 'yaml':
      return asData(output, { cases: files.flatMap(({ results }) => results) });
    case 'junit':
      return junitXml(
        files.map(({ file, results }) => ({
          name: file,
          cases: results.map((result) => ({
            ...{ name: result.name, classname: result.cluster, outcome: junitOutcome(result) },
            ...(result.place !== undefined && { place: result.place }),
          })),
        })),
      );
    default:
      return output satisfies never;
  }
}

function junitOutcome({ outcome, message, incomplete }: CaseResult): JunitOutcome {
  switch (outcome) {
    case 'passed':
      return { is: 'passed' };
    case 'failed':
      return { is: 'failed', message };
    case 'undecided':
      return { is: 'error', message: `undecided: ${message}`, text: gapLines(incomplete).join('\n') };
    default:
      return outcome satisfies never;
  }
}

const signs = { passed: '✓', failed: '✗', undecided: '?' } as const;

function asText(files: readonly FileResults[]): string {
  const all = files.flatMap(({ results }) => results);
  const lines = all.flatMap(({ outcome, name, message, place }) => [
    `${signs[outcome]} ${printable(name)}`,
    ...(outcome === 'passed' ? [] : [`    ${printable(message)}`]),
    ...(outcome !== 'passed' && place !== undefined ? [`    at ${printable(place.file)}:${place.line}`] : []),
  ]);
  // Most cases lack the same: each is told once.
  const gaps = [...new Set(all.flatMap(({ incomplete }) => gapLines(incomplete)))].map(
    (line) => `${printable(line)}\n`,
  );
  const missing = gaps.length === 0 ? '' : `\n${gaps.join('')}`;
  const count = (outcome: CaseResult['outcome']): number =>
    all.filter((one) => one.outcome === outcome).length;
  const [failed, undecided] = [count('failed'), count('undecided')];
  const counts = [
    `${count('passed')} hold`,
    `${failed} fail`,
    ...(undecided > 0 ? [`${undecided} undecided`] : []),
  ];
  const hint =
    failed > 0
      ? 'hint: why, and what would change it: entryway explain request VERB RESOURCE --as WHO\n'
      : undecided > 0
        ? 'hint: read what is missing, or pass --assume-complete\n'
        : '';
  return `${lines.join('\n')}\n${missing}\n${counted(all.length, 'case')}: ${counts.join(', ')}\n${hint}`;
}
