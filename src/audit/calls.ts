import type { IamDecision } from '../engine/iam/decision.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { Put } from '../storage/storage.ts';

/** From where and how a call reached us. */
export interface CallSource {
  /** The peer's address: never a header, which anybody can write. */
  readonly sourceIp: string;
  readonly secureTransport: boolean;
  readonly userAgent?: string;
  readonly referer?: string;
  /** The `Host` header. */
  readonly host?: string;
}

/** One call of the AWS APIs, told once it is answered: what every record and every metric is made from. */
export interface Call {
  readonly requestId: string;
  /** `unknown` when the request could not be routed. */
  readonly service: string;
  readonly operation: string;
  /** `OK`, or the error's code. */
  readonly code: string;
  /** The error's text as it was answered. */
  readonly message?: string;
  readonly caller: Principal | undefined;
  /** Whom an identity provider vouches for, where there is no caller: proven, also where the role does not trust it. */
  readonly webIdentity?: WebIdentity;
  /** Whose trail takes it, where that is not the caller's account. */
  readonly recipientAccountId?: string;
  /** The access key the request named, also when its signature was refused: an id proves nothing by itself. */
  readonly accessKeyId?: string;
  readonly source: CallSource;
  readonly region: string;
  /** When it arrived: epoch milliseconds. */
  readonly at: number;
  /** Decoded, unredacted; absent when it could not be decoded or nobody vouched for it. */
  readonly input?: unknown;
  /** What was answered, unredacted; absent for errors. */
  readonly output?: unknown;
  /** Action and resources it was authorized on; absent for operations that need no permission. */
  readonly action?: string;
  readonly resources?: readonly string[];
  readonly decision?: IamDecision;
  /**
   * The service of AWS that made the call, by itself (there is no caller then) or with the credentials of the caller; the
   * call came from there, whatever `source` says.
   */
  readonly invokedBy?: string;
  /** What was thrown when the call failed through no fault of the client. */
  readonly fault?: unknown;
  readonly seconds: number;
}

/** What a proven token of an OIDC provider says. */
export interface WebIdentity {
  /** ARN of the provider. */
  readonly provider: string;
  readonly subject: string;
  readonly audience: string;
  readonly sourceIdentity?: string;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly transitiveTagKeys?: readonly string[];
}

/** What was asked of an authorizer, and its answer: what the record of a call tells of its decision. */
export type Judged = Required<Pick<Call, 'action' | 'resources' | 'decision'>>;

/** A call that a service of AWS made in the course of another, and that succeeded. */
export type MadeCall = Pick<Call, 'caller' | 'recipientAccountId' | 'decision'> &
  Required<Pick<Call, 'invokedBy' | 'service' | 'operation' | 'input' | 'output' | 'action' | 'resources'>>;

/** Where calls are recorded. */
export interface CallRecorder {
  /** What belongs into the very batch of a call that writes: its record (a mutation and its record are one commit). */
  recordOf(call: Call): readonly Put[];
  /** Every other call. Stored within moments, in batches; must not throw and never drops one in silence. */
  record(call: Call): void;
}
