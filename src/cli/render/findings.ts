import { styleText } from 'node:util';
import type { Finding } from '../../engine/analysis/policylint/rule.ts';
import { type Severity, severities } from '../../engine/analysis/policylint/severity.ts';
import type { Position } from '../../engine/iam/position.ts';
import { counted } from './counted.ts';
import { printable } from './printable.ts';

/** A document with what was found in it. */
export interface Reviewed {
  /** As the user named it; `stdin` for standard input. */
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** For people: place, rule, the line with what is meant underlined, what is wrong, what to do. */
export function renderFindings(reviewed: readonly Reviewed[]): string {
  const parts = reviewed.flatMap(({ file, text, findings }) => {
    const lines = text.split('\n');
    return findings.map((finding) => renderFinding(file, lines, finding));
  });
  return `${parts.join('')}${summary(reviewed)}\n`;
}

function renderFinding(file: string, lines: readonly string[], finding: Finding): string {
  const { position, severity, id, rule, message, hint } = finding;
  const number = String(position.line);
  const gutter = ' '.repeat(number.length);
  const { shown, from, length } = excerpt(lines[position.line - 1] ?? '', position);
  return [
    `${bold(`${printable(file)}:${position.line}:${position.column}`)} ${coloured(severity)} ${bold(id)} ${rule}${whereOf(finding)}`,
    ` ${number} | ${shown}`,
    ` ${gutter} | ${' '.repeat(from)}${styleText(colours[severity], '^'.repeat(length))}`,
    ` ${gutter} = ${printable(message)}`,
    ...(hint === undefined ? [] : [` ${gutter} = hint: ${printable(hint)}`]),
    '',
    '',
  ].join('\n');
}

function whereOf({ statement, sid, element }: Finding): string {
  if (statement === undefined) return '';
  const name = `statement ${statement + 1}${sid === undefined ? '' : ` "${printable(sid)}"`}`;
  return ` (${element === 'Statement' ? name : `${name}, ${element}`})`;
}

/** Characters of a line that are shown at most: policies are often one long line. */
const widest = 100;

/** The part of the line around the place, and what to underline in it. */
function excerpt(
  line: string,
  { column }: Position,
): { readonly shown: string; readonly from: number; readonly length: number } {
  const at = column - 1;
  const token = /^(?:"(?:[^"\\]|\\.)*"|(?:[^\s,:}\]]|:(?=[^\s]))+)/.exec(line.slice(at))?.[0] ?? '';
  const start = line.length <= widest ? 0 : Math.max(0, Math.min(at - widest / 4, line.length - widest));
  const end = Math.min(line.length, start + widest);
  const before = `${start > 0 ? '…' : ''}${inLine(line.slice(start, at))}`;
  const meant = inLine(line.slice(at, Math.min(at + token.length, end)));
  const after = `${inLine(line.slice(Math.min(at + token.length, end), end))}${end < line.length ? '…' : ''}`;
  return {
    shown: `${before}${meant}${after}`.trimEnd(),
    from: before.length,
    length: Math.max(1, meant.length),
  };
}

function inLine(text: string): string {
  return printable(text.replaceAll('\t', ' ').replaceAll('\r', ''));
}

/** `3 findings in 2 documents: 1 error, 2 security` */
function summary(reviewed: readonly Reviewed[]): string {
  const findings = reviewed.flatMap((one) => one.findings);
  const documents = reviewed.length === 1 ? '1 document' : `${reviewed.length} documents`;
  if (findings.length === 0) return `nothing found in ${documents}`;
  return `${counted(findings.length, 'finding')} in ${documents}: ${severityCounts(findings)}`;
}

/** `1 error, 2 security`, the gravest first. */
export function severityCounts(findings: readonly { readonly severity: Severity }[]): string {
  return [...severities]
    .reverse()
    .map((severity) => ({ severity, count: findings.filter((one) => one.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${count === 1 ? severity : plurals[severity]}`)
    .join(', ');
}

const plurals: Readonly<Record<Severity, string>> = {
  error: 'errors',
  security: 'security',
  warning: 'warnings',
  suggestion: 'suggestions',
};

const colours: Readonly<Record<Severity, 'red' | 'magenta' | 'yellow' | 'cyan'>> = {
  error: 'red',
  security: 'magenta',
  warning: 'yellow',
  suggestion: 'cyan',
};

// `styleText` leaves colours away where standard output is no terminal, and where NO_COLOR asks for it.
export const bold = (text: string): string => styleText('bold', text);
export const coloured = (severity: Severity): string => styleText(colours[severity], severity);
