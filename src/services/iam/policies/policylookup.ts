import { parseArn } from '../../../engine/arn/arn.ts';
import type { Principal } from '../../../engine/iam/principal.ts';
import type { RequestContext } from '../../../engine/iam/request.ts';
import type { PolicyRecord } from '../../../storage/records/iam.ts';
import { policyKey } from '../../../storage/records/keys.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import { resourceTagKeys, resourceWithKeys } from '../../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../../operation.ts';
import { arnOrAll, policyArn } from '../arns.ts';
import type { IamDependencies } from '../dependencies.ts';
import { invalidInput, noSuchEntity } from '../errors.ts';
import { readRecord, type Stored } from '../records.ts';
import { type AwsManagedPolicy, awsManagedPolicy } from './managedpolicies.ts';

/** A managed policy: one of the account's own, or one of AWS's. */
export type FoundPolicy =
  | { readonly owner: 'account'; readonly stored: Stored<PolicyRecord> }
  | { readonly owner: 'aws'; readonly policy: AwsManagedPolicy };

type Lookup = Pick<IamDependencies, 'storage' | 'partition'>;

/**
 * The managed policy an ARN names for this account; undefined when there is none, also for policies of other
 * accounts. The ARN compares with case and path, though names are unique without case.
 */
export async function findPolicy(
  dependencies: Lookup,
  accountId: string,
  arn: string,
): Promise<FoundPolicy | undefined> {
  if (parsePolicyArn(arn) === undefined) throw invalidInput(`ARN ${arn} is not valid.`);
  return lookUp(dependencies, accountId, arn);
}

/** As `findPolicy`, for operations on the policy itself; NoSuchEntity when there is none. */
export async function requirePolicyByArn(
  dependencies: Lookup,
  accountId: string,
  arn: string,
): Promise<FoundPolicy> {
  const found = await findPolicy(dependencies, accountId, arn);
  if (found === undefined) throw noSuchEntity(`Policy ${arn} was not found.`);
  return found;
}

/** One of the account's own policies, to be changed: AWS's are nobody's to change (iam-facts J9). */
export async function requireOwnPolicy(
  dependencies: Lookup,
  caller: Principal,
  action: string,
  arn: string,
): Promise<Stored<PolicyRecord>> {
  const found = await requirePolicyByArn(dependencies, caller.accountId, arn);
  if (found.owner === 'account') return found.stored;
  throw new AwsError(
    'AccessDenied',
    `User: ${caller.arn} is not authorized to perform: iam:${action} on resource: policy ${arn}`,
  );
}

/** The target of an operation on a managed policy, with its tags; the text names it as AWS does, `policy ARN`. */
export async function policyTarget(
  dependencies: Lookup,
  action: string,
  arn: string | undefined,
  { caller: { accountId } }: Pick<OperationContext, 'caller'>,
  context: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const found = await lookUp(dependencies, accountId, arn ?? '');
  const tags = found?.owner === 'account' ? found.stored.record.tags : [];
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arnOrAll(arn), resourceTagKeys(tags))],
    resourceInMessage: `policy ${arn ?? ''}`,
    context,
  };
}

async function lookUp(
  { storage, partition }: Lookup,
  accountId: string,
  arn: string,
): Promise<FoundPolicy | undefined> {
  const parsed = parsePolicyArn(arn);
  if (parsed?.partition !== partition) return undefined;
  if (parsed.accountId === 'aws') {
    const policy = awsManagedPolicy(arn);
    return policy === undefined ? undefined : { owner: 'aws', policy };
  }
  if (parsed.accountId !== accountId) return undefined;
  const name = parsed.resource.slice(parsed.resource.lastIndexOf('/') + 1);
  const stored = await readRecord<PolicyRecord>(storage, policyKey(accountId, name));
  if (stored === undefined || policyArn(partition, stored.record) !== arn) return undefined;
  return { owner: 'account', stored };
}

function parsePolicyArn(arn: string): ReturnType<typeof parseArn> {
  const parsed = parseArn(arn);
  return parsed?.service === 'iam' &&
    parsed.region === '' &&
    parsed.partition !== '' &&
    parsed.resource.startsWith('policy/')
    ? parsed
    : undefined;
}
