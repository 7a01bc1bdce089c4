import type { Decision } from '../../authorizer/decision.ts';
import type { IamDecision } from '../../iam/decision.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { ProposedChange } from './proposedchange.ts';

/** A walk from credential to decision: the steps in their order up to the one that failed, and what would change that. */
export interface Explanation {
  readonly allowed: boolean;
  readonly steps: readonly ExplainStep[];
  /** What would allow exactly this, the one that adds least first; empty where it is allowed or nothing we know helps. */
  readonly changes: readonly ProposedChange[];
  readonly incomplete: readonly Gap[];
}

export interface ExplainStep {
  /** The first three and the last of a request; those between of a pod that calls AWS. */
  readonly step:
    | 'credential'
    | 'caller'
    | 'identity'
    | 'pod'
    | 'mechanism'
    | 'injection'
    | 'role'
    | 'provider'
    | 'trust'
    | 'target'
    | 'session'
    | 'decision';
  /** `notReached`: an earlier step failed. `notVerified`: nothing here can tell; the walk goes on. */
  readonly outcome: 'passed' | 'failed' | 'notVerified' | 'notReached';
  /** Stable, of the decider that answered: `noMapping`, `recreatedPrincipal`, `accessPolicy`, `nothing` … */
  readonly code: string;
  /** One line in our message style. */
  readonly message: string;
  /** What came nearest, nearest first. */
  readonly misses: readonly ExplainMiss[];
  /** What to do next; every failed step has one. */
  readonly hint?: string;
  readonly evidence?: StepEvidence;
}

export interface ExplainMiss {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export type StepEvidence =
  | {
      readonly kind: 'identity';
      readonly username: string;
      readonly uid: string;
      readonly groups: readonly string[];
      /** Of a role whose name depends on it; `SESSION` stands for any. */
      readonly sessionName?: string;
      readonly mappedBy?: { readonly source: string; readonly arn: string };
    }
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'iam'; readonly decision: IamDecision };
