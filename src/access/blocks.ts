import type { UserInfo } from '../engine/authorizer/attributes.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { BlockRecord } from '../storage/records/connections.ts';

/** Who is shut out of this server at once, whatever else allows (docs/compat.md, extensions). */
export interface Blocks {
  /** The block that holds for the caller; `now` is epoch milliseconds. */
  of(principal: Principal, now: number): BlockRecord | undefined;
  /** The same for a user of a cluster, by what authentication put into `extra` and `principal`. */
  ofUser(user: Pick<UserInfo, 'extra' | 'principal'>, now: number): BlockRecord | undefined;
}

/** Nobody is. */
export const noBlocks: Blocks = { of: () => undefined, ofUser: () => undefined };
