import type { Decision } from '../../authorizer/decision.ts';
import type { IamDecision } from '../../iam/decision.ts';
import type { IamCondition } from '../iamworld/answer.ts';
import type { Question } from '../world/question.ts';
import type { ReachNode } from './node.ts';

/**
 * How one becomes somebody else; stable.
 * IAM: `assumeRole`, `webIdentity` and `podIdentity` (a service account's token for a role), `passRole` (a role handed to a
 * service that runs the caller's code), `useRunning` (code or commands where a role is at work), `updateTrust`,
 * `createAccessKey`, `setPassword`, `federate` (a session of GetFederationToken), `administerIam` (gives itself more of IAM
 * than it has, or takes its boundary away, and so becomes somebody), `accountRoot`.
 * EKS and ours: `associateAccessPolicy` (own entry), `createAccessEntry` (with a policy), `entryGroups`, `entryUsername`
 * (own entry made or changed), `identityProvider` (one of its own, which says who is who), `breakGlass`, `changeAccessPolicy` (a policy of the account that the own entry has),
 * `replaceConnection` (aws-auth of a connected cluster read from elsewhere), `setClusterIssuer` (keys of its own for the
 * tokens of a connected cluster, perhaps under the issuer of an OIDC provider that it makes).
 * Kubernetes: `createToken`, `runWorkload`, `changeWorkload`, `execInPod`, `tokenSecret`, `impersonate`, `bindRole`,
 * `escalateRole`, `writeAwsAuth`, `kubelet`, `takeNode` (a Pod of its own
 * becomes the node it runs on), `nodePods` (a node's Pods and their tokens), `nodeRole` (by a node, or by a Pod in its network), `certificate`, `admission`, `actAsAdmin` (an administrator as anybody).
 */
export type StepCode =
  | 'assumeRole'
  | 'webIdentity'
  | 'podIdentity'
  | 'passRole'
  | 'useRunning'
  | 'updateTrust'
  | 'createAccessKey'
  | 'setPassword'
  | 'federate'
  | 'administerIam'
  | 'accountRoot'
  | 'associateAccessPolicy'
  | 'createAccessEntry'
  | 'entryGroups'
  | 'entryUsername'
  | 'identityProvider'
  | 'breakGlass'
  | 'changeAccessPolicy'
  | 'replaceConnection'
  | 'setClusterIssuer'
  | 'createToken'
  | 'runWorkload'
  | 'changeWorkload'
  | 'execInPod'
  | 'tokenSecret'
  | 'impersonate'
  | 'bindRole'
  | 'escalateRole'
  | 'writeAwsAuth'
  | 'kubelet'
  | 'takeNode'
  | 'nodePods'
  | 'nodeRole'
  | 'certificate'
  | 'admission'
  | 'actAsAdmin';

/** One step: `from` can become `to`. */
export interface ReachStep {
  readonly code: StepCode;
  readonly from: ReachNode;
  readonly to: ReachNode;
  /** What somebody does, in our message style: `assumes role \`arn:…\``. Names are as they are: `printable()` them. */
  readonly message: string;
  /** `sometimes`: only where `conditions` hold, which the snapshot does not tell. */
  readonly certainty: 'always' | 'sometimes';
  /** Of `sometimes`, else none. */
  readonly conditions: readonly ReachCondition[];
  /** The permissions it takes, each with the decision that gives it. */
  readonly evidence: readonly ReachEvidence[];
}

/** `assumption`: something outside the snapshot, told in our message style: `a pod of the service account runs`. */
export type ReachCondition = IamCondition | { readonly kind: 'assumption'; readonly message: string };

export type ReachEvidence =
  | {
      readonly kind: 'iam';
      readonly action: string;
      readonly resource: string;
      readonly decision: IamDecision;
    }
  | {
      readonly kind: 'kubernetes';
      readonly clusterArn: string;
      readonly question: Question;
      readonly decision: Decision;
    };

/** How `from` becomes one of the targets: at least one step, each from where the one before led. */
export interface ReachChain {
  readonly from: ReachNode;
  readonly steps: readonly [ReachStep, ...ReachStep[]];
  /** `sometimes` where one of the steps is. */
  readonly certainty: 'always' | 'sometimes';
}
