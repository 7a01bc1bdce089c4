import { lintAwsAuth } from '../../engine/analysis/awsauthlint/awsauthlint.ts';
import type { Finding } from '../../engine/analysis/policylint/rule.ts';
import { type Severity, severities } from '../../engine/analysis/policylint/severity.ts';
import { readAwsAuth } from '../../sources/awsauth/manifest.ts';
import { exitCodes } from '../failure.ts';
import { type Reviewed, renderFindings } from '../render/findings.ts';
import { readText } from '../textfile.ts';

export interface CheckAwsAuthOptions {
  readonly output: 'text' | 'json';
  readonly minSeverity: Severity;
  readonly ssoRoleMatch?: boolean;
}

/**
 * Reviews aws-auth in files; `-` is standard input. No server is asked. The exit code is that of a denial when something is
 * found, so that a pipeline stops.
 */
export function checkAwsAuth(files: readonly string[], options: CheckAwsAuthOptions): void {
  const least = severities.indexOf(options.minSeverity);
  const reviewed = files.map((file): Reviewed => {
    const text = readText(file);
    return {
      file: file === '-' ? 'stdin' : file,
      text,
      findings: findingsIn(text, { ssoRoleMatch: options.ssoRoleMatch === true }).filter(
        ({ severity }) => severities.indexOf(severity) >= least,
      ),
    };
  });
  process.stdout.write(options.output === 'json' ? asJson(reviewed) : renderFindings(reviewed));
  if (reviewed.some(({ findings }) => findings.length > 0)) process.exitCode = exitCodes.denied;
}

/** What is wrong with the aws-auth of a text, in its order. */
export function findingsIn(text: string, options: { readonly ssoRoleMatch: boolean }): readonly Finding[] {
  const { source, findings } = readAwsAuth(text);
  const inData = source === undefined ? [] : lintAwsAuth(source, options);
  return [...findings, ...inData].toSorted(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
}

function asJson(reviewed: readonly Reviewed[]): string {
  const findings = reviewed.flatMap(({ file, findings }) =>
    findings.map(({ position, ...finding }) => ({ file, ...position, ...finding })),
  );
  return `${JSON.stringify({ findings }, undefined, 2)}\n`;
}
