import type { GetCallerIdentityResponse, GetSessionTokenResponse } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { accessKeyKey } from '../../storage/records/keys.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  document,
  own,
  withSessionToken,
} from '../authorization/testworld.ts';
import { ada, createSts, dev } from './testworld.ts';

test.each<[Principal, string]>([
  [asRoot, own],
  [asUser(ada), ada.principalId],
  [withSessionToken(asUser(ada)), ada.principalId],
  [asSession(dev), `${dev.principalId}:s-1`],
  [asFederated(ada), `${own}:guest`],
])('GetCallerIdentity tells %o who they are, whatever denies it (I14)', async (caller, UserId) => {
  const { call, putUser, putRole } = await createSts();
  const inlinePolicies = { no: document({ Effect: 'Deny' }) };
  await putUser({ ...ada, inlinePolicies });
  await putRole({ ...dev, inlinePolicies });
  expect(await call<GetCallerIdentityResponse>('GetCallerIdentity', caller)).toEqual({
    UserId,
    Account: own,
    Arn: caller.arn,
  });
});

describe('GetAccessKeyInfo (I18)', () => {
  test('needs permission', async () => {
    const { call } = await createSts();
    await expect(
      call('GetAccessKeyInfo', asUser(ada), { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
    ).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test.each<[string | undefined, string]>([
    [undefined, 'ValidationError'],
    ['AKIA', 'ValidationError'],
    ['AKIA/../account/1111', 'ValidationError'],
    ['AKIAIOSFODNN7EXAMPLE', 'InvalidClientTokenId'],
    ['ASIAQNZGKIQY56JQ7WML', 'InvalidClientTokenId'],
  ])('refuses %j', async (AccessKeyId, code) => {
    const { call } = await createSts();
    await expect(call('GetAccessKeyInfo', asRoot, { AccessKeyId })).rejects.toMatchObject({ code });
  });

  test('knows stored keys and, by their id alone, those of sessions', async () => {
    const { call, put } = await createSts();
    await put(accessKeyKey('AKIAIOSFODNN7EXAMPLE'), { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', accountId: own });
    const { Credentials } = await call<GetSessionTokenResponse>('GetSessionToken', asUser(ada));
    for (const AccessKeyId of ['AKIAIOSFODNN7EXAMPLE', Credentials?.AccessKeyId]) {
      expect(await call('GetAccessKeyInfo', asRoot, { AccessKeyId })).toEqual({ Account: own });
    }
  });
});

test('DecodeAuthorizationMessage asks for permission and knows no message (I19)', async () => {
  const { call } = await createSts();
  const decode = (caller: Principal, EncodedMessage: string) =>
    call('DecodeAuthorizationMessage', caller, { EncodedMessage });
  await expect(decode(asUser(ada), 'x')).rejects.toMatchObject({ code: 'AccessDenied' });
  await expect(decode(asRoot, '')).rejects.toMatchObject({ code: 'ValidationError' });
  await expect(decode(asRoot, 'x')).rejects.toMatchObject({ code: 'InvalidAuthorizationMessageException' });
});
