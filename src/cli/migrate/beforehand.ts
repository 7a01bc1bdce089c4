import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { printable } from '../render/printable.ts';

/**
 * What a file that declares entries cannot do itself, as comments for its head: in HCL and YAML alike. Without the first two an
 * entry would take something away in the moment it is made.
 */
export function beforehand({ clusterName, from, entries, bindings }: MigrationPlan): string {
  const lines = [
    `In the place of aws-auth in cluster ${clusterName}.`,
    ...(bindings.length > 0
      ? ['Apply the bindings first: entryway migrate aws-auth --output manifests | kubectl apply -f -']
      : []),
    ...(from === 'CONFIG_MAP'
      ? [
          'The cluster must be in mode API_AND_CONFIG_MAP before this, from which there is no way back to CONFIG_MAP: never go to API at once.',
        ]
      : []),
    ...entries
      .filter(({ replacesStale }) => replacesStale)
      .map(
        ({ principalArn }) => `Delete the entry that is there first, its principal is gone: ${principalArn}`,
      ),
    'Mode API comes last, when all is well: there is no way back.',
  ];
  return lines.map((line) => `# ${printable(line)}\n`).join('');
}
