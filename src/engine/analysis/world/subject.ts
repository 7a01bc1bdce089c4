/**
 * Somebody who may be allowed something in a cluster. Two subjects are the same exactly where `subjectKey` is.
 */
export type ClusterSubject = IamSubject | KubernetesSubject;

/** An IAM principal, or the many that one mapping stands for. */
export interface IamSubject {
  readonly kind: 'iam';
  readonly type:
    | 'user'
    | 'role'
    | 'root'
    /** A session of GetFederationToken that aws-auth or a binding names; who issues it is not known. */
    | 'federatedUser'
    /** Roles that fit a matcher entry or an `sso` item and are not listed by name; `arn` is the pattern. */
    | 'rolePattern'
    /** Everybody of an account that aws-auth lets in (`mapAccounts`) and that is not listed by name; `arn` is the root's. */
    | 'account';
  /** With the path where it is known. */
  readonly arn: string;
  readonly accountId: string;
  /** '' where it is not known and for patterns. */
  readonly principalId: string;
  /**
   * `exists`: the snapshot has it. `unlisted`: it is named, and its account's IAM was not read, or not wholly. `missing`: its
   * account was read and has nobody of this ARN: nobody can be it now.
   */
  readonly standing: 'exists' | 'unlisted' | 'missing';
}

/** Somebody by name. Groups are also those of an OIDC provider, which knows their members. */
export interface KubernetesSubject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly name: string;
  /** Of service accounts; '' for the others. */
  readonly namespace: string;
}

/** `iam:ARN`, `User:NAME`, `Group:NAME`, `ServiceAccount:NAMESPACE/NAME`: one per subject. */
export function subjectKey(subject: ClusterSubject): string {
  switch (subject.kind) {
    case 'iam':
      return `iam:${subject.type === 'account' ? 'account ' : ''}${subject.arn}`;
    case 'User':
    case 'Group':
      return `${subject.kind}:${subject.name}`;
    case 'ServiceAccount':
      return `ServiceAccount:${subject.namespace}/${subject.name}`;
    default:
      return subject satisfies never;
  }
}
