/**
 * What is asked, in Kubernetes' words (kubernetes-facts A, B). Built from an HTTP request (RequestInfo) or from a
 * SubjectAccessReview; every authorizer reads the same value.
 */
export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface ResourceAttributes {
  readonly kind: 'resource';
  readonly user: UserInfo;
  /** Lower case: get, list, watch, create, update, patch, delete, deletecollection, or a synthetic verb (A13). */
  readonly verb: string;
  /** '' is the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  /** '' for none. */
  readonly subresource: string;
  /** '' at cluster scope. */
  readonly namespace: string;
  /** '' when the request names no object. */
  readonly name: string;
}

export interface NonResourceAttributes {
  readonly kind: 'nonResource';
  readonly user: UserInfo;
  readonly verb: string;
  /** As sent, undecoded. */
  readonly path: string;
}

export type Attributes = ResourceAttributes | NonResourceAttributes;

/** Extra key under which the authenticator reports the principal id; access policies match on it (eks-access-facts C12). */
export const principalIdExtraKey = 'sigs.k8s.io/aws-iam-authenticator/principalId';
