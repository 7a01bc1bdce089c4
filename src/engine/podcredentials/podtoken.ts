/** Whom a pod's token speaks for: everything the session of its role is named and tagged by (eks-access-facts J8, J16). */
export interface PodSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: { readonly name: string; readonly uid: string };
}

/** What is found of a token that is said to be a pod's. */
export type PodTokenAnswer =
  /** All of them names as Kubernetes has them. */
  | { readonly outcome: 'verified'; readonly subject: PodSubject }
  /** Good until then, in epoch milliseconds: what its issuer has signed. */
  | { readonly outcome: 'expired'; readonly at: number }
  /** `because` says which check failed, in a fragment without anything of the token. */
  | { readonly outcome: 'refused'; readonly because: string }
  /** No token of this cluster can be judged as things are set up. */
  | { readonly outcome: 'unconfigured'; readonly missing: 'tokenIssuer' | 'outboundIssuers' }
  /** Nobody can say now. */
  | { readonly outcome: 'unavailable'; readonly because: string };
