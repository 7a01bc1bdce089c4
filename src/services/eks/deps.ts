import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { Put, Storage } from '../../storage/storage.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { RandomSource } from '../secrets.ts';
import type { NamedPrincipal } from './principals.ts';

/** What the EKS operations need from the rest of the server. */
export interface EksDeps {
  readonly storage: Storage;
  readonly random: RandomSource;
  /** The partition this server plays, e.g. `aws`. */
  readonly partition: string;
  readonly pageTokens: PageTokens;
  /** Below which clusters made from now on have their token issuers; absent: those of EKS's form (`records/issuer.ts`). */
  readonly oidcIssuerAddress?: string;
  /** URL of the cluster's Kubernetes API, as DescribeCluster shows it. */
  endpointOf(cluster: ClusterRecord): string;
  /** The CA of those endpoints: base64 of PEM. */
  certificateAuthorityData(): string;
  /** The default Kubernetes objects of a new cluster; stored in the batch that stores the cluster. */
  bootstrapChanges(clusterId: string, now: number): readonly Put[];
  /**
   * A second permission check inside an operation (`iam:PassRole`, iam-facts E14). Throws AccessDenied in AWS's
   * words; returning is the allow.
   */
  authorize(context: OperationContext, target: AuthorizationTarget): Promise<void>;
  /** Principals of AWS that this server's own IAM does not have; without it there are none. */
  readonly awsPrincipals?: AwsPrincipals;
}

/** Who there is in AWS, of the accounts whose identities this server believes. */
export interface AwsPrincipals {
  /** Never rejects. Asked only about a role or user that nobody here answers to. */
  find(named: NamedPrincipal): Promise<AwsPrincipalAnswer>;
}

export type AwsPrincipalAnswer =
  /** AWS's IAM has exactly this ARN. */
  | { readonly outcome: 'found'; readonly principalId: string }
  /** Nobody could say, and the operator lets such an entry wait for its principal's first use. */
  | { readonly outcome: 'awaited' }
  /** There is no such principal, or it is of no account that counts. */
  | { readonly outcome: 'none' }
  /** Nobody could say. `because` is one line without secrets. */
  | { readonly outcome: 'unknown'; readonly because: string; readonly isTemporary: boolean };

/**
 * A request's type with the members the model requires: the codec has refused requests without them, while the SDK
 * types them as possibly undefined.
 */
export type Given<Request, Members extends keyof Request> = Request & {
  readonly [Member in Members]-?: NonNullable<Request[Member]>;
};
