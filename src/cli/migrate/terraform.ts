import type { MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { CommandError } from '../failure.ts';
import { beforehand } from './beforehand.ts';
import { escaped } from './yamltext.ts';

/** `aws_eks_access_entry` and `aws_eks_access_policy_association`, ready for `terraform plan`. */
export function terraform(plan: MigrationPlan): string {
  const names = resourceNames(
    plan.entries.map(({ principalArn }) => principalArn.slice(principalArn.lastIndexOf(':') + 1)),
  );
  const blocks = plan.entries.map((entry, at) => entryBlocks(plan, entry, names[at] ?? `entry_${at}`));
  return [beforehand(plan), ...blocks].join('');
}

function entryBlocks(
  { clusterName }: MigrationPlan,
  { principalArn, type, username, kubernetesGroups, policies }: PlannedEntry,
  name: string,
): string {
  const attributes: readonly (readonly [string, string])[] = [
    ['cluster_name', hcl(clusterName)],
    ['principal_arn', hcl(principalArn)],
    ['type', hcl(type)],
    ...(type === 'STANDARD' && username !== undefined ? ([['user_name', hcl(username)]] as const) : []),
    ...(type === 'STANDARD' && kubernetesGroups.length > 0
      ? ([['kubernetes_groups', `[${kubernetesGroups.map(hcl).join(', ')}]`]] as const)
      : []),
  ];
  const width = Math.max(...attributes.map(([key]) => key.length));
  const associations = policies.map(({ policyArn, accessScope: { type: scope, namespaces } }) => {
    const policy = policyArn.slice(policyArn.lastIndexOf('/') + 1);
    return `
resource "aws_eks_access_policy_association" "${name}_${identifier(policy)}" {
  cluster_name  = aws_eks_access_entry.${name}.cluster_name
  principal_arn = aws_eks_access_entry.${name}.principal_arn
  policy_arn    = ${hcl(policyArn)}

  access_scope {
    type = ${hcl(scope)}${scope === 'namespace' ? `\n    namespaces = [${namespaces.map(hcl).join(', ')}]` : ''}
  }
}
`;
  });
  return `
resource "aws_eks_access_entry" "${name}" {
${attributes.map(([key, value]) => `  ${key.padEnd(width)} = ${value}\n`).join('')}}
${associations.join('')}`;
}

/** Unique names for Terraform, which knows no dots and slashes. */
export function resourceNames(texts: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return texts.map((text) => {
    const plain = identifier(text);
    let name = plain;
    for (let at = 2; taken.has(name); at++) name = `${plain}_${at}`;
    taken.add(name);
    return name;
  });
}

function identifier(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9_]+/g, '_').toLowerCase();
  return /^[a-z_]/.test(plain) ? plain : `_${plain}`;
}

/**
 * A string of HCL that is what it says.
 *
 * SECURITY: `\${…}` and `%{…}` are programs there. Their first characters are written as code points, which no template begins
 * with, however many of them stand in a row. Terraform also composes accents (NFC), which RBAC does not: such a name it cannot say.
 */
export function hcl(text: string): string {
  if (text !== text.normalize('NFC')) {
    throw new CommandError(
      'failure',
      `Terraform would spell \`${text}\` in another way, and then it is another name`,
      'use --output script for it',
    );
  }
  const inner = text.replace(/["\\]|[$%](?=[$%]*\{)|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '"' || character === '\\' ? `\\${character}` : escaped(character),
  );
  return `"${inner}"`;
}
