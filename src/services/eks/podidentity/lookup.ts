import { emptyContext } from '../../../engine/iam/request.ts';
import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { clusterKey, podIdentityKey, podIdentityPlaceKey } from '../../../storage/records/keys.ts';
import type {
  PodIdentityAssociationRecord,
  PodIdentityPlaceRecord,
} from '../../../storage/records/podidentity.ts';
import type { Storage } from '../../../storage/storage.ts';
import { resourceWithKeys } from '../../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../../operation.ts';
import { podIdentityArn } from '../arns.ts';
import { ownTagKeys } from '../entrykeys.ts';
import { type Found, findCluster, foundRecord } from '../lookup.ts';
import { invalidParameter, noSuchPodIdentity } from '../refusals.ts';

export type FoundAssociation = Found<PodIdentityAssociationRecord>;

/** The association that has this id now; undefined for an id that none has. */
export async function associationById(
  storage: Pick<Storage, 'get'>,
  clusterId: string,
  associationId: string,
): Promise<FoundAssociation | undefined> {
  const place = await storage.get(podIdentityPlaceKey(clusterId, associationId));
  if (place === undefined) return undefined;
  const { namespace, serviceAccount } = JSON.parse(place.value) as PodIdentityPlaceRecord;
  const stored = await storage.get(podIdentityKey(clusterId, namespace, serviceAccount));
  const found = stored && foundRecord<PodIdentityAssociationRecord>(stored);
  // Between the two reads it may have made place for another one.
  return found?.record.associationId === associationId ? found : undefined;
}

/** Of every id: `a-` and 17 letters or digits (eks-access-facts J4). */
const idLength = 19;

/** Throws for what is no id, then F21, then that there is no such association. */
export async function findAssociation(
  storage: Storage,
  context: OperationContext,
  clusterName: string,
  associationId: string,
): Promise<{ readonly cluster: Found<ClusterRecord>; readonly association: FoundAssociation }> {
  // COMPAT: the text is reported (aws-samples/eks-workshop-v2 issue 882); that it comes first is our reading of F36.
  if (associationId.length !== idLength) {
    throw invalidParameter(`The parameter associationId should be ${idLength} characters long.`, clusterName);
  }
  const cluster = await findCluster(storage, context, clusterName);
  const association = await associationById(storage, cluster.record.clusterId, associationId);
  if (association === undefined) throw noSuchPodIdentity(clusterName, associationId);
  return { cluster, association };
}

/** Authorization on an association, with its tags where it exists (eks-access-facts E6). Its ARN is known from the request. */
export async function onAssociation(
  action: string,
  storage: Storage,
  context: OperationContext,
  clusterName: string,
  associationId: string,
): Promise<AuthorizationTarget> {
  const cluster = await storage.get(clusterKey(context.caller.accountId, context.region, clusterName));
  const association =
    cluster &&
    (await associationById(storage, foundRecord<ClusterRecord>(cluster).record.clusterId, associationId));
  const tags = association === undefined ? emptyContext : ownTagKeys(association.record.tags);
  return {
    action,
    resources: [resourceWithKeys(podIdentityArn(context, clusterName, associationId), tags)],
  };
}
