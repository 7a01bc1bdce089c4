import type {
  GetAccessKeyLastUsedRequest,
  GetAccessKeyLastUsedResponse,
  RoleLastUsed,
} from '@aws-sdk/client-iam';
import type { AccessKeyRecord } from '../../storage/records/iam.ts';
import { accessKeyKey } from '../../storage/records/keys.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { entityTarget, userKind } from './entities.ts';
import { noSuchEntity } from './errors.ts';
import { readRecord } from './records.ts';

/** How far back AWS tells of a role's use (iam-facts J16). */
const trackingPeriodMs = 400 * 24 * 60 * 60 * 1000;

/** `GetAccessKeyLastUsed` (iam-facts J11). */
export function createLastUsedOperations(dependencies: IamDependencies): Operations {
  const { storage, usage } = dependencies;

  /** A key of the account; those of others do not exist for it. */
  const findKey = async (accountId: string, id: string): Promise<AccessKeyRecord | undefined> => {
    const stored = await readRecord<AccessKeyRecord>(storage, accessKeyKey(id));
    return stored?.record.accountId === accountId ? stored.record : undefined;
  };

  const GetAccessKeyLastUsed = defineOperation<GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse>({
    async authorization({ AccessKeyId: id = '' }, context) {
      const action = 'GetAccessKeyLastUsed';
      const owner = (await findKey(context.caller.accountId, id))?.owner;
      return owner?.kind === 'user'
        ? entityTarget(dependencies, userKind, action, owner.userName, context)
        : { action: `iam:${action}`, resources: ['*'], resourceInMessage: `access key ${id}` };
    },
    async handle(input, { caller: { accountId } }) {
      const { AccessKeyId: id = '' } = input;
      refuseInvalid(validateMember('accessKeyId', input.AccessKeyId, constraints.accessKeyId));
      const key = await findKey(accountId, id);
      if (key === undefined) throw noSuchEntity(`The Access Key with id ${id} cannot be found`);
      const use = await usage?.lastUsed(id);
      return {
        ...(key.owner.kind === 'user' ? { UserName: key.owner.userName } : {}),
        AccessKeyLastUsed:
          use === undefined
            ? { ServiceName: 'N/A', Region: 'N/A' }
            : { LastUsedDate: new Date(use.at), ServiceName: use.service, Region: use.region },
      };
    },
  });

  return { GetAccessKeyLastUsed };
}

/** When a role was last used; empty when it was not within 400 days, as AWS answers then. */
export async function roleLastUsed(
  { usage }: Pick<IamDependencies, 'usage'>,
  roleId: string,
  now: number,
): Promise<RoleLastUsed> {
  const use = await usage?.lastUsed(roleId);
  return use === undefined || use.at < now - trackingPeriodMs
    ? {}
    : { LastUsedDate: new Date(use.at), Region: use.region };
}
