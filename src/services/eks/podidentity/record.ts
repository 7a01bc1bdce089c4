import type { PodIdentityAssociation, PodIdentityAssociationSummary } from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { podIdentityKey, podIdentityPlaceKey } from '../../../storage/records/keys.ts';
import type {
  PodIdentityAssociationRecord,
  PodIdentityPlaceRecord,
} from '../../../storage/records/podidentity.ts';
import type { Batch, Put } from '../../../storage/storage.ts';
import type { RandomSource } from '../../secrets.ts';
import { type Home, podIdentityArn } from '../arns.ts';
import { type PodIdentitySettings, settingsOf } from './settings.ts';

type Cluster = Pick<ClusterRecord, 'clusterId' | 'accountId' | 'region' | 'name'>;
type Subject = PodIdentityPlaceRecord;

const alphabetSize = 36;
const idLength = 17;

/** `a-` and 17 lower-case letters or digits (eks-access-facts J4), about 88 random bits. */
export function newAssociationId(random: Pick<RandomSource, 'uuid'>): string {
  const noise = BigInt(`0x${random.uuid().replaceAll('-', '')}`) % BigInt(alphabetSize) ** BigInt(idLength);
  return `a-${noise.toString(alphabetSize).padStart(idLength, '0')}`;
}

/**
 * The record with these settings. COMPAT: an association with a target role has an external id whether or not it has
 * session tags (J10).
 */
export function withSettings(
  { externalId: _before, targetRoleArn: _target, policy: _policy, ...record }: PodIdentityAssociationRecord,
  settings: PodIdentitySettings,
  cluster: Cluster,
): PodIdentityAssociationRecord {
  return {
    ...record,
    ...settings,
    ...(settings.targetRoleArn !== undefined && { externalId: externalIdOf(cluster, record) }),
  };
}

/** `REGION/ACCOUNT/CLUSTER/NAMESPACE/SERVICEACCOUNT` (J10) */
function externalIdOf({ region, accountId, name }: Cluster, { namespace, serviceAccount }: Subject): string {
  return [region, accountId, name, namespace, serviceAccount].join('/');
}

export function putAssociation({ clusterId }: Cluster, record: PodIdentityAssociationRecord): Put {
  const { namespace, serviceAccount } = record;
  const key = podIdentityKey(clusterId, namespace, serviceAccount);
  return { type: 'put', key, value: JSON.stringify(record) };
}

/** INVARIANT: the association and its place come and go together. */
export function creationOf(cluster: Cluster, record: PodIdentityAssociationRecord): Required<Batch> {
  const { associationId, namespace, serviceAccount } = record;
  const place: PodIdentityPlaceRecord = { namespace, serviceAccount };
  const placeKey = podIdentityPlaceKey(cluster.clusterId, associationId);
  const put = putAssociation(cluster, record);
  return {
    expect: [
      { key: put.key, revision: 0 },
      { key: placeKey, revision: 0 },
    ],
    changes: [put, { type: 'put', key: placeKey, value: JSON.stringify(place) }],
  };
}

/** J3. What an association does not have is not shown, but for tags. */
export function shownAssociation(
  context: Home,
  clusterName: string,
  record: PodIdentityAssociationRecord,
): PodIdentityAssociation {
  const { tags, createdAt, modifiedAt, externalId } = record;
  return {
    ...summaryOf(context, clusterName, record),
    ...settingsOf(record),
    tags: { ...tags },
    createdAt: new Date(createdAt),
    modifiedAt: new Date(modifiedAt),
    ...(externalId !== undefined && { externalId }),
  };
}

export function summaryOf(
  context: Home,
  clusterName: string,
  { namespace, serviceAccount, associationId, ownerArn }: PodIdentityAssociationRecord,
): PodIdentityAssociationSummary {
  return {
    clusterName,
    namespace,
    serviceAccount,
    associationArn: podIdentityArn(context, clusterName, associationId),
    associationId,
    ...(ownerArn !== undefined && { ownerArn }),
  };
}
