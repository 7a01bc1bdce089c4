/** What is stored of connected clusters and of who is shut out. JSON objects; times are epoch milliseconds. */

/** How this server reaches a connected cluster's API to follow what it has to know. */
export interface ClusterConnectionRecord {
  /** `https://HOST:PORT`, with a path where the API server is behind one. */
  readonly server: string;
  /** Base64 of PEM. */
  readonly certificateAuthorityData: string;
  readonly tlsServerName?: string;
  /** JSON of `ClusterCredential`, sealed for the cluster's id. */
  readonly sealedCredential: string;
  /** As far as the credential says so itself. */
  readonly credentialExpiresAt?: number;
  readonly savedAt: number;
}

/** A bearer token, or a client certificate with its key (PEM). */
export type ClusterCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string };

/** A client certificate with which a connected cluster's API server calls the webhooks. The key is not ours. */
export interface WebhookCredentialRecord {
  /** Hex, lower case. */
  readonly serialNumber: string;
  readonly clusterId: string;
  /** SHA-256 of the DER certificate, hex. */
  readonly fingerprint: string;
  readonly description: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly revokedAt?: number;
}

/** The last aws-auth of a cluster that was good, key by key: what strict mode serves while the present one is not. */
export interface AwsAuthGoodRecord {
  /** Of the store, when the aws-auth it was kept beside was written: it is served beside no other (`access/awsauthkeeper.ts`). */
  readonly revision: number;
  readonly mapRoles?: string;
  readonly mapUsers?: string;
  readonly mapAccounts?: string;
}

/** Who is shut out. `target` is what the operator named, in the form in which it is compared. */
export interface BlockRecord {
  readonly blockId: string;
  readonly kind: 'principalArn' | 'principalId' | 'session' | 'accessKey';
  readonly target: string;
  /** Exclusive; absent: until it is deleted. */
  readonly until?: number;
  readonly reason: string;
  readonly createdAt: number;
  readonly createdBy: string;
}

/** A role that came in by a matcher entry: how it was seen first. */
export interface MatchedRoleRecord {
  readonly principalArn: string;
  readonly principalId: string;
  readonly seenAt: number;
}
