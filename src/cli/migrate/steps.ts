import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import type { MigrationProof } from '../../engine/analysis/migrate/proof.ts';

/** The migration in its order, one sentence a step: nobody is without access at any time between two of them. */
export function stepsOf(plan: MigrationPlan, { isSafe }: MigrationProof): readonly string[] {
  const { from, entries, bindings, creatorArn, items } = plan;
  if (from === 'API')
    return items.length === 0 ? [] : ['delete the ConfigMap when you like: it is read by nobody'];
  if (items.length === 0) return [];
  const nodes = entries.filter(({ type }) => type !== 'STANDARD').length;
  const ignored = entries.length === 0;
  return [
    ...(isSafe ? [] : ['settle the differences above, or accept them: --accept-differences']),
    'save aws-auth, and keep it until everything has run for some days',
    ...(bindings.length > 0 ? ['apply the new bindings: they give nobody anything yet'] : []),
    ...(from === 'CONFIG_MAP'
      ? [
          `mode API_AND_CONFIG_MAP: entries count from now on, beside aws-auth; there is no way back to CONFIG_MAP${
            creatorArn === undefined ? '' : `, and ${creatorArn} shows as an entry`
          }`,
        ]
      : []),
    ...(nodes > 0 ? ['create the entries of the nodes, and see that all nodes stay Ready'] : []),
    ...(entries.length > nodes
      ? [
          `create ${nodes > 0 ? 'the other' : 'the'} entries, each with its policy: an entry goes before aws-auth at once`,
        ]
      : []),
    ...(ignored ? [] : ['verify: each entry is as planned, and `kubectl auth whoami` says who one is']),
    'let it run; until here deleting the entries leads back to aws-auth',
    'mode API: aws-auth counts no more, and there is no way back',
    'delete the ConfigMap',
  ];
}
