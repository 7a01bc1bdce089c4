import type { IamDecision } from '../../iam/decision.ts';
import type { Certainty, RoleSession } from '../iamworld/answer.ts';
import type { SnapshotPodIdentityAssociation } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { ReachCondition, ReachEvidence } from './step.ts';

/** A service account by name, whether it exists or not. */
export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** One way from the pods of a service account to credentials of a role. */
export interface WorkloadRole {
  readonly cluster: ClusterWorld;
  readonly account: AccountName;
  readonly mechanism: 'irsa' | 'podIdentity';
  /** Whose credentials the pods get. */
  readonly role: IamSubject;
  /**
   * Whether they get them. `always`: whatever the open part of the request is. `sometimes`: only where `conditions` hold,
   * which the snapshot does not tell. `never`: `refusal` tells why the association or the annotation is of no use.
   */
  readonly certainty: Certainty;
  /** Of `sometimes`, else none. */
  readonly conditions: readonly ReachCondition[];
  /** The permissions it takes, each with the decision that gives it; of `never` those before the refusal. */
  readonly evidence: readonly ReachEvidence[];
  readonly refusal?: WorkloadRefusal;
  /** What they are allowed with: `IamWorld.ask({ subject: role, session, action, resource })`. */
  readonly session: RoleSession;
  /**
   * Whether containers are told to ask for these credentials, as far as is known: by EKS's webhook, one role at most
   * (eks-access-facts J20). Where not, a pod must ask for a token by itself.
   */
  readonly isDelivered: boolean;
  /** Of `podIdentity`; absent: no association is known, and there may be one. */
  readonly association?: SnapshotPodIdentityAssociation;
  /** The role of an association that has a target: the pods never get credentials of this one. */
  readonly via?: IamSubject;
  /** Of `irsa`. */
  readonly token?: WorkloadToken;
}

/** The token that is shown for a role. */
export interface WorkloadToken {
  /** ARN of the provider; absent: none is known. */
  readonly provider?: string;
  /** Whom it is for; absent: somebody the provider takes, who is not known. */
  readonly audience?: string;
  /** Whether the service account's annotation names the role. */
  readonly isAnnotated: boolean;
}

/** Why an association or an annotation gives nothing; stable codes, the message in our style. */
export interface WorkloadRefusal {
  readonly code: /** IAM does not allow `decision.action`: see `decision`. */
    | 'notAllowed'
    /** The account was read, and has no such role. */
    | 'missingRole'
    /** Pod Identity gives roles of the cluster's account alone (eks-access-facts J6). */
    | 'otherAccount'
    /** What is annotated is no ARN of a role. */
    | 'notARole'
    /** The account of the role has no OIDC provider for the cluster's issuer. */
    | 'missingProvider'
    /** The provider does not take tokens for the audience that pods are given. */
    | 'otherAudience'
    /** The role trusts no provider of the cluster's issuer. */
    | 'otherIssuer';
  readonly message: string;
  /** Of `notAllowed`. */
  readonly asked?: { readonly action: string; readonly resource: string; readonly decision: IamDecision };
}

/** Names that something which is not listed may have and would get the role by: `*` and `?` stand for what they do in policies. */
export interface WorkloadPattern {
  readonly cluster: ClusterWorld;
  readonly mechanism: WorkloadRole['mechanism'];
  readonly namespace: string;
  readonly name: string;
  /** One of the names, with what the engine says of it. */
  readonly example: WorkloadRole;
}
