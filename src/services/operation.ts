import type { Principal } from '../engine/iam/principal.ts';

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
}

/**
 * One AWS operation. Decoding, authentication, authorization and recording are done around it, once
 * (`gateway.ts`); a handler reads top to bottom: validate → store → answer. It throws `AwsError` to refuse.
 */
export interface Operation<Input = unknown, Output = unknown> {
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
  /** ARNs, or `*`. The request is allowed only if it is allowed on each. */
  readonly resources: readonly string[];
  /** What the denial text shows instead of `*` for wildcard-only actions (iam-facts G8). */
  readonly resourceInMessage?: string;
}

/** Operations of one service by their API name (`CreateAccessEntry`). */
export type Operations = Readonly<Record<string, Operation>>;

/** Ties a handler's types to its registration without a cast at every call site. */
export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation {
  return operation as Operation;
}
