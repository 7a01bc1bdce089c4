import type { Question } from '../world/question.ts';

/**
 * One thing somebody did, or tried: what is left of a record of the trail, of CloudTrail or of a Kubernetes audit log when
 * only access counts.
 */
export interface AccessUse {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly who: {
    /** Of the role, for a session; absent for whoever did not come through IAM, or where the record does not tell. */
    readonly principalArn?: string;
    readonly principalId?: string;
    /** In the cluster. */
    readonly username?: string;
    readonly groups?: readonly string[];
    /** Somebody else acted under this name: whoever is called so did nothing. */
    readonly impersonated?: true;
  };
  readonly did:
    | {
        readonly kind: 'aws';
        /** `eks:DescribeCluster` */
        readonly action: string;
        /** ARNs, or `*`; empty where the record names none. */
        readonly resources: readonly string[];
      }
    | {
        readonly kind: 'kubernetes';
        /** ARN, or the name where the log knows no more; absent: the log does not tell. */
        readonly cluster?: string;
        readonly question: Question;
      };
  readonly allowed: boolean;
}
