import type { OidcIdentityProviderConfigRequest } from '@aws-sdk/client-eks';
import type { ClusterRecord, IdentityProviderConfigRecord } from '../../storage/records/eks.ts';
import { tokenIssuerOf } from '../../storage/records/issuer.ts';
import { invalidParameter } from './refusals.ts';

/** What a request says of the provider itself. */
export type ProviderWish = Omit<
  IdentityProviderConfigRecord,
  'arn' | 'tags' | 'createdAt' | 'clientRequestToken'
>;

const longest = 255;
const longestName = 100;
/** COMPAT: EKS has a quota for them and does not say which. */
const mostClaims = 50;

/** COMPAT: EKS's rule for these names is not documented; they are held to that of clusters. */
export function isConfigName(name: string): boolean {
  return name.length <= longestName && /^[0-9A-Za-z][A-Za-z0-9_-]*$/.test(name);
}

/** The only type there is. */
export function refuseOtherTypes(type: string | undefined, clusterName: string): void {
  if (type !== 'oidc')
    throw invalidParameter('The type of an identity provider config must be oidc', clusterName);
}

/** eks-access-facts K2, K3, F32; texts are ours but for F32. Throws InvalidParameterException. */
export function readProviderWish(
  oidc: OidcIdentityProviderConfigRequest,
  cluster: ClusterRecord,
): ProviderWish {
  const refuse = (message: string): never => {
    throw invalidParameter(message, cluster.name);
  };
  const {
    identityProviderConfigName: name = '',
    issuerUrl = '',
    clientId = '',
    usernameClaim,
    usernamePrefix,
    groupsClaim,
    groupsPrefix,
    requiredClaims = {},
  } = oidc;
  if (!isConfigName(name)) {
    refuse(
      `The identityProviderConfigName must have 1 to ${longestName} characters and match ^[0-9A-Za-z][A-Za-z0-9_-]*`,
    );
  }
  if (!isIssuerUrl(issuerUrl)) {
    refuse('The issuerUrl must be an https URL without user, query and fragment');
  }
  if (issuerUrl === tokenIssuerOf(cluster)) {
    refuse(
      'Incorrect Identity Provider URL configuration. The Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL',
    );
  }
  const texts = { clientId, usernameClaim, usernamePrefix, groupsClaim, groupsPrefix };
  for (const [member, text] of Object.entries(texts)) {
    if (text !== undefined && !isPrintable(text, longest)) {
      refuse(`The ${member} must have 1 to ${longest} printable characters`);
    }
  }
  for (const [member, prefix] of Object.entries({ usernamePrefix, groupsPrefix })) {
    if (prefix !== undefined && couldMakeSystem(prefix)) {
      refuse(`The ${member} must not contain system: or a part of it`);
    }
  }
  const claims = Object.entries(requiredClaims);
  if (claims.length > mostClaims) refuse(`At most ${mostClaims} claims can be required`);
  for (const [claim, value] of claims) {
    if (!isPrintable(claim, 63)) refuse('The name of a required claim has 1 to 63 printable characters');
    if (!isPrintable(value, 253)) refuse('The value of a required claim has 1 to 253 printable characters');
  }
  return {
    name,
    issuerUrl,
    clientId,
    ...(usernameClaim !== undefined && { usernameClaim }),
    ...(usernamePrefix !== undefined && { usernamePrefix }),
    ...(groupsClaim !== undefined && { groupsClaim }),
    ...(groupsPrefix !== undefined && { groupsPrefix }),
    requiredClaims,
  };
}

/**
 * SECURITY: a prefix with which a claim could spell a name of Kubernetes' own: `sys` and `tem:masters`. K3 rules out any
 * part of `system:`; taken at its word that would be every `s` and `-m-`, so what is refused is it and what it begins with.
 */
function couldMakeSystem(prefix: string): boolean {
  const lower = prefix.toLowerCase();
  return lower.includes('system:') || 'system:'.startsWith(lower);
}

/** COMPAT: a port is allowed, as to the API server itself; whether EKS allows one is not documented. */
function isIssuerUrl(text: string): boolean {
  return (
    text.length <= longest &&
    /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/.test(text)
  );
}

function isPrintable(text: string, most: number): boolean {
  return text.length >= 1 && text.length <= most && !/\p{C}/u.test(text);
}
