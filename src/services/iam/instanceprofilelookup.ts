import type { RequestContext } from '../../engine/iam/request.ts';
import type { InstanceProfileRecord } from '../../storage/records/iam.ts';
import { instanceProfileKey } from '../../storage/records/keys.ts';
import { resourceTagKeys, resourceWithKeys } from '../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { entityArn } from './arns.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity } from './errors.ts';
import { readRecord, type Stored } from './records.ts';

type Place = Pick<IamDependencies, 'storage' | 'partition'>;

/** The profile by name, without regard to case; NoSuchEntity when there is none. */
export async function requireInstanceProfile(
  { storage }: Pick<IamDependencies, 'storage'>,
  accountId: string,
  name: string,
): Promise<Stored<InstanceProfileRecord>> {
  const stored = await readRecord<InstanceProfileRecord>(storage, instanceProfileKey(accountId, name));
  if (stored === undefined) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return stored;
}

/** The target of an operation on a profile: its ARN with the path it really has, and its tags. */
export async function instanceProfileTarget(
  { storage, partition }: Place,
  action: string,
  name: string,
  { caller: { accountId } }: Pick<OperationContext, 'caller'>,
  keys: RequestContext = new Map(),
): Promise<AuthorizationTarget> {
  const stored = await readRecord<InstanceProfileRecord>(storage, instanceProfileKey(accountId, name));
  const arn = entityArn(partition, 'instance-profile', stored?.record ?? { accountId, path: '/', name });
  return {
    action: `iam:${action}`,
    resources: [resourceWithKeys(arn, resourceTagKeys(stored?.record.tags ?? []))],
    resourceInMessage: `instance profile ${name}`,
    context: keys,
  };
}
