import { lowerAscii } from '../arn/case.ts';
import { isPartition } from '../arn/partitions.ts';

/** A permission set of IAM Identity Center in one account. */
export interface SsoPattern {
  readonly permissionSetName: string;
  readonly accountID: string;
  /** `aws` when left out. */
  readonly partition?: string;
}

export interface CompiledSsoPattern {
  /** For people: the pattern as an ARN. */
  readonly pattern: string;
  /** Whether a lower-case canonical role ARN is one of the permission set's roles. */
  readonly matches: (canonicalArn: string) => boolean;
}

const setName = /^[\w+=,.@-]{1,32}$/;
const account = /^\d{12}$/;
const suffix = /^[0-9a-f]{16}$/;

/**
 * The roles of a permission set: `AWSReservedSSO_SET_` and exactly 16 hex digits (token-facts 7.1). Undefined for
 * anything that is not a well-formed set name, account or partition.
 *
 * SECURITY: the authenticator takes any text after `SET_`, so that its mapping of the set `View` also matches the
 * roles of a set named `View_Only`. It also loses a partition that is given; here it counts.
 */
export function compileSsoPattern(sso: SsoPattern): CompiledSsoPattern | undefined {
  const partition = sso.partition === undefined || sso.partition === '' ? 'aws' : sso.partition;
  if (!setName.test(sso.permissionSetName) || !account.test(sso.accountID) || !isPartition(partition)) {
    return undefined;
  }
  const prefix = `arn:${partition}:iam::${sso.accountID}:role/AWSReservedSSO_${sso.permissionSetName}_`;
  const lowerPrefix = lowerAscii(prefix);
  return {
    pattern: `${prefix}????????????????`,
    matches: (arn) => arn.startsWith(lowerPrefix) && suffix.test(arn.slice(lowerPrefix.length)),
  };
}
