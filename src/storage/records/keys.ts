import { lowerAscii } from '../../engine/arn/case.ts';

/**
 * Every key of the store, in one place. A key is segments joined by `/`; a segment never contains `/`
 * unless it is the last one. Names that AWS compares without case are lower-cased here and nowhere else.
 */

export const accountKey = (accountId: string): string => `${accountsPrefix}${accountId}`;
export const accountsPrefix = 'account/';

/** Alias → whose it is. */
export const accountAliasKey = (alias: string): string => `account-alias/${alias}`;

export const userKey = (accountId: string, name: string): string =>
  `iam/${accountId}/user/${lowerAscii(name)}`;
export const usersPrefix = (accountId: string): string => `iam/${accountId}/user/`;
export const roleKey = (accountId: string, name: string): string =>
  `iam/${accountId}/role/${lowerAscii(name)}`;
export const rolesPrefix = (accountId: string): string => `iam/${accountId}/role/`;
export const policyKey = (accountId: string, name: string): string =>
  `iam/${accountId}/policy/${lowerAscii(name)}`;
export const policiesPrefix = (accountId: string): string => `iam/${accountId}/policy/`;
export const groupKey = (accountId: string, name: string): string =>
  `iam/${accountId}/group/${lowerAscii(name)}`;
export const groupsPrefix = (accountId: string): string => `iam/${accountId}/group/`;
export const instanceProfileKey = (accountId: string, name: string): string =>
  `iam/${accountId}/instance-profile/${lowerAscii(name)}`;
export const instanceProfilesPrefix = (accountId: string): string => `iam/${accountId}/instance-profile/`;
/** `pathAndName` is what follows `mfa/` in the serial number: unique together, with case. */
export const mfaDeviceKey = (accountId: string, pathAndName: string): string =>
  `iam/${accountId}/mfa/${pathAndName}`;
export const mfaDevicesPrefix = (accountId: string): string => `iam/${accountId}/mfa/`;
/** `url` without its scheme. */
export const oidcProviderKey = (accountId: string, url: string): string =>
  `iam/${accountId}/oidc-provider/${url}`;
export const oidcProvidersPrefix = (accountId: string): string => `iam/${accountId}/oidc-provider/`;
export const roleDeletionKey = (accountId: string, taskId: string): string =>
  `${roleDeletionsPrefix(accountId)}${taskId}`;
export const roleDeletionsPrefix = (accountId: string): string => `iam/${accountId}/role-deletion/`;
/** The account's latest credential report. */
export const credentialReportKey = (accountId: string): string => `credential-report/${accountId}`;
/** Everything of IAM, of every account. */
export const allIamPrefix = 'iam/';
/** Access keys are looked up by their id alone: it is all a signature carries. */
export const accessKeyKey = (accessKeyId: string): string => `${accessKeysPrefix}${accessKeyId}`;
export const accessKeysPrefix = 'access-key/';
/** Unique id (AIDA…, AROA…) → which principal has it now. */
export const principalIdKey = (principalId: string): string => `principal-id/${principalId}`;

export const clusterKey = (accountId: string, region: string, name: string): string =>
  `eks/${accountId}/${region}/cluster/${name}`;
export const clustersPrefix = (accountId: string, region: string): string =>
  `eks/${accountId}/${region}/cluster/`;
export const accountClustersPrefix = (accountId: string): string => `eks/${accountId}/`;
export const allClustersPrefix = 'eks/';
/** Children hang on the cluster's `clusterId`, so that a re-created cluster of the same name starts empty. */
export const updateKey = (clusterId: string, updateId: string): string =>
  `cluster-update/${clusterId}/${updateId}`;
export const updatesPrefix = (clusterId: string): string => `cluster-update/${clusterId}/`;
export const accessEntryKey = (clusterId: string, principalArn: string): string =>
  `access-entry/${clusterId}/${principalArn}`;
export const accessEntriesPrefix = (clusterId: string): string => `access-entry/${clusterId}/`;

/** Events are served in two groups and are the same objects in both. */
const storedGroup = (group: string, resource: string): string =>
  group === 'events.k8s.io' && resource === 'events' ? '' : group;

/** Objects of a built-in cluster. `group` is '' for the core group; `namespace` is '' for cluster scope. */
export const objectKey = (
  clusterId: string,
  group: string,
  resource: string,
  namespace: string,
  name: string,
): string => `object/${clusterId}/${storedGroup(group, resource)}/${resource}/${namespace}/${name}`;
export const objectsPrefix = (clusterId: string): string => `object/${clusterId}/`;
export const resourcePrefix = (
  clusterId: string,
  group: string,
  resource: string,
  namespace?: string,
): string =>
  namespace === undefined
    ? `object/${clusterId}/${storedGroup(group, resource)}/${resource}/`
    : `object/${clusterId}/${storedGroup(group, resource)}/${resource}/${namespace}/`;

/** Moved on by every write of a CustomResourceDefinition of the cluster. */
export const definitionTurnKey = (clusterId: string): string => `definition-turn/${clusterId}/names`;

/** The keys that sign the cluster's service account tokens, all in one record. */
export const signingKeysKey = (clusterId: string): string =>
  `${signingKeysPrefix}${clusterId}/service-accounts`;
export const signingKeysPrefix = 'signing-keys/';
/** Moved on by everybody who says which issuer a cluster of the account has. */
export const tokenIssuerTurnKey = (accountId: string): string => `token-issuer-turn/${accountId}`;

/** The one identity provider config a cluster may have. */
export const identityProviderConfigKey = (clusterId: string): string =>
  `${identityProviderConfigsPrefix}${clusterId}/oidc`;
const identityProviderConfigsPrefix = 'identity-provider-config/';
/** Extension: an account's own access policies. */
export const accessPolicyKey = (accountId: string, name: string): string =>
  `${accessPoliciesPrefix(accountId)}${name}`;
export const accessPoliciesPrefix = (accountId: string): string => `${allAccessPoliciesPrefix}${accountId}/`;
export const allAccessPoliciesPrefix = 'access-policy/';
/** Which entries have an account's own policy: what must be empty before it is deleted. */
export const accessPolicyUseKey = (
  accountId: string,
  name: string,
  clusterId: string,
  principalArn: string,
): string => `${accessPolicyUsesPrefix(accountId, name)}${clusterId}/${principalArn}`;
export const accessPolicyUsesPrefix = (accountId: string, name: string): string =>
  `access-policy-use/${accountId}/${name}/`;
/** The Pod Identity association of a service account. */
export const podIdentityKey = (clusterId: string, namespace: string, serviceAccount: string): string =>
  `${podIdentityPrefix(clusterId, namespace)}${serviceAccount}`;
/** Of one namespace, or of all without it. */
export const podIdentityPrefix = (clusterId: string, namespace?: string): string =>
  namespace === undefined
    ? `${allPodIdentityPrefix}${clusterId}/`
    : `${allPodIdentityPrefix}${clusterId}/${namespace}/`;
const allPodIdentityPrefix = 'pod-identity/';
/** The service account of an association, by the association's id. */
export const podIdentityPlaceKey = (clusterId: string, associationId: string): string =>
  `${podIdentityPlacesPrefix}${clusterId}/${associationId}`;
const podIdentityPlacesPrefix = 'pod-identity-place/';
/** How to reach a connected cluster. */
export const clusterConnectionKey = (clusterId: string): string =>
  `${clusterConnectionsPrefix}${clusterId}/api`;
export const clusterConnectionsPrefix = 'cluster-connection/';
export const webhookCredentialKey = (clusterId: string, serialNumber: string): string =>
  `${webhookCredentialsPrefix(clusterId)}${serialNumber}`;
export const webhookCredentialsPrefix = (clusterId: string): string =>
  `${allWebhookCredentialsPrefix}${clusterId}/`;
export const allWebhookCredentialsPrefix = 'webhook-credential/';
export const awsAuthGoodKey = (clusterId: string): string => `aws-auth-good/${clusterId}/data`;
/** Roles that came in by a matcher, by the entry's ARN and then their own id. */
export const matchedRoleKey = (clusterId: string, principalArn: string, principalId: string): string =>
  `${matchedRolesPrefix(clusterId, principalArn)}${principalId}`;
export const matchedRolesPrefix = (clusterId: string, principalArn: string): string =>
  `matched-role/${clusterId}/${principalArn}/`;
/** Who is shut out of everything on this server, by kind and target. */
export const blockKey = (kind: string, target: string): string => `${blocksPrefix}${kind}/${target}`;
export const blocksPrefix = 'block/';

/**
 * Where keys that begin with a `clusterId` live: what is swept when its cluster is gone, in this order. What tokens are
 * made and judged with goes first.
 */
export const clusterChildrenPrefixes: readonly string[] = [
  signingKeysPrefix,
  allWebhookCredentialsPrefix,
  clusterConnectionsPrefix,
  identityProviderConfigsPrefix,
  allPodIdentityPrefix,
  podIdentityPlacesPrefix,
  'access-entry/',
  'matched-role/',
  'object/',
  'definition-turn/',
  'aws-auth-good/',
  'cluster-update/',
];

/** Records of the trail that are not sealed yet, some to a key, by the position of the first. */
export const freshKey = (position: string): string => `${freshPrefix}${position}`;
export const freshPrefix = 'trail/fresh/';
/** A sealed chunk of records, and what is known of it without opening it. Sequences sort as text. */
export const chunkKey = (sequence: number): string => `trail/chunk/${paddedSequence(sequence)}`;
export const sealKey = (sequence: number): string => `${sealsPrefix}${paddedSequence(sequence)}`;
export const sealsPrefix = 'trail/seal/';
const paddedSequence = (sequence: number): string => String(sequence).padStart(12, '0');
/** Up to when the trail was said to be complete. */
export const settledKey = 'trail/settled';
/** How far alerts were sent on. */
export const alertDeliveryKey = 'trail/alert-delivery';
/** When an access key or a principal was last used, by its id. */
export const usageKey = (id: string): string => `usage/${id}`;

/**
 * Where records are written all the time that nobody replays: a store does not retain their changes for
 * `watch({ after })`, and tells of them only those who watch below such a prefix (storage.ts).
 */
export const journalPrefixes: readonly string[] = ['trail/', 'usage/'];
