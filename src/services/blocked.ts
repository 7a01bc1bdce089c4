import type { Principal } from '../engine/iam/principal.ts';

/**
 * Whether a block of this server holds for the principal at `now` (epoch milliseconds), whatever IAM allows it: an extension
 * (docs/compat.md). Cheap, and as of the last acknowledged change.
 */
export type IsBlocked = (principal: Principal, now: number) => boolean;

/** For servers without a block list, and tests: nobody is. */
export const nobodyIsBlocked: IsBlocked = () => false;

/** What the blocked are told: that they are, and not why, by whom or until when. */
export function blockedMessage(arn: string): string {
  return `${arn} is blocked on this server`;
}
