import { stringify } from 'yaml';
import { rbacManifest } from '../../engine/rbac/manifest.ts';
import { openClusterClient } from '../cluster/client.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';
import { type AccessPolicySummary, type PolicyAnswer, renderFindings, wholeRule } from './answer.ts';

export interface PrintPolicyOptions extends ConnectionOptions {
  readonly version?: string;
  readonly output: 'yaml' | 'json';
}

/** Prints one version; what is to be said of its rules goes to standard error, so that a file can be made of the rest. */
export async function printPolicy(name: string, options: PrintPolicyOptions): Promise<void> {
  const version = options.version === undefined ? undefined : Number(options.version);
  if (version !== undefined && !Number.isSafeInteger(version)) {
    throw new CommandError('misuse', `--version \`${options.version}\` is no number`);
  }
  const answer = await openClusterClient(options).aws.call<PolicyAnswer>('entryway', 'GetAccessPolicy', {
    name,
    ...(version !== undefined && { version }),
  });
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return;
  }
  const rules = answer.accessPolicy.rules.map(wholeRule);
  process.stdout.write(stringify(rbacManifest({ kind: 'ClusterRole', name, labels: {}, rules })));
  process.stderr.write(renderFindings(answer.findings));
}

export interface ListPoliciesOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

export async function listPolicies(options: ListPoliciesOptions): Promise<void> {
  const { aws } = openClusterClient(options);
  const accessPolicies: AccessPolicySummary[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws.call<{
      readonly accessPolicies: readonly AccessPolicySummary[];
      readonly nextToken?: string;
    }>('entryway', 'ListAccessPolicies', nextToken === undefined ? {} : { nextToken });
    accessPolicies.push(...page.accessPolicies);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ accessPolicies }, undefined, 2)}\n`);
    return;
  }
  if (accessPolicies.length === 0) {
    process.stderr.write('entryway: the account has no access policies of its own\n');
    return;
  }
  process.stdout.write(
    renderTable(
      ['name', 'version', 'associations', 'changed', 'description'].map((title) => ({ title })),
      accessPolicies.map(({ name, version, associations, modifiedAt, description = '' }) => [
        printable(name),
        String(version),
        String(associations),
        `${modifiedAt.toISOString().slice(0, 19)}Z`,
        printable(description),
      ]),
    ),
  );
}
