import account from './managedpolicies/account.json' with { type: 'json' };
import audit from './managedpolicies/audit.json' with { type: 'json' };
import eks from './managedpolicies/eks.json' with { type: 'json' };
import nodes from './managedpolicies/nodes.json' with { type: 'json' };
import servicelinked from './managedpolicies/servicelinked.json' with { type: 'json' };

/** An AWS-managed policy as published: facts, kept as data. Times are what the IAM API reports. */
export interface ManagedPolicyData {
  readonly name: string;
  readonly path: string;
  /** ANPA…; absent where no public record of it was at hand. */
  readonly policyId?: string | undefined;
  readonly version: string;
  readonly created: string;
  readonly updated: string;
  /** Absent where no English original was at hand. */
  readonly description?: string | undefined;
  /**
   * How many independent public recordings of the IAM API agree on version and document (as of October 2026). Of those
   * that change every few weeks only the newer recording has the latest version.
   */
  readonly records: number;
  /** Of a document of version 2012-10-17. */
  readonly statements: readonly object[];
}

/**
 * What people attach to use EKS, IAM, STS and CloudTrail, what nodes and controllers run under, what auditors get, and
 * the policies of EKS's service-linked roles.
 */
export const managedPolicyData: readonly ManagedPolicyData[] = [
  ...account,
  ...audit,
  ...eks,
  ...nodes,
  ...servicelinked,
];
