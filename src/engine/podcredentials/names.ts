/**
 * What the pod identity webhook of EKS reads and writes (eks-access-facts I7, I8, J20): names that annotations, containers
 * and volumes have.
 */

/** Of a service account: the role its pods may become (IRSA). */
export const roleAnnotation = 'eks.amazonaws.com/role-arn';
/** Of a service account: whom the tokens of its pods are for, instead of `sts.amazonaws.com`. */
export const audienceAnnotation = 'eks.amazonaws.com/audience';
/** Of a service account: `true` or `false`, AWS_STS_REGIONAL_ENDPOINTS. */
export const regionalEndpointsAnnotation = 'eks.amazonaws.com/sts-regional-endpoints';
/** Of a service account or a pod, which goes first: seconds that a token lives. */
export const tokenExpirationAnnotation = 'eks.amazonaws.com/token-expiration';
/** Of a pod: names of containers that get nothing, with commas between them. */
export const skipContainersAnnotation = 'eks.amazonaws.com/skip-containers';

/** Whom tokens are for that STS takes (I5). */
export const stsAudience = 'sts.amazonaws.com';
/** Whom tokens are for that EKS Auth takes, and the service that trust policies name (J7, J14). */
export const podIdentityAudience = 'pods.eks.amazonaws.com';

/** What a service account says; everything else about it is no matter here. */
export const accountAnnotations: readonly string[] = [
  roleAnnotation,
  audienceAnnotation,
  regionalEndpointsAnnotation,
  tokenExpirationAnnotation,
];

/** The name of EKS's webhook in its configuration; audit annotations of a webhook begin with its name. */
export const injectorName = 'iam-for-pods.amazonaws.com';
/** A pod with this label is not looked at, whatever its value: the object selector of EKS's webhook. */
export const skipLabel = 'eks.amazonaws.com/skip-pod-identity-webhook';
/** What the pods of an association are marked with, value `enabled` (J20). */
export const podIdentityLabel = 'eks.amazonaws.com/pod-identity';

/** Where pods of EKS reach the agent (J17). */
export const agentUri = 'http://169.254.170.23/v1/credentials';
/** The same in clusters whose pods have IPv6 addresses only. */
export const agentUriIpv6 = 'http://[fd00:ec2::23]/v1/credentials';

/** Where a mechanism keeps its token (I8, J20). */
export const tokenVolumes = {
  webIdentity: {
    name: 'aws-iam-token',
    mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    file: 'token',
  },
  podIdentity: {
    name: 'eks-pod-identity-token',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    file: 'eks-pod-identity-token',
  },
} as const;
