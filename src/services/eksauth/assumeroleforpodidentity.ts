import { podIdentityAudience } from '../../engine/podcredentials/names.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterKey, podIdentityKey } from '../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../storage/records/podidentity.ts';
import { podIdentityArn } from '../eks/arns.ts';
import { onCluster } from '../eks/lookup.ts';
import { defineOperation, type Operation, type OperationContext } from '../operation.ts';
import type { EksAuthDependencies, PodSubject } from './dependencies.ts';
import { invalidParameter, noAssociation, noSuchCluster, refuseToken } from './refusals.ts';
import { assumeRoleForPod } from './rolesforpods.ts';

interface Input {
  readonly clusterName: string;
  readonly token: string;
}

/** eks-access-facts J14. */
interface Output {
  readonly subject: { readonly namespace: string; readonly serviceAccount: string };
  readonly audience: typeof podIdentityAudience;
  readonly podIdentityAssociation: { readonly associationArn: string; readonly associationId: string };
  readonly assumedRoleUser: { readonly arn: string | undefined; readonly assumeRoleId: string | undefined };
  readonly credentials: {
    readonly accessKeyId: string | undefined;
    readonly secretAccessKey: string | undefined;
    readonly sessionToken: string | undefined;
    readonly expiration: Date | undefined;
  };
}

/**
 * Credentials for a pod, asked for by the agent of its node (eks-access-facts J13): may the node ask, whose token is it,
 * which role is associated, may EKS have that role. Cluster, association and role are read for every call.
 *
 * COMPAT: so a changed association counts from the next call on; in AWS after some seconds (J12). And like there a token can
 * be used by every caller that may ask for this cluster, until it ends or its pod is gone.
 */
export function createAssumeRoleForPodIdentity(dependencies: EksAuthDependencies): Operation {
  const { storage } = dependencies;
  return defineOperation<Input, Output>({
    authorization: ({ clusterName }, context) =>
      onCluster('eks-auth:AssumeRoleForPodIdentity', storage, context, clusterName),
    async handle({ clusterName, token }, context) {
      refuseMalformed(clusterName, token);
      const cluster = await requireCluster(dependencies, context, clusterName);
      const subject = await requireSubject(dependencies, cluster, token, context.now);
      const association = await requireAssociation(dependencies, cluster, subject);
      const issued = await assumeRoleForPod(dependencies, { cluster, association, subject }, context);
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = issued.Credentials;
      return {
        subject: { namespace: subject.namespace, serviceAccount: subject.serviceAccount },
        audience: podIdentityAudience,
        podIdentityAssociation: {
          associationArn: podIdentityArn(context, clusterName, association.associationId),
          associationId: association.associationId,
        },
        assumedRoleUser: {
          arn: issued.AssumedRoleUser.Arn,
          assumeRoleId: issued.AssumedRoleUser.AssumedRoleId,
        },
        credentials: {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: SessionToken,
          expiration: Expiration,
        },
      };
    },
  });
}

/** The patterns of the service model. SECURITY: what may be a credential is not quoted. */
function refuseMalformed(clusterName: string, token: string): void {
  if (!/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(clusterName)) {
    throw invalidParameter(
      'The parameter clusterName must have 1 to 100 characters and conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9\\-_]*"',
    );
  }
  if (!/^[A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]+$/.test(token)) {
    throw invalidParameter('The parameter token must be a JSON web token');
  }
}

/** A cluster of the caller's account and region. */
async function requireCluster(
  { storage }: EksAuthDependencies,
  { caller, region }: OperationContext,
  name: string,
): Promise<ClusterRecord> {
  const stored = await storage.get(clusterKey(caller.accountId, region, name));
  if (stored === undefined) throw noSuchCluster(name);
  return JSON.parse(stored.value) as ClusterRecord;
}

async function requireSubject(
  { verifyPodToken }: EksAuthDependencies,
  cluster: ClusterRecord,
  token: string,
  now: number,
): Promise<PodSubject> {
  const answer = await verifyPodToken(cluster, token, podIdentityAudience, now);
  return answer.outcome === 'verified' ? answer.subject : refuseToken(cluster.name, answer);
}

async function requireAssociation(
  { storage }: EksAuthDependencies,
  { clusterId }: ClusterRecord,
  { namespace, serviceAccount }: PodSubject,
): Promise<PodIdentityAssociationRecord> {
  const stored = await storage.get(podIdentityKey(clusterId, namespace, serviceAccount));
  if (stored === undefined) throw noAssociation();
  return JSON.parse(stored.value) as PodIdentityAssociationRecord;
}
