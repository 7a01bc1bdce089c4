import { emptyContext } from '../../engine/iam/request.ts';
import { podIdentityAudience } from '../../engine/podcredentials/names.ts';
import type { PodSubject } from '../../engine/podcredentials/podtoken.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { podIdentityKey } from '../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../storage/records/podidentity.ts';
import { resourceWithKeys } from '../conditionkeys.ts';
import { clusterArn, podIdentityArn } from '../eks/arns.ts';
import { ownTagKeys } from '../eks/entrykeys.ts';
import { defineOperation, type Operation, type OperationContext } from '../operation.ts';
import type { EksAuthDependencies } from './dependencies.ts';
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
 * which role is associated, may EKS have that role. What is remembered of cluster and role is what is stored.
 *
 * COMPAT: so a changed association counts from the next call on; in AWS after some seconds (J12). And like there a token can
 * be used by every caller that may ask for this cluster, until it ends or its pod is gone.
 */
export function createAssumeRoleForPodIdentity(dependencies: EksAuthDependencies): Operation {
  const clusterOf = ({ caller, region }: OperationContext, name: string) =>
    dependencies.findCluster(caller.accountId, region, name);
  return defineOperation<Input, Output>({
    authorization({ clusterName }, context) {
      const cluster = clusterOf(context, clusterName);
      const tags = cluster === undefined ? emptyContext : ownTagKeys(cluster.tags);
      const resource = resourceWithKeys(clusterArn(context, clusterName), tags);
      return { action: 'eks-auth:AssumeRoleForPodIdentity', resources: [resource] };
    },
    async handle({ clusterName, token }, context) {
      refuseMalformed(clusterName, token);
      const cluster = clusterOf(context, clusterName);
      if (cluster === undefined) throw noSuchCluster(clusterName);
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

async function requireSubject(
  { verifyPodToken }: EksAuthDependencies,
  cluster: ClusterRecord,
  token: string,
  now: number,
): Promise<PodSubject> {
  const answer = await verifyPodToken(cluster, token, podIdentityAudience, now);
  return answer.outcome === 'verified' ? answer.subject : refuseToken(cluster.name, answer, now);
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
