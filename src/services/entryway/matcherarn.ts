import { compileMatcher, type PrincipalMatcher } from '../../engine/identity/matchers.ts';
import type { NamedPrincipal } from '../eks/principals.ts';
import { invalidParameter } from '../eks/refusals.ts';

/** A matcher as an operator asked for it, in the one form in which it is stored. */
export interface NamedMatcher extends NamedPrincipal {
  readonly kind: 'role';
  readonly matcher: PrincipalMatcher;
  /** Of a permission set. */
  readonly permissionSet?: string;
}

/** Characters of a role pattern that are no `*`: fewer would mean nearly every role of the account. */
const leastLiterals = 3;
/** How the roles of permission sets begin, in lower case. */
const reserved = 'awsreservedsso_';

/**
 * The ARN as entries are stored and judged under: the roles of a permission set stand below a path that STS never reports
 * (token-facts 7.1), so that it is left out here. Any other text stays as it is.
 */
export function normalisedMatcherArn(principalArn: string): string {
  return principalArn.replace(
    /^(arn:[^:/]*:iam::\d*:role\/)aws-reserved\/sso\.amazonaws\.com\/(?:[a-z0-9-]+\/)?(AWSReservedSSO_[^/]*)$/,
    '$1$2',
  );
}

/** Undefined for what is no matcher of one account of the partition. */
export function namedMatcher(text: string, partition: string): NamedMatcher | undefined {
  const arn = normalisedMatcherArn(text);
  const matcher = compileMatcher(arn);
  const [, ofPartition, , , accountId = '', resource = ''] = arn.split(':');
  if (matcher === undefined || ofPartition !== partition) return undefined;
  const name = resource.slice('role/'.length);
  const named = { kind: 'role', partition, accountId, name, arn, matcher } as const;
  return matcher.kind === 'permissionSet'
    ? { ...named, permissionSet: name.slice(reserved.length, -'_*'.length) }
    : named;
}

/** The matcher of an entry that is to be made. Throws also where it would mean too much. */
export function readMatcher(text: string, partition: string): NamedMatcher {
  const named = namedMatcher(text, partition);
  if (named === undefined) {
    throw invalidParameter(
      'The principalArn must be a role ARN without path in which a * stands: ' +
        `arn:${partition}:iam::ACCOUNT:role/AWSReservedSSO_SET_* for a permission set, or a pattern of role names`,
    );
  }
  const { name, permissionSet } = named;
  if (permissionSet !== undefined) return named;
  if (name.replaceAll('*', '').length < leastLiterals) {
    throw invalidParameter(`A role pattern must have at least ${leastLiterals} characters beside its *`);
  }
  // SECURITY: `AWSReservedSSO_View*` reads like the set View and means View_Only, too (token-facts 7.1).
  const beginning = name.slice(0, name.indexOf('*')).toLowerCase();
  const isOfSets =
    beginning.startsWith(reserved) || (beginning.length >= leastLiterals && reserved.startsWith(beginning));
  if (isOfSets) {
    throw invalidParameter(
      'A pattern of permission sets is not allowed: name one set, as in role/AWSReservedSSO_SET_*',
    );
  }
  return named;
}
