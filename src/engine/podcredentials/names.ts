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
