import { uncoveredRules } from '../../engine/rbac/escalation.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { openClusterClient } from '../cluster/client.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { readText } from '../textfile.ts';
import { type PolicyAnswer, renderFindings, wholeRule } from './answer.ts';
import { parseRules } from './rulesfile.ts';

export interface WriteOptions extends ConnectionOptions {
  readonly file: string;
  readonly description?: string;
}

/** Makes an access policy and prints its ARN and what is to be said of its rules. */
export async function createPolicy(name: string, options: WriteOptions): Promise<void> {
  const rules = parseRules(readText(options.file), options.file);
  const { aws } = openClusterClient(options);
  const answer = await aws.call<PolicyAnswer>('entryway', 'CreateAccessPolicy', {
    ...{ name, rules },
    ...(options.description !== undefined && { description: options.description }),
  });
  process.stdout.write(`${answer.accessPolicy.arn}\n${renderFindings(answer.findings)}`);
}

/**
 * Makes a new version. Where the policy is associated, somebody's access changes at once: then the change is shown, and
 * done only with `--yes`.
 */
export async function updatePolicy(
  name: string,
  options: WriteOptions & { readonly yes?: boolean },
): Promise<void> {
  const rules = parseRules(readText(options.file), options.file);
  const { aws } = openClusterClient(options);
  const { accessPolicy } = await aws.call<PolicyAnswer>('entryway', 'GetAccessPolicy', { name });
  const { associations } = accessPolicy;
  if (associations > 0) {
    process.stdout.write(renderChange(accessPolicy.rules.map(wholeRule), rules));
    if (options.yes !== true) {
      throw new CommandError(
        'misuse',
        `this would change the access of ${counted(associations, 'association')} at once`,
        'add --yes to do it',
      );
    }
  }
  const updated = await aws.call<PolicyAnswer>('entryway', 'UpdateAccessPolicy', {
    ...{ name, rules },
    ...(options.description !== undefined && { description: options.description }),
  });
  const { version } = updated.accessPolicy;
  const what =
    version === accessPolicy.version ? `version ${version} has these rules already` : `version ${version}`;
  process.stdout.write(
    `${updated.accessPolicy.arn}\n${what}, in ${counted(updated.accessPolicy.associations, 'association')}\n${renderFindings(updated.findings)}`,
  );
}

export async function deletePolicy(name: string, options: ConnectionOptions): Promise<void> {
  await openClusterClient(options).aws.call('entryway', 'DeleteAccessPolicy', { name });
  process.stdout.write(`access policy ${printable(name)} is deleted\n`);
}

/** Permissions that come and go, one a line; the first of them where there are very many. */
function renderChange(before: readonly PolicyRule[], after: readonly PolicyRule[]): string {
  const lines = [
    ...uncoveredRules(before, after).map((rule) => `+ ${permission(rule)}\n`),
    ...uncoveredRules(after, before).map((rule) => `- ${permission(rule)}\n`),
  ];
  const told = 40;
  const more = lines.length > told ? `… and ${lines.length - told} more\n` : '';
  return lines.slice(0, told).join('') + more;
}

function permission({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  if (nonResourceURLs.length > 0) return printable(`${verbs.join()} ${nonResourceURLs.join()}`);
  const group = apiGroups.join() === '' ? '' : `.${apiGroups.join()}`;
  const names = resourceNames.length > 0 ? ` ${resourceNames.join()}` : '';
  return printable(`${verbs.join()} ${resources.join()}${group}${names}`);
}
