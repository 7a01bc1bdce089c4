import type { Principal } from '../engine/iam/principal.ts';
import type { ParsedToken } from '../wire/token/parse.ts';

/** Judges tokens whose keys this server does not hold, by asking who does: AWS's STS (token-facts 5, 6). */
export interface RemoteCallers {
  /**
   * Whose token it is. `clusterName` is what must have been signed as `x-k8s-aws-id`, `now` epoch milliseconds. The token
   * has passed every check that needs no key (`verifyToken`). Never rejects.
   */
  callerOf(token: ParsedToken, clusterName: string, now: number): Promise<RemoteVerdict>;
}

export type RemoteVerdict =
  | { readonly outcome: 'known'; readonly principal: Principal }
  /** STS has judged the request, or this server does not believe what it says: no identity. */
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string }
  /** Nobody could say. Never a refusal: `throttled` asks the API server to come back. */
  | {
      readonly outcome: 'unavailable';
      readonly code: string;
      readonly message: string;
      readonly throttled?: true;
    };
