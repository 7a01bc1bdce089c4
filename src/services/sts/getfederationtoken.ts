import type { GetFederationTokenRequest, GetFederationTokenResponse } from '@aws-sdk/client-sts';
import type { Principal } from '../../engine/iam/principal.ts';
import { blockedMessage } from '../blocked.ts';
import { requestTagKeys } from '../conditionkeys.ts';
import type { SessionSubject } from '../credentials/sessiontoken.ts';
import { defineOperation, type Operation, type OperationContext } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { issueSession, tokenSizeFailures } from './answers.ts';
import type { StsDependencies } from './dependencies.ts';
import { accessDenied, refuseUnlessAllowed } from './errors.ts';
import { durationOf } from './getsessiontoken.ts';
import { packedPolicySize } from './packedsize.ts';
import { passedPolicies, policyFailures, requireManagedPolicies } from './sessionpolicies.ts';
import { passedTagging, taggingFailures } from './sessiontags.ts';

/** Credentials for somebody the caller vouches for: no more than the caller may, and than the policies passed (I17). */
export function createGetFederationToken(dependencies: StsDependencies): Operation {
  const { partition, authorizer } = dependencies;
  const arnOf = (accountId: string, name: string): string =>
    `arn:${partition}:sts::${accountId}:federated-user/${name}`;
  const target = (action: string, input: GetFederationTokenRequest, { caller }: OperationContext) => ({
    action,
    resources: [arnOf(caller.accountId, input.Name ?? '')],
    context: requestTagKeys(input.Tags),
  });
  return defineOperation<GetFederationTokenRequest, GetFederationTokenResponse>({
    authorization: (input, context) => target('sts:GetFederationToken', input, context),
    async handle(input, context) {
      const { caller, now } = context;
      refuseInvalid([
        ...validateMember('name', input.Name, { required: true, min: 2, max: 32, pattern: '[\\w+=,.@-]*' }),
        ...validateMember('durationSeconds', input.DurationSeconds, { min: 900, max: 129_600 }),
        ...policyFailures(input),
        ...taggingFailures({ Tags: input.Tags }),
        ...tokenSizeFailures(input.MinimumSessionTokenSize),
      ]);
      const subject = subjectOf(input.Name ?? '', context);
      const arn = arnOf(caller.accountId, subject.federatedName);
      if (dependencies.isBlocked(federatedUser(caller, arn, subject), now)) {
        throw accessDenied(blockedMessage(arn));
      }
      const policies = passedPolicies(input);
      const tagging = passedTagging({ Tags: input.Tags }, undefined);
      if (tagging.tags.length > 0) {
        // iam-facts E13
        refuseUnlessAllowed(
          await authorizer.authorize(caller, target('sts:TagSession', input, context), context),
        );
      }
      if (policies !== undefined) await requireManagedPolicies(dependencies, caller.accountId, policies);
      const packedSize = packedPolicySize({ policies, tagging });
      const { accountId, federatedName } = subject;
      return {
        ...issueSession(dependencies, subject, {
          now,
          durationSeconds: durationOf(input, caller),
          minimumTokenLength: input.MinimumSessionTokenSize,
          attributes: {
            // The tags of the issuing user are looked up at every use, as its policies are.
            ...(tagging.tags.length > 0 && { tags: tagging.tags }),
            // SECURITY: without policies it may do nothing, not everything (iam-facts E7).
            policies: policies ?? { arns: [] },
          },
        }),
        FederatedUser: {
          FederatedUserId: `${accountId}:${federatedName}`,
          Arn: arn,
        },
        ...(packedSize !== undefined && { PackedPolicySize: packedSize }),
      };
    },
  });
}

/** Long-term credentials only (iam-facts I12). The unique id of root is its account's. */
function subjectOf(
  federatedName: string,
  { caller }: OperationContext,
): Extract<SessionSubject, { readonly kind: 'federatedUser' }> {
  if (caller.session !== undefined || (caller.kind !== 'user' && caller.kind !== 'root')) {
    throw accessDenied('Cannot call GetFederationToken with session credentials');
  }
  const { accountId, principalId } = caller;
  const userName = caller.kind === 'user' ? caller.userName : '';
  return { kind: 'federatedUser', accountId, federatedName, userName, principalId };
}

/** Who will call with what is about to be made. The key is not made yet: nothing can block it. */
function federatedUser(
  { accountId, partition, arn: issuerArn }: Principal,
  arn: string,
  { federatedName, userName, principalId: issuerId }: ReturnType<typeof subjectOf>,
): Principal {
  const principalId = `${accountId}:${federatedName}`;
  return {
    kind: 'federatedUser',
    accountId,
    partition,
    arn,
    principalArn: arn,
    principalId,
    userId: principalId,
    accessKeyId: '',
    federatedName,
    issuer: { arn: issuerArn, principalId: issuerId, userName },
  };
}
