import { parseAwsAuth } from '../../access/awsauth.ts';
import type { AwsAuthState } from '../../access/awsauthstate.ts';
import { asText, asTextMap, parseObject } from '../../access/json.ts';
import { parseRbacObject, rbacRefOf, rbacResources } from '../../access/rbacobjects.ts';
import { parseClusterRecord, parseEntryRecord } from '../../access/records.ts';
import type {
  Gap,
  SnapshotAccessEntry,
  SnapshotCluster,
  SnapshotIdentityProvider,
  SnapshotPodIdentityAssociation,
} from '../../engine/analysis/snapshot/snapshot.ts';
import { rbacApiGroup } from '../../engine/rbac/manifest.ts';
import type { RbacObject } from '../../engine/rbac/objects.ts';
import type { AwsAuthGoodRecord } from '../../storage/records/connections.ts';
import type {
  AccessEntryRecord,
  ClusterRecord,
  IdentityProviderConfigRecord,
} from '../../storage/records/eks.ts';
import { tokenIssuerOf } from '../../storage/records/issuer.ts';
import {
  accessEntriesPrefix,
  accountClustersPrefix,
  awsAuthGoodKey,
  identityProviderConfigKey,
  objectKey,
  podIdentityPrefix,
  resourcePrefix,
} from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { readAssociation, readPod, readServiceAccount } from '../podcredentials.ts';

/** What decides in a cluster beside its records. */
export interface ClusterReading {
  readonly storage: StorageReader;
  readonly partition: string;
  /** Whether `sso` items of aws-auth count. */
  readonly ssoRoleMatch: boolean;
  /** What is served of aws-auth; undefined of a cluster that nobody serves: then it is what is written. */
  readonly awsAuthState: (clusterId: string) => AwsAuthState | undefined;
  /** Why the objects of a connected cluster are not known, or not as they are now; undefined where they are. */
  readonly notFollowed: (clusterId: string) => string | undefined;
}

/** Every cluster of the accounts, in order of their keys. */
export async function readClusters(
  reading: ClusterReading,
  accountIds: readonly string[],
  gaps: Gap[],
): Promise<readonly SnapshotCluster[]> {
  const clusters: SnapshotCluster[] = [];
  for (const accountId of accountIds) {
    const { entries } = await reading.storage.list({ prefix: accountClustersPrefix(accountId) });
    for (const { key, value } of entries) {
      // `eks/ACCOUNT/REGION/cluster/NAME`: other things of EKS live below the account as well.
      if (key.split('/')[3] !== 'cluster') continue;
      const record = parseClusterRecord(value);
      if (record === undefined) {
        gaps.push({ area: 'cluster', accountId, reason: `the stored cluster \`${key}\` cannot be read` });
      } else clusters.push(await readCluster(reading, record, gaps));
    }
  }
  return clusters;
}

async function readCluster(
  reading: ClusterReading,
  record: ClusterRecord,
  gaps: Gap[],
): Promise<SnapshotCluster> {
  const { storage, ssoRoleMatch, notFollowed } = reading;
  const { clusterId, accountId, arn, region, name, version, createdAt, authenticationMode, tags } = record;
  const tell = (area: Gap['area'], reason: string): void =>
    void gaps.push({ area, accountId, clusterArn: arn, reason });
  const unknown = record.kind === 'connected' ? notFollowed(clusterId) : undefined;
  if (unknown !== undefined) {
    tell('rbac', unknown);
    tell('serviceAccounts', `service accounts of \`${name}\`: ${unknown}`);
  }

  const provider = await storage.get(identityProviderConfigKey(clusterId));
  const awsAuthData = await readAwsAuth(reading, clusterId, tell);
  const awsAuth = awsAuthData && parseAwsAuth(awsAuthData);
  for (const error of awsAuth?.errors ?? []) tell('awsAuth', `aws-auth: ${error}`);
  const issuer = tokenIssuerOf(record);
  return {
    ...{ arn, accountId, region, name, createdAt, authenticationMode, ssoRoleMatch, tags },
    ...(version !== '' && { version }),
    ...(record.hiddenAdminPrincipalId !== undefined && {
      hiddenAdminPrincipalId: record.hiddenAdminPrincipalId,
    }),
    ...(record.breakGlass !== undefined && {
      breakGlass: {
        principalArn: record.breakGlass.principalArn,
        principalId: record.breakGlass.principalId,
      },
    }),
    accessEntries: await readEntries(reading, clusterId, tell),
    ...(awsAuth !== undefined && awsAuthData !== undefined && { awsAuth: awsAuth.awsAuth, awsAuthData }),
    rbac: await readRbac(reading, clusterId, tell),
    namespaces: await readNames(storage, clusterId, 'namespaces'),
    ...(await readServiceAccounts(reading, record, tell)),
    ...(issuer !== undefined && { issuer }),
    podIdentityAssociations: await readAssociations(reading, clusterId, tell),
    ...(await readPods(reading, record, tell)),
    identityProviders:
      provider === undefined
        ? []
        : [identityProvider(JSON.parse(provider.value) as IdentityProviderConfigRecord)],
  };
}

type Tell = (area: Gap['area'], reason: string) => void;

async function readEntries(
  { storage }: ClusterReading,
  clusterId: string,
  tell: Tell,
): Promise<readonly SnapshotAccessEntry[]> {
  const { entries } = await storage.list({ prefix: accessEntriesPrefix(clusterId) });
  return entries.flatMap(({ key, value }): readonly SnapshotAccessEntry[] => {
    const deciding = parseEntryRecord(value);
    if (deciding === undefined) {
      tell('accessEntries', `the stored access entry \`${key.slice(key.indexOf('arn:'))}\` cannot be read`);
      return [];
    }
    // What decides was checked; the rest is what was stored beside it.
    const {
      createdAt,
      modifiedAt,
      tags,
      associatedPolicies: stored,
    } = JSON.parse(value) as AccessEntryRecord;
    const associatedPolicies = deciding.associatedPolicies.map((policy, place) => {
      const associatedAt = stored[place]?.associatedAt;
      return { ...policy, ...(associatedAt !== undefined && { associatedAt }) };
    });
    return [{ ...deciding, createdAt, modifiedAt, tags, associatedPolicies }];
  });
}

/**
 * The data that is served. SECURITY: in strict mode nothing is taken of a key with anything bad in it, though the rest of it
 * could be read: what was good last stays, if anything was.
 */
async function readAwsAuth(
  { storage, awsAuthState }: ClusterReading,
  clusterId: string,
  tell: Tell,
): Promise<Readonly<Record<string, string>> | undefined> {
  const stored = await storage.get(objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth'));
  const object = stored && parseObject(stored.value);
  const data = asTextMap(object?.data);
  if (stored !== undefined && data === undefined) tell('awsAuth', 'the stored aws-auth cannot be read');
  const state = awsAuthState(clusterId);
  const bad =
    state?.mode === 'strict'
      ? state.keys.filter(({ status }) => status === 'keptLastGood' || status === 'dropped')
      : [];
  if (bad.length === 0) return stored === undefined ? undefined : data;
  const entry = await storage.get(awsAuthGoodKey(clusterId));
  const good = entry && (JSON.parse(entry.value) as AwsAuthGoodRecord);
  const served = { ...data };
  for (const { key, status, errors } of bad) {
    const text = status === 'keptLastGood' ? asText(good?.[key]) : undefined;
    if (text === undefined) delete served[key];
    else served[key] = text;
    const serves =
      status === 'dropped'
        ? 'nothing of it is served'
        : text === undefined
          ? 'what was good last is served, and cannot be read here'
          : 'what was good last is served';
    tell('awsAuth', `aws-auth: ${key} is bad as it is written, and ${serves} (strict): ${errors.join('; ')}`);
  }
  return served;
}

async function readRbac(
  { storage }: ClusterReading,
  clusterId: string,
  tell: Tell,
): Promise<readonly RbacObject[]> {
  const found: RbacObject[] = [];
  for (const resource of rbacResources) {
    const { entries } = await storage.list({ prefix: resourcePrefix(clusterId, rbacApiGroup, resource) });
    for (const { key, value } of entries) {
      const [, , , , namespace = '', ...rest] = key.split('/');
      const ref = rbacRefOf(resource, namespace, rest.join('/'));
      const object = ref && parseRbacObject(ref, value);
      if (object !== undefined) found.push(object);
      else tell('rbac', `${resource} \`${rest.join('/')}\` cannot be read and grants nothing`);
    }
  }
  return found;
}

async function readNames(
  storage: StorageReader,
  clusterId: string,
  resource: string,
): Promise<readonly string[]> {
  const { entries } = await storage.list({ prefix: resourcePrefix(clusterId, '', resource) });
  return entries.map(({ key }) => key.slice(key.lastIndexOf('/') + 1));
}

/** Of a connected cluster those that were mirrored: every cluster has some, so that none says that nobody told. */
async function readServiceAccounts(
  { storage, notFollowed }: ClusterReading,
  { clusterId, kind, name: clusterName }: ClusterRecord,
  tell: Tell,
): Promise<Pick<SnapshotCluster, 'serviceAccounts'>> {
  const { entries } = await storage.list({ prefix: resourcePrefix(clusterId, '', 'serviceaccounts') });
  if (kind === 'connected' && entries.length === 0) {
    if (notFollowed(clusterId) === undefined) {
      tell('serviceAccounts', `no service account of cluster \`${clusterName}\` was told`);
    }
    return {};
  }
  return {
    serviceAccounts: entries.map(({ key, value }) => readServiceAccount(placeIn(key), parseObject(value))),
  };
}

async function readAssociations(
  { storage }: ClusterReading,
  clusterId: string,
  tell: Tell,
): Promise<readonly SnapshotPodIdentityAssociation[]> {
  const { entries } = await storage.list({ prefix: podIdentityPrefix(clusterId) });
  return entries.flatMap(({ key, value }) => {
    const association = readAssociation(parseObject(value));
    if (association !== undefined) return [association];
    const place = key.slice(podIdentityPrefix(clusterId).length);
    tell('podIdentity', `the stored Pod Identity association of \`${place}\` cannot be read`);
    return [];
  });
}

async function readPods(
  { storage }: ClusterReading,
  { clusterId, kind, name }: ClusterRecord,
  tell: Tell,
): Promise<Pick<SnapshotCluster, 'pods'>> {
  if (kind === 'connected') {
    const hint = `\`--live\` with its kubeconfig reads them`;
    tell('pods', `pods of cluster \`${name}\` are not followed: ${hint}`);
    return {};
  }
  const { entries } = await storage.list({ prefix: resourcePrefix(clusterId, '', 'pods') });
  return { pods: entries.map(({ key, value }) => readPod(placeIn(key), parseObject(value))) };
}

/** Namespace and name of an object, by its key. */
function placeIn(key: string): { readonly namespace: string; readonly name: string } {
  const [, , , , namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

function identityProvider(config: IdentityProviderConfigRecord): SnapshotIdentityProvider {
  const { name, issuerUrl, clientId, usernameClaim, usernamePrefix, groupsClaim, groupsPrefix } = config;
  return {
    ...{ name, issuerUrl, clientId },
    ...(usernameClaim !== undefined && { usernameClaim }),
    ...(usernamePrefix !== undefined && { usernamePrefix }),
    ...(groupsClaim !== undefined && { groupsClaim }),
    ...(groupsPrefix !== undefined && { groupsPrefix }),
  };
}
