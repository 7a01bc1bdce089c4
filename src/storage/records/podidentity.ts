/** What is stored of EKS Pod Identity (eks-access-facts J). JSON objects; times are epoch milliseconds. */

/** Which role the pods of a service account get (eks-access-facts J2, J3). A service account has one at most (J5). */
export interface PodIdentityAssociationRecord {
  /** `a-` and 17 lower-case letters or digits (J4). */
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** In the account of the cluster (J6). */
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Whether the session gets none of the six tags (J8). */
  readonly disableSessionTags: boolean;
  /** A role that `roleArn` assumes next, of any account: the credentials are its (J6). */
  readonly targetRoleArn?: string;
  /** What the target role is assumed with (J10). */
  readonly externalId?: string;
  /** Session policy, JSON text: of the target role where there is one, else of the role (J9). */
  readonly policy?: string;
  /** What made it, where that was not a person: an add-on. */
  readonly ownerArn?: string;
  readonly clientRequestToken?: string;
}

/** Where an association is, by its id. */
export interface PodIdentityPlaceRecord {
  readonly namespace: string;
  readonly serviceAccount: string;
}
