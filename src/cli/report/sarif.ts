import type { Severity } from '../../engine/analysis/policylint/severity.ts';
import { printable } from '../render/printable.ts';

/** What a SARIF report tells of the rules behind its results. */
export interface SarifRule {
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
  readonly why: string;
  readonly fix?: string;
}

export interface SarifResult {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix?: string;
  /** Whom or what it is about, with what contains it. */
  readonly subject: string;
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
  readonly fingerprint: string;
  /** Why it is not to be shown. */
  readonly suppressedBecause?: string;
}

export interface SarifReport {
  readonly version: string;
  readonly rules: readonly SarifRule[];
  readonly results: readonly SarifResult[];
  /** What could not be looked at. */
  readonly warnings: readonly string[];
  /** What results stand in that are in no file of their own, and what that is. */
  readonly artifact: { readonly file: string; readonly description: string };
}

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  security: 'error',
  warning: 'warning',
  suggestion: 'note',
};

/**
 * A SARIF 2.1.0 log (OASIS) with one run. Every result names a rule that is in it, and has a physical location: GitHub's
 * code scanning refuses a whole log of which one result has none (`expected a physical location`).
 */
export function sarifLog({ version, rules, results, warnings, artifact }: SarifReport): string {
  const indexOf = new Map(rules.map(({ id }, index) => [id, index]));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'entryway', version, rules: rules.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        artifacts: [
          { location: { uri: uriOf(artifact.file) }, description: { text: plain(artifact.description) } },
        ],
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: warnings.map((warning) => ({
              level: 'warning',
              message: { text: plain(warning) },
            })),
          },
        ],
        results: results.map((result) => ({
          ruleId: result.ruleId,
          ...(indexOf.has(result.ruleId) && { ruleIndex: indexOf.get(result.ruleId) }),
          level: levels[result.severity],
          message: {
            text: plain(result.fix === undefined ? result.message : `${result.message}\nfix: ${result.fix}`),
          },
          locations: [location(result, artifact.file)],
          // GitHub goes by the second alone. Made of the line, as it would be, two findings of one line were one alert.
          partialFingerprints: {
            'entryway/v1': result.fingerprint,
            primaryLocationLineHash: `${result.fingerprint}:1`,
          },
          ...(result.suppressedBecause !== undefined && {
            suppressions: [{ kind: 'external', justification: plain(result.suppressedBecause) }],
          }),
        })),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function descriptor({ id, name, severity, why, fix }: SarifRule) {
  const help = fix === undefined ? why : `${why}\n\nWhat to do: ${fix}.`;
  return {
    id,
    // An identifier for people: in one word, as viewers show it in lists.
    name: name.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? ''),
    shortDescription: { text: name },
    fullDescription: { text: why },
    help: { text: help, markdown: help },
    defaultConfiguration: { level: levels[severity] },
    properties: {
      tags: ['security', 'access'],
      ...(severity === 'security' && { 'security-severity': '8.0' }),
    },
  };
}

function location({ subject, place }: SarifResult, artifactFile: string) {
  const { file, line, column } = place ?? { file: artifactFile, line: 1, column: 1 };
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      region: { startLine: line, startColumn: column },
    },
    logicalLocations: [{ fullyQualifiedName: printable(subject), kind: 'resource' }],
  };
}

/** A file's name as a URI reference: relative stays relative, so that a report fits every checkout. */
function uriOf(file: string): string {
  const path = file
    .replace(/^(?:\.\/)+/, '')
    .split('/')
    .map((segment) => encodeURIComponent(segment.isWellFormed() ? segment : segment.toWellFormed()))
    .join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}

/**
 * Text of a message.
 *
 * SECURITY: a viewer makes links of `[text](target)` (SARIF 3.11.6), and a name in a snapshot is not ours: it must not place
 * one into the report. Control characters and those that turn text around are written out.
 */
function plain(text: string): string {
  return text.split('\n').map(printable).join('\n').replaceAll('](', '] (');
}
