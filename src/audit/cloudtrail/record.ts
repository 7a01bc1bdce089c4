/** A CloudTrail record (record contents of management events, version 1.11), with the members we can fill. */
export interface CloudTrailRecord {
  readonly eventVersion: string;
  readonly userIdentity: UserIdentity;
  /** UTC, in whole seconds: when the call was answered. */
  readonly eventTime: string;
  /** `eks.amazonaws.com`; `entryway` for our own operations and notices. */
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: JsonRecord | null;
  /** Null for reads and refusals. */
  readonly responseElements: JsonRecord | null;
  /** Ours, under one name: what decided, and what else an investigator asks for. */
  readonly additionalEventData?: { readonly entryway: EntrywayData };
  readonly requestID?: string;
  /** Unique: no two records have one. */
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly RecordedResource[];
  /** `AwsServiceEvent` for what the trail tells of itself. */
  readonly eventType: 'AwsApiCall' | 'AwsServiceEvent';
  readonly managementEvent: true;
  /** The account whose trail the record belongs to. */
  readonly recipientAccountId: string;
  /** The same in the two records of a call that concerns two accounts. */
  readonly sharedEventID?: string;
  readonly eventCategory: 'Management';
  readonly tlsDetails?: { readonly clientProvidedHostHeader: string };
}

export type JsonRecord = Readonly<Record<string, unknown>>;

export interface RecordedResource {
  readonly ARN: string;
  readonly accountId?: string;
  /** `AWS::EKS::Cluster` */
  readonly type?: string;
}

/** Who called (CloudTrail userIdentity element). */
export interface UserIdentity {
  readonly type:
    | 'Root'
    | 'IAMUser'
    | 'AssumedRole'
    | 'FederatedUser'
    | 'WebIdentityUser'
    | 'AWSAccount'
    | 'AWSService'
    | 'Unknown';
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  /** Of a WebIdentityUser: who vouched. */
  readonly identityProvider?: string;
  /** Of an AWSService, and of a call that a service made with somebody's credentials. */
  readonly invokedBy?: string;
  readonly sessionContext?: {
    readonly sessionIssuer?: {
      readonly type: 'Role' | 'IAMUser' | 'Root';
      readonly principalId: string;
      readonly arn: string;
      readonly accountId: string;
      readonly userName?: string;
    };
    readonly webIdFederationData?: {
      readonly federatedProvider: string;
      readonly attributes: Readonly<Record<string, string>>;
    };
    readonly attributes: { readonly creationDate: string; readonly mfaAuthenticated: 'true' | 'false' };
    readonly sourceIdentity?: string;
  };
}

export interface EntrywayData {
  /** Absent where nothing had to be decided. */
  readonly decision?: {
    readonly action?: string;
    readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
    /** Which step of the evaluation decided: `identity`, `boundary`, `trust`, … */
    readonly step: string;
    /** The statements that decided. */
    readonly statements?: readonly RecordedStatement[];
    /** For an implicit deny: the nearest statements, with the first element that did not match. */
    readonly misses?: readonly (RecordedStatement & { readonly element: string })[];
  };
  /** Records that were lost before this one: how many, and between which times. */
  readonly lost?: { readonly count: number; readonly from: string; readonly to: string };
  /** Refused calls that were counted instead of recorded one by one. */
  readonly unrecordedRefusals?: { readonly count: number; readonly from: string; readonly to: string };
  /** A sealed chunk that was changed, or before which the chain is broken. */
  readonly damaged?: { readonly sequence: number; readonly what: 'chain' | 'chunk' };
  /** Sealed chunks that retention took away; the hash is of the last of them, which the oldest one left names. */
  readonly removed?: {
    readonly chunks: number;
    readonly records: number;
    readonly from: string;
    readonly to: string;
    readonly lastSequence: number;
    readonly lastSha256: string;
    readonly reason: 'age' | 'size';
  };
}

export interface RecordedStatement {
  /** Name of the policy. */
  readonly policy: string;
  /** `inline`, `managed`, `trust`, `boundary`, `session`, … */
  readonly policyType: string;
  readonly policyArn?: string;
  readonly sid?: string;
  /** From 0. */
  readonly index: number;
}
