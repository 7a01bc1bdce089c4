import { styleText } from 'node:util';
import type { ExplainStep, Explanation } from '../../engine/analysis/explain/explanation.ts';
import type { Additions, ProposedChange } from '../../engine/analysis/explain/proposedchange.ts';
import { anySession } from '../../engine/analysis/world/sessions.ts';
import { printable } from '../render/printable.ts';
import { ruleText } from '../render/rules.ts';

const signs = { passed: '✓', failed: '✗', notVerified: '?', notReached: '-' } as const;
const colours = { passed: 'green', failed: 'red', notVerified: 'yellow', notReached: 'gray' } as const;

/** The walk, what came nearest, and what would change it; `asked` says in a few words what it is about. */
export function renderExplanation({ allowed, steps, changes }: Explanation, asked: string): string {
  const verdict = allowed ? `allowed: ${asked}` : `refused: ${asked}`;
  return `${renderSteps(steps)}${printable(verdict)}\n${allowed ? '' : renderChanges(changes)}`;
}

/** One line a step, with what is behind a failed one below it. */
export function renderSteps(steps: readonly ExplainStep[]): string {
  return steps.map(renderStep).join('');
}

function renderStep({ step, outcome, message, misses, hint, evidence }: ExplainStep): string {
  const sign = styleText(colours[outcome], signs[outcome]);
  const lines = [`${sign} ${step.padEnd(10)}  ${printable(message)}`];
  if (evidence?.kind === 'identity' && outcome === 'passed') {
    const groups = evidence.groups.map((group) => `\`${group}\``).join(', ');
    if (groups !== '') lines.push(`${indent}groups ${printable(groups)}`);
  }
  if (evidence?.kind === 'identity' && evidence.sessionName === anySession) {
    lines.push(`${indent}${anySession} stands for whatever the session is named`);
  }
  for (const miss of misses) lines.push(`${indent}nearest: ${printable(miss.message)}`);
  if (hint !== undefined) lines.push(`${indent}next: ${printable(hint)}`);
  return `${lines.join('\n')}\n`;
}

const indent = ' '.repeat(14);

/** What would allow a call of AWS; the first is the smallest. */
export function callChangesText(
  changes: readonly {
    readonly summary: string;
    readonly commands: readonly string[];
    readonly certain: boolean;
  }[],
): string {
  const isOne = changes.length === 1;
  const parts = changes.map(({ summary, commands, certain }, at) =>
    [
      printable(isOne ? summary : `${at + 1}. ${summary}`),
      certain ? '' : '(then it depends on what else the request has: ask again once that is done)',
      ...commands.map(printable),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  );
  if (parts.length === 0) return '';
  const several = isOne ? '' : ', one of these, the shortest first';
  return `\nWhat would allow it${several}:\n\n${parts.join('\n\n')}\n${kubectlNote(changes)}`;
}

/** Where commands of kubectl go. */
function kubectlNote(changes: readonly { readonly commands: readonly string[] }[]): string {
  const usesKubectl = changes.some(({ commands }) => commands.some((one) => one.startsWith('kubectl ')));
  return usesKubectl
    ? '\nThe kubectl lines go to the cluster of the current context: look with `kubectl config current-context` first.\n'
    : '';
}

/** Commands stand by themselves on their lines, so that they can be copied. */
function renderChanges(changes: readonly ProposedChange[]): string {
  if (changes.length === 0) return '';
  const several = changes.length > 1 ? ', the one that gives least first' : '';
  const parts = changes.map(({ summary, commands, adds }, at) =>
    [
      `${at + 1}. ${printable(summary)}`,
      `   gives ${printable(additionsText(adds))}`,
      '',
      ...commands.flatMap((command) => command.split('\n').map(printable)),
      '',
    ].join('\n'),
  );
  return `\nWhat would allow it${several}:\n\n${parts.join('\n')}${kubectlNote(changes)}`;
}

/** `nothing else`, or what, and to whom. */
function additionsText({ everything, pairs, also, others, otherCount, othersKnown }: Additions): string {
  const parts: string[] = [];
  if (everything) parts.push('EVERYTHING THERE IS');
  // A rule with stars is many pairs, and says itself best what it gives.
  else if (pairs > 10 && also.length > 5) {
    const places = [
      ...new Set(also.map(({ namespace }) => (namespace === '' ? 'the whole cluster' : namespace))),
    ];
    const resources = [...new Set(also.map(({ resource }) => resource))].slice(0, 6).join(', ');
    parts.push(
      `${pairs} other pairs of verb and resource in ${places.slice(0, 5).join(', ')}: ${resources} …`,
    );
  } else if (pairs > 0) {
    const named = also.map(
      ({ namespace, ...rule }) => `${alsoText(rule)}${namespace === '' ? '' : ` in ${namespace}`}`,
    );
    parts.push(`also: ${named.join('; ')}`);
  }
  if (otherCount > 0) {
    const names = others.slice(0, 3).map((other) => other.replace(/^iam:/, ''));
    const more = otherCount > names.length ? ` and ${otherCount - names.length} more` : '';
    parts.push(`also to others: ${names.join(', ')}${more}`);
  }
  if (!othersKnown) parts.push('perhaps something to others: there are too many to ask each');
  return parts.length === 0 ? 'nothing else, to nobody else' : parts.join('; ');
}

function alsoText({
  verbs,
  apiGroup,
  resource,
  resourceNames,
}: Omit<Additions['also'][number], 'namespace'>): string {
  const isPath = resource.startsWith('/');
  return ruleText({
    ...{ verbs, resourceNames },
    ...(isPath
      ? { apiGroups: [], resources: [], nonResourceURLs: [resource] }
      : { apiGroups: [apiGroup], resources: [resource], nonResourceURLs: [] }),
  });
}
