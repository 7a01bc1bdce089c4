import type {
  DecodeAuthorizationMessageRequest,
  DecodeAuthorizationMessageResponse,
  GetAccessKeyInfoRequest,
  GetAccessKeyInfoResponse,
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
} from '@aws-sdk/client-sts';
import type { AccessKeyRecord } from '../../storage/records/iam.ts';
import { accessKeyKey, accountKey } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { accountOfAccessKeyId } from '../credentials/accesskeyid.ts';
import { accessKeyId } from '../iam/constraints.ts';
import { readRecord } from '../iam/records.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import type { StsDependencies } from './dependencies.ts';

/** Nobody needs permission for it and nothing can deny it (iam-facts E13, I14). */
export const GetCallerIdentity = defineOperation<GetCallerIdentityRequest, GetCallerIdentityResponse>({
  authorization: () => undefined,
  handle: async (_input, { caller }) => ({
    UserId: caller.userId,
    Account: caller.accountId,
    Arn: caller.arn,
  }),
});

/** The account of any key id, its own or another's (iam-facts I18). COMPAT: AWS's error for unknown ids is reported. */
export function createGetAccessKeyInfo({ storage }: Pick<StsDependencies, 'storage'>): Operation {
  return defineOperation<GetAccessKeyInfoRequest, GetAccessKeyInfoResponse>({
    authorization: () => ({ action: 'sts:GetAccessKeyInfo', resources: ['*'] }),
    async handle({ AccessKeyId: id = '' }) {
      refuseInvalid(validateMember('accessKeyId', id, accessKeyId));
      const key = await readRecord<AccessKeyRecord>(storage, accessKeyKey(id));
      // Keys of sessions are nowhere stored, and keys of the past no more: what their id says must be an account here.
      const accountId = key?.record.accountId ?? accountOfAccessKeyId(id);
      if (accountId === undefined || (await storage.get(accountKey(accountId))) === undefined) {
        throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.');
      }
      return { Account: accountId };
    },
  });
}

/** No service here hands out encoded messages (iam-facts G10, I19), so none that is shown can be one of ours. */
export const DecodeAuthorizationMessage = defineOperation<
  DecodeAuthorizationMessageRequest,
  DecodeAuthorizationMessageResponse
>({
  authorization: () => ({ action: 'sts:DecodeAuthorizationMessage', resources: ['*'] }),
  async handle({ EncodedMessage: message }) {
    refuseInvalid(validateMember('encodedMessage', message, { required: true, min: 1, max: 10_240 }));
    throw new AwsError('InvalidAuthorizationMessageException', 'Message is not valid');
  },
});
