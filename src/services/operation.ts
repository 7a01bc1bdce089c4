import type { CallSource, Judged, MadeCall, WebIdentity } from '../audit/calls.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { RequestContext } from '../engine/iam/request.ts';
import type { Batch } from '../storage/storage.ts';

/** What every operation is told about the call it serves. */
export interface OperationContext {
  /** Whose verified signature the request carries. */
  readonly caller: Principal;
  readonly partition: string;
  /** Region of the credential scope: where regional resources live. */
  readonly region: string;
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly source: CallSource;
  /** Aborted when nobody waits for the answer any more; absent where that cannot be known. For operations that take long. */
  readonly signal?: AbortSignal;
  /**
   * The one way an operation writes: stores the batch and the record of this call in one durable commit, and resolves
   * with `output`, which is what the call answers. Rejects with `RevisionConflictError`, storing neither, when an
   * expectation of the batch does not hold.
   */
  commit<Output>(batch: Batch, output: Output): Promise<Output>;
  /**
   * Tells the record what decided this call; the last one told counts. For operations that authorize themselves.
   * SECURITY: the record is read by the caller's account: what the policies of another account say is not for it.
   */
  judged(judged: Judged): void;
  /** Tells the record whom a token speaks for, once it is proven. For operations that nobody signs. */
  vouched(identity: WebIdentity): void;
  /** Tells of a call that the service made by itself: it has a record of its own once this one has succeeded. */
  made(call: MadeCall): void;
}

/**
 * One AWS operation. Decoding, authentication, authorization and recording are done around it, once
 * (`gateway.ts`); a handler reads top to bottom: validate → store → answer. It throws `AwsError` to refuse.
 */
export interface Operation<Input = unknown, Output = unknown> {
  readonly unsigned?: never;
  /**
   * The IAM action and the resources it is authorized on, in the order AWS checks them. `['*']` for actions without
   * a resource. `undefined` for operations nobody needs permission for (iam-facts E13) or that authorize themselves
   * (AssumeRole, judged by the trust policy).
   */
  authorization(
    input: Input,
    context: OperationContext,
  ): AuthorizationTarget | undefined | Promise<AuthorizationTarget | undefined>;
  handle(input: Input, context: OperationContext): Promise<Output>;
}

export interface AuthorizationTarget {
  /** `eks:CreateAccessEntry` */
  readonly action: string;
  /** The request is allowed only if it is allowed on each. */
  readonly resources: readonly TargetResource[];
  /** Condition keys that the call itself carries: `eks:policyArn`, `aws:RequestTag/team` (iam-facts F.4). */
  readonly context?: RequestContext;
  /** What the denial text shows instead of `*` for wildcard-only actions (iam-facts G8). */
  readonly resourceInMessage?: string;
}

/** What an operation that nobody signs is told: there is no caller, it must find out by itself whom to believe. */
export type UnsignedContext = Omit<OperationContext, 'caller'>;

/**
 * An operation whose credential is in its input (AssumeRoleWithWebIdentity). A signature on it is not looked at.
 * SECURITY: `handle` is reached by anybody who can connect.
 */
export interface UnsignedOperation<Input = unknown, Output = unknown> {
  readonly unsigned: true;
  handle(input: Input, context: UnsignedContext): Promise<Output>;
}

/** An ARN, or `*`; with the condition keys of that very resource (`aws:ResourceTag/team`) where it has any. */
export type TargetResource = string | { readonly arn: string; readonly context: RequestContext };

/** The ARN of a target's resource, or `*`. */
export function arnOf(resource: TargetResource): string {
  return typeof resource === 'string' ? resource : resource.arn;
}

/** Operations of one service by their API name (`CreateAccessEntry`). */
export type Operations = Readonly<Record<string, Operation | UnsignedOperation>>;

/** Ties a handler's types to its registration without a cast at every call site. */
export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation {
  return operation as Operation;
}

export function defineUnsignedOperation<Input, Output>(
  operation: UnsignedOperation<Input, Output>,
): UnsignedOperation {
  return operation as UnsignedOperation;
}
