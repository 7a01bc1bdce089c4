import type { MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { CommandError } from '../failure.ts';
import { beforehand } from './beforehand.ts';
import { yamlText } from './yamltext.ts';

/** Resources a template can have (CloudFormation's quota). */
const mostResources = 500;

/** A template of `AWS::EKS::AccessEntry` resources. */
export function cloudformation(plan: MigrationPlan): string {
  const { clusterName, entries } = plan;
  if (entries.length > mostResources) {
    throw new CommandError(
      'failure',
      `${entries.length} entries do not fit into one template, which holds ${mostResources}`,
      'use --output script or terraform',
    );
  }
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Access entries in the place of aws-auth in cluster ${clusterName}`,
    Resources: Object.fromEntries(
      entries.map((entry, at) => [logicalId(entry, at), resource(clusterName, entry)]),
    ),
  };
  const reference = textsIn(template).find((text) => text.includes('{{resolve:'));
  if (reference !== undefined) {
    throw new CommandError(
      'failure',
      `CloudFormation would put a parameter in the place of \`${reference}\``,
      'rename it in aws-auth first: no template can say it',
    );
  }
  return `${beforehand(plan)}${yamlText(template)}`;
}

function resource(
  ClusterName: string,
  { principalArn, type, username, kubernetesGroups, policies }: PlannedEntry,
): object {
  return {
    Type: 'AWS::EKS::AccessEntry',
    Properties: {
      ...{ ClusterName, PrincipalArn: principalArn, Type: type },
      ...(type === 'STANDARD' && username !== undefined && { Username: username }),
      ...(type === 'STANDARD' && kubernetesGroups.length > 0 && { KubernetesGroups: kubernetesGroups }),
      ...(policies.length > 0 && {
        AccessPolicies: policies.map(({ policyArn, accessScope: { type: scope, namespaces } }) => ({
          PolicyArn: policyArn,
          AccessScope: { Type: scope, ...(scope === 'namespace' && { Namespaces: namespaces }) },
        })),
      }),
    },
  };
}

/** Letters and digits alone, unique by its number. */
function logicalId({ principalArn }: PlannedEntry, at: number): string {
  return `Entry${at + 1}${principalArn.slice(principalArn.lastIndexOf('/') + 1).replace(/[^A-Za-z0-9]/g, '')}`;
}

/** All texts in it. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
