import type { AccountOutcome, IrsaPlan, PlannedRole } from '../../../engine/analysis/migrateirsa/plan.ts';
import type { IrsaProof } from '../../../engine/analysis/migrateirsa/proof.ts';
import { readTrust } from '../../../engine/analysis/migrateirsa/trustdocument.ts';
import { counted } from '../../render/counted.ts';
import { printable } from '../../render/printable.ts';
import { renderTable } from '../../render/table.ts';
import { irsaProofText } from './prooftext.ts';

/** The plan for people: what is made, what is not, what it changes, and in which order. */
export function irsaPlanText(plan: IrsaPlan, proof: IrsaProof): string {
  const { clusterName, region, accounts, associations } = plan;
  const annotated = accounts.filter(({ code }) => code !== 'notAnnotated').length;
  const made = associations.filter(({ isThere }) => !isThere).length;
  const head = `IRSA in cluster ${clusterName} (${region}): ${counted(annotated, 'annotated service account')}, ${counted(made, 'new association')}`;
  return [
    `${printable(head)}\n`,
    associationsText(plan),
    rolesText(plan.roles),
    accountsText(accounts),
    irsaProofText(proof),
    notesText(plan),
    stepsText(plan, proof),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function associationsText({ associations }: IrsaPlan): string {
  const rows = associations
    .filter(({ isThere }) => !isThere)
    .map(({ namespace, serviceAccount, roleArn }) =>
      [`${namespace}/${serviceAccount}`, roleArn].map(printable),
    );
  if (rows.length === 0) return '';
  return renderTable(
    [
      { title: 'new association', width: 60 },
      { title: 'role', width: 100 },
    ],
    rows,
  );
}

function rolesText(roles: readonly PlannedRole[]): string {
  const lines = roles.flatMap(({ roleName, before, prepared, finished, kept }) => {
    const added = statements(prepared) - statements(before);
    const tokens =
      finished === prepared
        ? ''
        : kept.length === 0
          ? '; in the end tokens of this cluster are not let in any more'
          : '; in the end tokens of those who moved are not let in any more';
    const adds =
      added === 0
        ? 'lets Pod Identity have it already'
        : `${added === 1 ? 'a statement' : `${added} statements`} for pods.eks.amazonaws.com, for these service accounts alone`;
    return [`  ${printable(`role/${roleName}: ${adds}${tokens}`)}\n`];
  });
  return lines.length === 0 ? '' : `Trust policies:\n${lines.join('')}`;
}

function statements(text: string): number {
  return readTrust(text)?.Statement.length ?? 0;
}

/** Service accounts of one kind that are printed; `--output json` has all. */
const mostUnannotated = 10;

function accountsText(accounts: readonly AccountOutcome[]): string {
  const others = accounts.filter(({ outcome }) => outcome !== 'moves');
  if (others.length === 0) return '';
  const annotated = others.filter(({ code }) => code !== 'notAnnotated');
  const unannotated = others.filter(({ code }) => code === 'notAnnotated');
  const left = unannotated.length - mostUnannotated;
  const lines = [...annotated, ...unannotated.slice(0, mostUnannotated)].flatMap(
    ({ namespace, name, roleArn, outcome, code, why, instead }) => [
      `  ${outcomeWords(outcome, code)}: ${namespace}/${name} ${roleArn}`,
      ...(why === undefined ? [] : [`      ${why}`]),
      ...(instead === undefined ? [] : [`      ${instead}`]),
    ],
  );
  const more = left > 0 ? [`  and ${left} more without an annotation: --output json has them`] : [];
  return `Service accounts without a new association:\n${[...lines, ...more].map((line) => `${printable(line)}\n`).join('')}`;
}

function outcomeWords(outcome: AccountOutcome['outcome'], code: AccountOutcome['code']): string {
  switch (outcome) {
    case 'moves':
      return 'moves';
    case 'already':
      return 'has its association, and only the annotation goes';
    case 'nothing':
      return 'its annotation gives nothing';
    case 'stays':
      return code === 'notAnnotated' ? 'goes on with tokens' : 'CANNOT MOVE';
    default:
      return outcome satisfies never;
  }
}

function notesText({ notes }: IrsaPlan): string {
  if (notes.length === 0) return '';
  return `To know:\n${notes.map(({ message }) => `  - ${printable(message)}\n`).join('')}`;
}

function stepsText({ associations, roles }: IrsaPlan, { isSafe }: IrsaProof): string {
  if (associations.length === 0) return '';
  const steps = [
    ...(isSafe ? [] : ['settle the differences above, or accept them: --accept-differences']),
    'see that the agent of Pod Identity runs on every node',
    ...(roles.some(({ before, prepared }) => before !== prepared)
      ? ['write the trust policies: tokens count as before']
      : []),
    ...(associations.some(({ isThere }) => !isThere)
      ? ['create the associations: Pods that run are not touched']
      : []),
    'start the Pods again, one workload after the other: kubectl rollout restart',
    'let it run; until here deleting the associations and starting the Pods again leads back',
    'take the annotations away',
    ...(roles.some(({ finished, prepared }) => finished !== prepared)
      ? ['take the statements for tokens out of the trust policies']
      : []),
  ];
  return `Steps:\n${steps.map((step, at) => `  ${at + 1}. ${printable(step)}\n`).join('')}`;
}
