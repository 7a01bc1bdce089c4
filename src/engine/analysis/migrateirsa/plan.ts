import type { Gap } from '../snapshot/snapshot.ts';

/**
 * What takes the place of the annotations of a cluster's service accounts (IRSA): associations of Pod Identity. Plain data:
 * what it is carried out from, by hand or by program. There are two steps, with a restart of the Pods between them: first
 * associations beside everything that is there, then the annotations and what trust policies needed for them go.
 */
export interface IrsaPlan {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  /** One for each service account that moves, in the order of the service accounts. */
  readonly associations: readonly PlannedAssociation[];
  /** One for each role that the associations give. */
  readonly roles: readonly PlannedRole[];
  /** Every annotated service account, and every other one that has a role by its tokens. */
  readonly accounts: readonly AccountOutcome[];
  /** What a reader must know beside the proof. */
  readonly notes: readonly IrsaNote[];
  readonly incomplete: readonly Gap[];
}

export interface PlannedAssociation {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  /** Whether it is there already and is as planned: then its annotation alone is to go. */
  readonly isThere: boolean;
}

export interface PlannedRole {
  readonly roleArn: string;
  readonly roleName: string;
  /** The trust policy as it is, as one line of JSON. */
  readonly before: string;
  /** With what Pod Identity needs, beside all that was there; the same as `before` where it needs nothing. */
  readonly prepared: string;
  /** Without the statements that the tokens of the moved service accounts needed, as far as nobody else needs them. */
  readonly finished: string;
  /** Why statements for tokens of this cluster stay in `finished`; empty: none does. */
  readonly kept: readonly string[];
}

/** What becomes of one service account. */
export interface AccountOutcome {
  readonly namespace: string;
  readonly name: string;
  readonly roleArn: string;
  /**
   * `moves`: an association takes the place of the annotation. `already`: it has one, and only the annotation is to go.
   * `nothing`: the annotation gives nothing today, and nothing takes its place. `stays`: it has the role by its tokens, and
   * goes on with that.
   */
  readonly outcome: 'moves' | 'already' | 'nothing' | 'stays';
  /** Stable code of `nothing` and `stays`. */
  readonly code?: AccountCode;
  /** In our message style. */
  readonly why?: string;
  /** What to do instead. */
  readonly instead?: string;
}

export type AccountCode =
  | 'otherAssociation'
  | 'notTrusted'
  | 'otherAccount'
  | 'roleNotRead'
  | 'issuerUnknown'
  | 'ownConditions'
  | 'fargate'
  | 'trustTooLong'
  | 'formerPrincipal'
  | 'refusedStill'
  | 'notAnnotated';

export interface IrsaNote {
  readonly code:
    | 'nothingToDo'
    | 'agent'
    | 'sdk'
    | 'resourcePolicies'
    | 'windows'
    | 'fargateProfiles'
    | 'audience'
    | 'ownRole'
    | 'otherRoles'
    | 'quota'
    | 'accountUnknown'
    | 'restart'
    | 'kept';
  readonly message: string;
}

/** Associations a cluster can have (eks-access-facts J11). */
export const mostAssociations = 5000;

/** Characters of a trust policy without white space (iam-facts A12); AWS raises it to 4,096 when asked. */
export const mostTrustCharacters = 2048;
