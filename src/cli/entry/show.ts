import { openClusterClient } from '../cluster/client.ts';
import type { ConnectionOptions } from '../connection.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';

export interface ShowOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

export interface MatchedRole {
  readonly principalArn: string;
  readonly principalId: string;
  readonly source: string;
  readonly seenAt?: Date;
}

/** What DescribeAccessEntry of our own answers. */
export interface AccessEntry {
  readonly principalArn: string;
  readonly principalId: string;
  readonly pinnedBy: string;
  readonly pinnedAt?: Date;
  readonly matchedRoles?: readonly MatchedRole[];
  readonly type: string;
  readonly username: string;
  readonly kubernetesGroups: readonly string[];
  readonly accessPolicies: readonly {
    readonly policyArn: string;
    readonly accessScope: { readonly type: string; readonly namespaces: readonly string[] };
    readonly expiresAt?: Date;
    readonly reason?: string;
    readonly expired: boolean;
  }[];
}

export async function listEntries(clusterName: string, options: ShowOptions): Promise<void> {
  const { aws } = openClusterClient(options);
  const accessEntries: AccessEntry[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws.call<{
      readonly accessEntries: readonly AccessEntry[];
      readonly nextToken?: string;
    }>('entryway', 'ListAccessEntries', { clusterName, ...(nextToken !== undefined && { nextToken }) });
    accessEntries.push(...page.accessEntries);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ accessEntries }, undefined, 2)}\n`);
    return;
  }
  if (accessEntries.length === 0) {
    process.stderr.write(`entryway: cluster ${clusterName} has no access entries\n`);
    return;
  }
  process.stdout.write(
    renderTable(
      ['principal', 'tied to', 'policies', 'groups'].map((title) => ({ title })),
      accessEntries.map((entry) => [
        printable(entry.principalArn),
        tiedTo(entry),
        entry.accessPolicies.map(shortPolicy).join('\n'),
        entry.kubernetesGroups.map(printable).join('\n'),
      ]),
    ),
  );
}

export async function showEntry(
  clusterName: string,
  principalArn: string,
  options: ShowOptions,
): Promise<void> {
  const { accessEntry } = await openClusterClient(options).aws.call<{ readonly accessEntry: AccessEntry }>(
    'entryway',
    'DescribeAccessEntry',
    { clusterName, principalArn },
  );
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(accessEntry, undefined, 2)}\n` : asText(accessEntry),
  );
}

function asText(entry: AccessEntry): string {
  const lines = [
    `principal  ${printable(entry.principalArn)}`,
    `tied to    ${tiedTo(entry)}`,
    `type       ${entry.type}`,
    `username   ${printable(entry.username)}`,
    ...entry.kubernetesGroups.map((group) => `group      ${printable(group)}`),
    ...entry.accessPolicies.map((policy) => `policy     ${shortPolicy(policy)}`),
    ...(entry.matchedRoles ?? []).map(
      ({ principalArn, principalId, source, seenAt }) =>
        `role       ${printable(principalArn)} (${principalId}), ` +
        `${source === 'iam' ? 'matches now' : 'not a role of this server now'}` +
        `${seenAt === undefined ? '' : `, came in first at ${seenAt.toISOString()}`}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function tiedTo({ pinnedBy, principalId }: AccessEntry): string {
  switch (pinnedBy) {
    case 'local':
      return principalId;
    case 'awsIam':
      return `${principalId} (told by AWS’s IAM)`;
    case 'firstUse':
      return `${principalId} (who came first)`;
    case 'waiting':
      return 'whoever comes first';
    case 'matcher':
      return 'every role that matches';
    default:
      return pinnedBy;
  }
}

function shortPolicy({
  policyArn,
  accessScope,
  expiresAt,
  expired,
  reason,
}: AccessEntry['accessPolicies'][number]): string {
  const name = policyArn.slice(policyArn.lastIndexOf('/') + 1);
  const scope = accessScope.type === 'namespace' ? ` in ${accessScope.namespaces.join(', ')}` : '';
  const end = expiresAt === undefined ? '' : `, ${expired ? 'ended' : 'until'} ${expiresAt.toISOString()}`;
  return printable(`${name}${scope}${end}${reason === undefined ? '' : ` (${reason})`}`);
}
