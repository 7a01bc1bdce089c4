import { statSync } from 'node:fs';
import { lintAccess } from '../../engine/analysis/accesslint/accesslint.ts';
import { accessRuleIds } from '../../engine/analysis/accesslint/rules.ts';
import { type Severity, severities } from '../../engine/analysis/policylint/severity.ts';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { packageVersion } from '../../server/version.ts';
import { lintInputs } from '../../sources/lintinputs.ts';
import type { SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import type { SarifReport } from '../report/sarif.ts';
import { junitOf, sarifOf, warningsOf } from './reports.ts';
import { readSuppressions } from './suppressionfile.ts';
import { asText, unlookedLines } from './text.ts';
import { readUsage } from './usage.ts';

export interface LintOptions extends SourceOptions {
  readonly minSeverity: Severity;
  readonly rule?: readonly string[];
  readonly skipRule?: readonly string[];
  readonly suppressions?: string;
  readonly usage?: readonly string[];
  readonly output: 'table' | 'json' | 'yaml' | 'sarif' | 'junit';
}

/** Reviews who has access; exit code 1 when something is found, so that a pipeline stops. */
export async function lint(options: LintOptions): Promise<void> {
  const only = options.rule && idsOf(options.rule);
  const skip = new Set([
    ...idsOf(options.skipRule ?? []),
    // Whom another cluster lets in is not seen where only some are looked at.
    ...(options.cluster === undefined ? [] : ['EW-ACC-412']),
  ]);
  // First: a mistake in the file should not cost the time to read a whole account.
  const suppressions = options.suppressions === undefined ? [] : readSuppressions(options.suppressions);
  const usage = options.usage && (await readUsage(options.usage));
  const world = await openWorld(options);
  const answer = lintAccess(world, {
    ...{ only, skip, suppressions, minSeverity: options.minSeverity, usage },
    ...lintInputs(),
  });
  const names = new Map(world.snapshot.clusters.map(({ arn, name }) => [arn, name]));
  const { output } = options;
  switch (output) {
    case 'table':
    case 'json':
    case 'yaml':
      printAnswer({ output }, answer, () => asText(answer, names));
      if (output === 'table') warn(unlookedLines(answer.notLookedAt, names));
      break;
    case 'sarif':
      process.stdout.write(
        sarifOf(answer, names, { version: packageVersion(), artifact: artifactOf(options, world.snapshot) }),
      );
      warn(warningsOf(answer, names));
      break;
    case 'junit': {
      const least = severities.indexOf(options.minSeverity);
      process.stdout.write(
        junitOf(
          answer,
          names,
          ({ id, severity }) =>
            id.startsWith('EW-ACC-') &&
            (only?.has(id) ?? true) &&
            !skip.has(id) &&
            severities.indexOf(severity) >= least,
        ),
      );
      warn(warningsOf(answer, names));
      break;
    }
    default:
      output satisfies never;
  }
  if (answer.findings.length > 0) process.exitCode = exitCodes.denied;
}

/** Where a finding stands that is in no file of its own: in the file that was read, or in the snapshot as if it were one. */
function artifactOf({ from }: LintOptions, { sources }: Snapshot): SarifReport['artifact'] {
  const [file, ...others] = from ?? [];
  const isFile =
    file !== undefined && others.length === 0 && statSync(file, { throwIfNoEntry: false })?.isFile();
  return {
    file: isFile === true ? file : 'entryway-snapshot.json',
    description: `what was read: ${sources.join(', ')}`,
  };
}

function idsOf(ids: readonly string[]): ReadonlySet<string> {
  const unknown = ids.find((id) => !accessRuleIds.has(id));
  if (unknown !== undefined) {
    throw new CommandError(
      'misuse',
      `there is no rule \`${unknown}\``,
      'docs/reference/access-lint.md has all',
    );
  }
  return new Set(ids);
}

function warn(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`entryway: ${printable(line)}\n`);
}
