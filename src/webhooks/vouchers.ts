import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { principalIdExtraKey, type UserInfo } from '../engine/authorizer/attributes.ts';

/** Extra key under which the answer to a TokenReview proves where its user comes from. */
export const voucherKey = 'entryway/voucher';

/** Milliseconds after the end of a token for which API servers may remember its user; two minutes by their default. */
const remembered = 15 * 60_000;

/** What a decision about a principal goes by; API servers and other authenticators may add keys of their own. */
const vouchedKeys = [
  'accessKeyId',
  'arn',
  'canonicalArn',
  'principalId',
  'sessionName',
  principalIdExtraKey,
] as const;

/**
 * Tells users that this server authenticated from those that only look like them.
 *
 * SECURITY: whoever may impersonate can give a user any extra key: API servers put the name of an `Impersonate-Extra-`
 * header into lower case *before* they decode its percent signs (kubernetes-facts A14), so that `%49` is an `I`. Access
 * policies are off under impersonation (eks-access-facts C10), so what makes a user a principal is signed, for one cluster
 * and not for longer than its token. No secret: it is of use to nobody but its user, and to whoever may impersonate that
 * one down to its uid and extra and reads the voucher in an audit log in time.
 */
export interface Vouchers {
  /** The user, vouched for; as it is where it is no IAM principal. `until` is when its token ends, epoch milliseconds. */
  vouchedFor(clusterId: string, user: UserInfo, until: number): UserInfo;
  isVouchedFor(clusterId: string, user: UserInfo, now: number): boolean;
}

/** `secret` is this server's own and stays the same over restarts: users are remembered by API servers. */
export function createVouchers(secret: Uint8Array): Vouchers {
  // Not the bytes themselves: `createHmac` looks at those for 20 µs each time (wire/sigv4/signature.ts).
  const key = createSecretKey(secret);
  /** What was vouched for last of a user: verdicts are remembered, and given again as the same value. */
  const given = new WeakMap<
    UserInfo,
    { readonly clusterId: string; readonly until: number; readonly user: UserInfo }
  >();
  const sign = (clusterId: string, { username, uid, extra }: UserInfo, until: string): Buffer =>
    createHmac('sha256', key)
      .update(
        JSON.stringify([clusterId, username, uid, until, vouchedKeys.map((key) => valuesOf(extra, key))]),
      )
      .digest();
  return {
    vouchedFor(clusterId, user, until) {
      if (user.principal === undefined) return user;
      const before = given.get(user);
      if (before?.clusterId === clusterId && before.until === until) return before.user;
      const voucher = `${until}.${sign(clusterId, user, String(until)).toString('base64url')}`;
      const vouched = { ...user, extra: { ...user.extra, [voucherKey]: [voucher] } };
      given.set(user, { clusterId, until, user: vouched });
      return vouched;
    },
    isVouchedFor(clusterId, user, now) {
      const [voucher, ...more] = valuesOf(user.extra, voucherKey);
      const [, until = '', signature = ''] = /^(\d{1,16})\.([\w-]{43})$/.exec(voucher ?? '') ?? [];
      if (until === '' || more.length > 0) return false;
      const isOurs = timingSafeEqual(sign(clusterId, user, until), Buffer.from(signature, 'base64url'));
      return isOurs && now < Number(until) + remembered;
    },
  };
}

function valuesOf(extra: UserInfo['extra'], key: string): readonly string[] {
  return Object.hasOwn(extra, key) ? (extra[key] ?? []) : [];
}
