import { styleText } from 'node:util';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { type Finding, groups, isGood, type Severity } from './finding.ts';

const marks: Readonly<Record<Severity, string>> = { ok: '✓', info: '·', warning: '!', error: '✗' };
const colours: Readonly<Record<Severity, 'green' | 'cyan' | 'yellow' | 'red'>> = {
  ok: 'green',
  info: 'cyan',
  warning: 'yellow',
  error: 'red',
};

/** For people: one line each, grouped, hints below what they are about, and a last line that says how it stands. */
export function renderFindings(findings: readonly Finding[]): string {
  const parts = groups.flatMap((group) => {
    const members = findings.filter((one) => one.group === group);
    return members.length === 0 ? [] : [`${styleText('bold', group)}\n${members.map(line).join('')}\n`];
  });
  return `${parts.join('')}${summary(findings)}\n`;
}

function line({ severity, message, hint }: Finding): string {
  const head = `  ${styleText(colours[severity], marks[severity])} ${printable(message)}\n`;
  return hint === undefined ? head : `${head}    hint: ${printable(hint)}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  const checks = counted(findings.length, 'check');
  return findings.every(isGood)
    ? `${checks}: all fine`
    : `${checks}: ${count('error')} wrong, ${count('warning')} to look at`;
}
