import type { ItemOutcome, MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import type { MigrationProof } from '../../engine/analysis/migrate/proof.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';
import { proofText } from './prooftext.ts';
import { stepsOf } from './steps.ts';

/** The plan for people: what is made, what is not, what it changes, and in which order. */
export function planText(plan: MigrationPlan, proof: MigrationProof): string {
  const { clusterName, region, from, items, entries } = plan;
  const head =
    `aws-auth of cluster ${clusterName} (${region}, mode ${from}): ` +
    `${counted(items.length, 'item')}, ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} in ${items.length === 1 ? 'its' : 'their'} place`;
  return [
    `${printable(head)}\n`,
    entriesText(entries),
    itemsText(items),
    bindingsText(plan),
    proofText(proof),
    notesText(plan),
    stepsText(plan, proof),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function entriesText(entries: readonly PlannedEntry[]): string {
  if (entries.length === 0) return '';
  const rows = entries.map(({ principalArn, type, username, kubernetesGroups, policies }) =>
    [
      principalArn,
      type,
      username ?? '(from EKS)',
      type === 'STANDARD' ? kubernetesGroups.join(', ') : '(from EKS)',
      policies.map(({ policyArn }) => policyArn.slice(policyArn.lastIndexOf('/') + 1)).join(', '),
    ].map(printable),
  );
  const table = renderTable(
    [
      { title: 'new entry', width: 70 },
      { title: 'type' },
      { title: 'username', width: 44 },
      { title: 'groups', width: 40 },
      { title: 'policy' },
    ],
    rows,
  );
  const changes = entries.flatMap(({ principalArn, changes: own, replacesStale }) => [
    ...own.map((change) => `  ${printable(`${nameIn(principalArn)}: ${change}`)}\n`),
    ...(replacesStale
      ? [`  ${printable(`${nameIn(principalArn)}: an entry of a principal that is gone is deleted first`)}\n`]
      : []),
  ]);
  return changes.length === 0 ? table : `${table}\nWhat is not as in aws-auth:\n${changes.join('')}`;
}

function itemsText(items: readonly ItemOutcome[]): string {
  const others = items.filter(({ outcome }) => outcome !== 'moves');
  if (others.length === 0) return '';
  const lines = others.flatMap(({ key, arn, outcome, why, instead, entries }) => [
    `  ${outcomeWords[outcome]}: ${key} ${arn}${entries.length > 0 ? ` (${counted(entries.length, 'principal')} of it moves)` : ''}`,
    ...(why === undefined ? [] : [`      ${why}`]),
    ...(instead === undefined ? [] : [`      ${instead}`]),
  ]);
  return `Items without a new entry:\n${lines.map((line) => `${printable(line)}\n`).join('')}`;
}

const outcomeWords: Readonly<Record<ItemOutcome['outcome'], string>> = {
  moves: 'moves',
  already: 'has an entry, which goes first',
  nothing: 'lets nobody in',
  stays: 'CANNOT MOVE',
};

function bindingsText({ bindings }: MigrationPlan): string {
  if (bindings.length === 0) return '';
  const rows = bindings.map((binding) =>
    [
      `${binding.kind} ${'namespace' in binding ? `${binding.namespace}/` : ''}${binding.name}`,
      `${binding.roleRef.kind} ${binding.roleRef.name}`,
      binding.subjects.map(({ kind, name }) => `${kind} ${name}`).join('\n'),
    ].map((cell) => cell.split('\n').map(printable).join('\n')),
  );
  return renderTable(
    [{ title: 'new binding', width: 70 }, { title: 'of' }, { title: 'to', width: 70 }],
    rows,
  );
}

function notesText({ notes }: MigrationPlan): string {
  if (notes.length === 0) return '';
  return `To know:\n${notes.map(({ message }) => `  - ${printable(message)}\n`).join('')}`;
}

function stepsText(plan: MigrationPlan, proof: MigrationProof): string {
  const steps = stepsOf(plan, proof);
  if (steps.length === 0) return '';
  return `Steps:\n${steps.map((step, at) => `  ${at + 1}. ${printable(step)}\n`).join('')}`;
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
