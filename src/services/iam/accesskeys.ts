import type {
  CreateAccessKeyRequest,
  CreateAccessKeyResponse,
  DeleteAccessKeyRequest,
  ListAccessKeysRequest,
  ListAccessKeysResponse,
  UpdateAccessKeyRequest,
} from '@aws-sdk/client-iam';
import type { AccessKeyRecord } from '../../storage/records/iam.ts';
import { accessKeyKey } from '../../storage/records/keys.ts';
import type { Batch } from '../../storage/storage.ts';
import { newAccessKeyId } from '../credentials/accesskeyid.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity, quotaExceeded } from './errors.ts';
import { type CredentialHolder, holderOf, nameOfHolder, ownerOf } from './holders.ts';
import { newSecretAccessKey } from './ids.ts';
import { pageFailures, pageOf } from './paging.ts';
import { callerTarget } from './principals.ts';
import { atomically, put, readRecord, replacing, type Stored } from './records.ts';

const keysPerUser = 2;

/** Access keys: two at most; the secret is told once and stored sealed. */
export function createAccessKeyOperations(dependencies: IamDependencies): Operations {
  const { storage, random, secretBox, pageTokens } = dependencies;
  const userName = constraints.optional(constraints.existingUserName);

  /** A key of this holder; one of anybody else does not exist for it. */
  const requireKey = async (holder: CredentialHolder, id: string): Promise<Stored<AccessKeyRecord>> => {
    const held = holder.stored.record.accessKeyIds.includes(id);
    const stored = held ? await readRecord<AccessKeyRecord>(storage, accessKeyKey(id)) : undefined;
    if (stored === undefined) throw noSuchEntity(`The Access Key with id ${id} cannot be found`);
    return stored;
  };

  const CreateAccessKey = defineOperation<CreateAccessKeyRequest, CreateAccessKeyResponse>({
    authorization: (input, context) => callerTarget(dependencies, 'CreateAccessKey', input.UserName, context),
    async handle(input, { caller, now, commit }) {
      refuseInvalid(validateMember('userName', input.UserName, userName));
      return atomically(async () => {
        const holder = await holderOf(dependencies, caller, input.UserName);
        const { key: holderKey, revision, record } = holder.stored;
        if (record.accessKeyIds.length >= keysPerUser) {
          throw quotaExceeded('AccessKeysPerUser', keysPerUser);
        }
        const accessKeyId = newAccessKeyId('AKIA', caller.accountId, random);
        const secret = newSecretAccessKey(random);
        const accessKey: AccessKeyRecord = {
          accessKeyId,
          accountId: caller.accountId,
          owner: ownerOf(holder),
          status: 'Active',
          createdAt: now,
          sealedSecret: secretBox.seal(secret, accessKeyId),
        };
        const key = accessKeyKey(accessKeyId);
        const batch: Batch = {
          expect: [
            { key: holderKey, revision },
            { key, revision: 0 },
          ],
          changes: [
            put(key, accessKey),
            put(holderKey, { ...record, accessKeyIds: [...record.accessKeyIds, accessKeyId] }),
          ],
        };
        return commit(batch, {
          AccessKey: {
            ...nameOfHolder(holder),
            AccessKeyId: accessKeyId,
            Status: accessKey.status,
            SecretAccessKey: secret,
            CreateDate: new Date(now),
          },
        });
      });
    },
  });

  const ListAccessKeys = defineOperation<ListAccessKeysRequest, ListAccessKeysResponse>({
    authorization: (input, context) => callerTarget(dependencies, 'ListAccessKeys', input.UserName, context),
    async handle(input, { caller }) {
      refuseInvalid([...validateMember('userName', input.UserName, userName), ...pageFailures(input)]);
      const holder = await holderOf(dependencies, caller, input.UserName);
      const ids = [...holder.stored.record.accessKeyIds].sort();
      const { items, ...page } = pageOf(ids, (id) => id, input, {
        pageTokens,
        scope: `iam:ListAccessKeys ${holder.stored.key}`,
      });
      const found = await Promise.all(
        items.map((id) => readRecord<AccessKeyRecord>(storage, accessKeyKey(id))),
      );
      return {
        AccessKeyMetadata: found
          .filter((stored) => stored !== undefined)
          .map(({ record }) => ({
            ...nameOfHolder(holder),
            AccessKeyId: record.accessKeyId,
            Status: record.status,
            CreateDate: new Date(record.createdAt),
          })),
        ...page,
      };
    },
  });

  const UpdateAccessKey = defineOperation<UpdateAccessKeyRequest, Record<string, never>>({
    authorization: (input, context) => callerTarget(dependencies, 'UpdateAccessKey', input.UserName, context),
    async handle(input, { caller, commit }) {
      const { AccessKeyId: id = '', Status: status } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, userName),
        ...validateMember('accessKeyId', input.AccessKeyId, constraints.accessKeyId),
        ...validateMember('status', status, constraints.accessKeyStatus),
      ]);
      return atomically(async () => {
        const stored = await requireKey(await holderOf(dependencies, caller, input.UserName), id);
        return commit(
          replacing(stored, { ...stored.record, status: status === 'Active' ? 'Active' : 'Inactive' }),
          {},
        );
      });
    },
  });

  const DeleteAccessKey = defineOperation<DeleteAccessKeyRequest, Record<string, never>>({
    authorization: (input, context) => callerTarget(dependencies, 'DeleteAccessKey', input.UserName, context),
    async handle(input, { caller, commit }) {
      const { AccessKeyId: id = '' } = input;
      refuseInvalid([
        ...validateMember('userName', input.UserName, userName),
        ...validateMember('accessKeyId', input.AccessKeyId, constraints.accessKeyId),
      ]);
      return atomically(async () => {
        const holder = await holderOf(dependencies, caller, input.UserName);
        const { key } = await requireKey(holder, id);
        const { key: holderKey, revision, record } = holder.stored;
        const accessKeyIds = record.accessKeyIds.filter((other) => other !== id);
        const batch: Batch = {
          expect: [{ key: holderKey, revision }],
          changes: [{ type: 'delete', key }, put(holderKey, { ...record, accessKeyIds })],
        };
        return commit(batch, {});
      });
    },
  });

  return { CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey };
}
