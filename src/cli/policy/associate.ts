import type { AwsClient } from '../../clients/aws.ts';
import { accessPolicyArn, knownAccessPolicies } from '../../engine/accesspolicies/catalogue.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { parseDeadline } from '../block/deadline.ts';
import { openClusterClient } from '../cluster/client.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import type { PolicyAnswer } from './answer.ts';

export interface AssociateTarget {
  readonly cluster: string;
  readonly principalArn: string;
  readonly policy: string;
}

export interface AssociateOptions extends ConnectionOptions {
  readonly namespace?: readonly string[];
  readonly for?: string;
  readonly until?: string;
  readonly forGood?: boolean;
  readonly reason?: string;
}

interface Associated {
  readonly policyArn: string;
  readonly accessScope: { readonly type: string; readonly namespaces?: readonly string[] };
  readonly expiresAt?: Date;
  readonly reason?: string;
}

/** Associates a policy and prints what holds where and until when. */
export async function associate(
  { cluster: clusterName, principalArn, policy }: AssociateTarget,
  options: AssociateOptions,
): Promise<void> {
  const expiresAt = endOf(options, Date.now());
  const { aws } = openClusterClient(options);
  const policyArn = await arnOf(aws, policy);
  if (expiresAt === undefined && options.forGood !== true) {
    await refuseForgottenEnd(aws, { clusterName, principalArn, policyArn });
  }
  const namespaces = options.namespace ?? [];
  const { associatedAccessPolicy } = await aws.call<{ readonly associatedAccessPolicy: Associated }>(
    'entryway',
    'AssociateAccessPolicy',
    {
      ...{ clusterName, principalArn, policyArn },
      accessScope: namespaces.length > 0 ? { type: 'namespace', namespaces } : { type: 'cluster' },
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
      ...(options.reason !== undefined && { reason: options.reason }),
    },
  );
  process.stdout.write(`${printable(describe(associatedAccessPolicy, clusterName, principalArn))}\n`);
}

function endOf(options: AssociateOptions, now: number): number | undefined {
  if (options.for !== undefined) {
    if (!/^\d+[mhd]$/.test(options.for)) {
      throw new CommandError(
        'misuse',
        `--for \`${printable(options.for)}\` is no time`,
        'write 30m, 8h or 7d',
      );
    }
    return parseDeadline(options.for, '--for', now);
  }
  return options.until === undefined ? undefined : parseDeadline(options.until, '--until', now);
}

/** A bare name is AWS's policy where there is one: nobody may call their own so (`isCustomPolicyName`). */
async function arnOf(aws: AwsClient, policy: string): Promise<string> {
  if (policy.startsWith('arn:')) return policy;
  if (knownAccessPolicies().some(({ name }) => name === policy)) return accessPolicyArn(policy, 'aws');
  try {
    const found = await aws.call<PolicyAnswer>('entryway', 'GetAccessPolicy', { name: policy });
    return found.accessPolicy.arn;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
    throw new CommandError(
      'failure',
      `there is no access policy \`${printable(policy)}\`, neither of AWS nor of the account`,
      '`aws eks list-access-policies` lists both',
    );
  }
}

/** SECURITY: a grant for a while must not become one for good because somebody changed its namespaces. */
async function refuseForgottenEnd(
  aws: AwsClient,
  {
    clusterName,
    principalArn,
    policyArn,
  }: Readonly<Record<'clusterName' | 'principalArn' | 'policyArn', string>>,
): Promise<void> {
  const { accessEntry } = await aws.call<{
    readonly accessEntry: { readonly accessPolicies?: readonly Associated[] };
  }>('entryway', 'DescribeAccessEntry', { clusterName, principalArn });
  const before = accessEntry.accessPolicies?.find((one) => one.policyArn === policyArn);
  if (before?.expiresAt === undefined) return;
  throw new CommandError(
    'misuse',
    `the association ends ${second(before.expiresAt)}; this would make it one for good`,
    'say when it ends with --for or --until, or add --for-good',
  );
}

function describe(
  { policyArn, accessScope, expiresAt, reason }: Associated,
  clusterName: string,
  principalArn: string,
): string {
  const { namespaces = [] } = accessScope;
  const where =
    accessScope.type === 'cluster'
      ? 'everywhere'
      : `in ${namespaces.map((name) => `\`${name}\``).join(', ')}`;
  const end = expiresAt === undefined ? 'until it is disassociated' : `until ${second(expiresAt)}`;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${policyArn} holds for ${principalArn} on ${clusterName} ${where} ${end}${why}`;
}

function second(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
