import type {
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
} from '@aws-sdk/client-sts';
import type { JSONWebKeySet } from 'jose';
import type { OidcProviderRecord } from '../../../storage/records/iam.ts';
import { oidcProviderKey } from '../../../storage/records/keys.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import { readRecord } from '../../iam/records.ts';
import { defineUnsignedOperation, type UnsignedOperation } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import { sourceIdentityRule } from '../assumerole.ts';
import type { StsDependencies } from '../dependencies.ts';
import { accessDenied, invalidToken, refuseUnlessAllowed, unsupported } from '../errors.ts';
import { accountOfRole, issueRoleSession, roleSessionFailures } from '../rolesession.ts';
import { passedPolicies } from '../sessionpolicies.ts';
import { passedTagging, taggingFailures } from '../sessiontags.ts';
import { claimedSourceIdentity, claimedTagging, providerKeys } from './identityclaims.ts';
import { noKey, type PresentedToken, readPresentedToken, verifyIdentityToken } from './identitytoken.ts';

/**
 * A role for whoever an identity provider of the role's account vouches for (iam-facts E12, I15). What is cheap comes
 * first: nobody makes this server ask a provider that no account has created.
 *
 * COMPAT: like AWS, a token can be used until it ends, as often as one likes.
 */
export function createAssumeRoleWithWebIdentity(dependencies: StsDependencies): UnsignedOperation {
  return defineUnsignedOperation<AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse>({
    unsigned: true,
    async handle(input, context) {
      const { now } = context;
      const { RoleArn: roleArn = '', RoleSessionName: sessionName = '' } = input;
      refuseInvalid(inputFailures(input));
      if (input.ProviderId !== undefined) {
        throw unsupported('ProviderId (OAuth 2.0 access tokens) in AssumeRoleWithWebIdentity');
      }
      const accountId = accountOfRole(roleArn);
      const policies = passedPolicies(input);

      const token = readPresentedToken(input.WebIdentityToken ?? '');
      const provider = await requireProvider(dependencies, accountId, token);
      const keys = await requireKeys(dependencies, token, accountId, now);
      const identity = await verifyIdentityToken(token, { keys, clientIds: provider.clientIds, now });
      const { claims, subject, audience } = identity;
      const vouched = { provider: provider.arn, subject, audience };
      context.vouched(vouched);
      const tagging = checkedTagging(claims);
      const sourceIdentity = claimedSourceIdentity(claims);
      refuseInvalid(validateMember('sourceIdentity', sourceIdentity, sourceIdentityRule));

      const { action, decision, role } = await dependencies.authorizer.authorizeRoleSession(
        { kind: 'federated', provider: provider.arn },
        {
          roleArn,
          sessionName,
          sourceIdentity,
          ...tagging,
          providerKeys: providerKeys(provider.url, identity),
        },
        context,
      );
      // The record is that of the role's account, whose trust policy it tells of.
      context.judged({ action, resources: [roleArn], decision });
      refuseUnlessAllowed(decision);
      if (role === undefined) throw accessDenied('Access denied');
      const { tags, transitiveTagKeys } = tagging;
      context.vouched({
        ...vouched,
        tags,
        transitiveTagKeys,
        ...(sourceIdentity !== undefined && { sourceIdentity }),
      });
      const issued = await issueRoleSession(dependencies, role, input, {
        now,
        policies,
        tagging,
        isMeasured: policies !== undefined || tagging.tags.length > 0,
        attributes: {
          federatedProvider: provider.arn,
          webIdentitySubject: subject,
          ...(sourceIdentity !== undefined && { sourceIdentity }),
        },
      });
      // COMPAT: the model says the issuer's URL, published answers show the provider's ARN (iam-facts I16).
      return {
        ...issued,
        SubjectFromWebIdentityToken: subject,
        Audience: audience,
        Provider: provider.arn,
      };
    },
  });
}

/** iam-facts I1. */
function inputFailures(input: AssumeRoleWithWebIdentityRequest): string[] {
  return [
    ...roleSessionFailures(input),
    // SECURITY: a text that may be a credential is not quoted in the refusal.
    ...validateMember('webIdentityToken', input.WebIdentityToken, {
      required: true,
      min: 4,
      max: 20_000,
    }).map((text) => text.replace(/^Value '.*' at/s, "Value '***' at")),
    ...validateMember('providerId', input.ProviderId, { min: 4, max: 2048 }),
  ];
}

/** The provider of the role's account with the token's issuer, written exactly so but for the scheme (I15). */
async function requireProvider(
  { storage }: Pick<StsDependencies, 'storage'>,
  accountId: string,
  { issuer }: PresentedToken,
): Promise<OidcProviderRecord> {
  const url = issuer.slice('https://'.length);
  const stored = await readRecord<OidcProviderRecord>(storage, oidcProviderKey(accountId, url));
  if (stored === undefined) {
    throw invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`);
  }
  return stored.record;
}

async function requireKeys(
  { issuerKeys }: Pick<StsDependencies, 'issuerKeys'>,
  { issuer, keyId }: PresentedToken,
  accountId: string,
  now: number,
): Promise<JSONWebKeySet> {
  const answer = await issuerKeys.keysOf(issuer, keyId, now, accountId);
  switch (answer.outcome) {
    case 'keys':
      return answer.keys;
    case 'notAsked':
      throw invalidToken(`${noKey} (this Entryway asks no identity provider: serve --oidc-issuers)`);
    case 'unreachable':
      throw new AwsError(
        'IDPCommunicationErrorException',
        'An error occurred while communicating with the identity provider',
      );
    default:
      return answer satisfies never;
  }
}

function checkedTagging(claims: Parameters<typeof claimedTagging>[0]) {
  const claimed = claimedTagging(claims);
  refuseInvalid(taggingFailures(claimed));
  return passedTagging(claimed, undefined);
}
