import { lowerAscii } from '../arn/case.ts';
import { isPartition } from '../arn/partitions.ts';
import { compileWildcard } from '../arn/wildcard.ts';
import { compileSsoPattern } from './sso.ts';

/**
 * What an access entry names when it stands for more than one role. The entry's `principalArn` says it all: a role's ARN
 * without path in which a `*` stands, which no name of IAM contains.
 */
export interface PrincipalMatcher {
  /**
   * `permissionSet`: `role/AWSReservedSSO_SET_*`, the roles of one permission set of IAM Identity Center, whose names end in
   * exactly 16 hex digits (token-facts 7.1). `rolePattern`: any other; each `*` stands for any run of characters.
   */
  readonly kind: 'permissionSet' | 'rolePattern';
  readonly accountId: string;
  /** Whether a canonical role ARN, in lower case, is one of those meant. */
  readonly matches: (canonicalArn: string) => boolean;
}

/** Characters of IAM's role names, and the star. */
const rolePattern = /^arn:([a-z-]+):iam::(\d{12}):role\/([\w+=,.@*-]{1,128})$/;

/** Undefined for what is no matcher: an ARN without `*`, with one outside the role's name, or of no account. */
export function compileMatcher(principalArn: string): PrincipalMatcher | undefined {
  const [, partition = '', accountId = '', name = ''] = rolePattern.exec(principalArn) ?? [];
  if (!name.includes('*') || !isPartition(partition)) return undefined;
  const permissionSetName = /^AWSReservedSSO_([^*]+)_\*$/.exec(name)?.[1];
  if (permissionSetName !== undefined) {
    const sso = compileSsoPattern({ permissionSetName, accountID: accountId, partition });
    return sso && { kind: 'permissionSet', accountId, matches: sso.matches };
  }
  return { kind: 'rolePattern', accountId, matches: compileWildcard(lowerAscii(principalArn)) };
}
