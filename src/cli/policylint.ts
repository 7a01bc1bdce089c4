import { likelyKind } from '../engine/analysis/policylint/kind.ts';
import { lintPolicy } from '../engine/analysis/policylint/policylint.ts';
import { type Severity, severities } from '../engine/analysis/policylint/severity.ts';
import type { PolicyKind } from '../engine/iam/document.ts';
import { exitCodes } from './failure.ts';
import { type Reviewed, renderFindings } from './render/findings.ts';
import { readText } from './textfile.ts';

export interface PolicyLintOptions {
  readonly kind: PolicyKind | 'auto';
  readonly output: 'text' | 'json';
  readonly minSeverity: Severity;
}

/**
 * Reviews policy documents; `-` is standard input. The exit code is that of a denial when something is found, so that a
 * pipeline stops.
 */
export function lintPolicies(files: readonly string[], options: PolicyLintOptions): void {
  const least = severities.indexOf(options.minSeverity);
  const reviewed = files.map((file): Reviewed => {
    const text = readText(file);
    const kind = options.kind === 'auto' ? likelyKind(text) : options.kind;
    return {
      file: file === '-' ? 'stdin' : file,
      text,
      findings: lintPolicy(text, kind).filter(({ severity }) => severities.indexOf(severity) >= least),
    };
  });
  process.stdout.write(options.output === 'json' ? asJson(reviewed) : renderFindings(reviewed));
  if (reviewed.some(({ findings }) => findings.length > 0)) process.exitCode = exitCodes.denied;
}

function asJson(reviewed: readonly Reviewed[]): string {
  const findings = reviewed.flatMap(({ file, findings }) =>
    findings.map(({ position, statement, ...finding }) => ({
      file,
      ...position,
      // Statements are counted from 1, as in the text.
      ...(statement === undefined ? {} : { statement: statement + 1 }),
      ...finding,
    })),
  );
  return `${JSON.stringify({ findings }, undefined, 2)}\n`;
}
