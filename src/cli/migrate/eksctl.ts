import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { beforehand } from './beforehand.ts';
import { yamlText } from './yamltext.ts';

/** A ClusterConfig for `eksctl create accessentry -f FILE`. */
export function eksctl(plan: MigrationPlan): string {
  const { clusterName, region, entries } = plan;
  const config = {
    apiVersion: 'eksctl.io/v1alpha5',
    kind: 'ClusterConfig',
    metadata: { name: clusterName, region },
    accessConfig: {
      authenticationMode: 'API_AND_CONFIG_MAP',
      accessEntries: entries.map(({ principalArn, type, username, kubernetesGroups, policies }) => ({
        ...{ principalARN: principalArn, type },
        ...(type === 'STANDARD' && username !== undefined && { kubernetesUsername: username }),
        ...(type === 'STANDARD' && kubernetesGroups.length > 0 && { kubernetesGroups }),
        ...(policies.length > 0 && {
          accessPolicies: policies.map(({ policyArn, accessScope: { type: scope, namespaces } }) => ({
            policyARN: policyArn,
            accessScope: { type: scope, ...(scope === 'namespace' && { namespaces }) },
          })),
        }),
      })),
    },
  };
  return `${beforehand(plan)}${yamlText(config)}`;
}
