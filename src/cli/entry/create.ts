import { type ClusterClient, openClusterClient } from '../cluster/client.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { type MatcherOptions, matcherArnOf } from './matcher.ts';
import type { AccessEntry, MatchedRole } from './show.ts';

export interface PreviewOptions extends ConnectionOptions, MatcherOptions {
  readonly output: 'text' | 'json';
}

export interface CreateOptions extends ConnectionOptions, MatcherOptions {
  readonly group?: readonly string[];
  readonly username?: string;
  readonly yes?: true;
}

interface Preview {
  readonly principalArn: string;
  readonly matchedRoles: readonly MatchedRole[];
  readonly previewToken: string;
}

export async function previewEntry(clusterName: string, options: PreviewOptions): Promise<void> {
  const preview = await previewOf(openClusterClient(options), clusterName, options);
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(preview, undefined, 2)}\n` : asText(preview),
  );
}

/** Shows the roles, and creates the entry of what was shown. */
export async function createEntry(clusterName: string, options: CreateOptions): Promise<void> {
  const client = openClusterClient(options);
  const preview = await previewOf(client, clusterName, options);
  process.stdout.write(asText(preview));
  if (options.yes === undefined) {
    throw new CommandError('misuse', 'nothing was created', 'run it again with --yes to create the entry');
  }
  const { principalArn, previewToken } = preview;
  const { accessEntry } = await client.aws.call<{ readonly accessEntry: AccessEntry }>(
    'entryway',
    'CreateAccessEntry',
    {
      clusterName,
      principalArn,
      previewToken,
      kubernetesGroups: options.group ?? [],
      ...(options.username !== undefined && { username: options.username }),
    },
  );
  process.stdout.write(
    `access entry created; usernames are ${printable(accessEntry.username)}\n` +
      `give it a policy: aws eks associate-access-policy --cluster-name ${clusterName} --principal-arn '${principalArn}' …\n`,
  );
}

function previewOf(client: ClusterClient, clusterName: string, options: MatcherOptions): Promise<Preview> {
  return client.aws.call('entryway', 'PreviewPrincipalMatcher', {
    clusterName,
    principalArn: matcherArnOf(options),
  });
}

function asText({ principalArn, matchedRoles }: Preview): string {
  const lines = [
    `${printable(principalArn)} matches ${counted(matchedRoles.length, 'role')} of this server now`,
    ...matchedRoles.map((role) => `  ${printable(role.principalArn)} (${role.principalId})`),
    'roles of AWS and of other accounts are not known before they come in',
  ];
  return `${lines.join('\n')}\n`;
}
