import { isAccountId } from '../arn/arn.ts';
import { parsePrincipalArn } from '../arn/principalarn.ts';
import { uniqueIdKind } from '../arn/uniqueid.ts';
import type { PolicyKind, PrincipalElement, Statement } from './document.ts';
import type { PreparedRequest, RequestPrincipal } from './request.ts';

/**
 * How closely a Principal element means the caller, which decides what an Allow there spares it (iam-facts E4):
 * `account` only delegates to the account's own policies; `issuer` (the role of a session, the user of a federated
 * session) spares the identity policies; `direct` spares boundary and session policy too. `unknown` is a match that
 * cannot be judged: good enough for a Deny only.
 */
export type PrincipalGrade = 'none' | 'unknown' | 'account' | 'issuer' | 'direct';

/** From no match to the closest. */
export const grades: readonly PrincipalGrade[] = ['none', 'unknown', 'account', 'issuer', 'direct'];

export type PrincipalMatcher = (request: PreparedRequest) => PrincipalGrade;

/** The same for one entry of the element. */
type EntryMatcher = (principal: RequestPrincipal) => PrincipalGrade;

/**
 * ARN of a user or role → the unique id it had when the policy was saved (iam-facts A11). `unpinned` compares ARNs
 * alone: for policies that are simulated, never for one that guards something.
 */
export type PinnedPrincipals = Readonly<Record<string, string>> | 'unpinned';

export function compilePrincipals(
  element: PrincipalElement,
  effect: Statement['effect'],
  kind: PolicyKind,
  pinned: PinnedPrincipals,
): PrincipalMatcher {
  const entries = element.entries.map((entry) => compileEntry(entry, kind, pinned));
  if (!element.negated) return ({ principal }) => closest(entries, principal);
  const exceptsAll = element.entries.some(({ type, value }) => type === 'AWS' && value === '*');
  return (request) => gradeOfException(entries, exceptsAll, effect, request);
}

function closest(entries: readonly EntryMatcher[], principal: RequestPrincipal): PrincipalGrade {
  let best: PrincipalGrade = 'none';
  for (const entry of entries) {
    const grade = entry(principal);
    if (grades.indexOf(grade) > grades.indexOf(best)) best = grade;
  }
  return best;
}

/**
 * NotPrincipal (iam-facts B6, B9): whoever is listed wholly is spared; whoever is listed in part only may be denied,
 * says AWS, so a Deny applies. It always denies principals with a boundary, and is not supported with Allow, which
 * therefore grants nothing (IAM User Guide, NotPrincipal).
 */
function gradeOfException(
  entries: readonly EntryMatcher[],
  exceptsAll: boolean,
  effect: Statement['effect'],
  { principal, bounded }: PreparedRequest,
): PrincipalGrade {
  const listed = exceptsAll ? isAws(principal) : isListedWholly(entries, principal);
  if (listed && !bounded) return 'none';
  if (effect === 'Allow') return 'unknown';
  return closest(entries, principal) === 'none' ? 'direct' : 'unknown';
}

/** The account first, then the role of a session, then the caller: each has to be there (B9). */
function isListedWholly(entries: readonly EntryMatcher[], principal: RequestPrincipal): boolean {
  let account = false;
  let issuer = false;
  let direct = false;
  for (const entry of entries) {
    const grade = entry(principal);
    account ||= grade === 'account';
    issuer ||= grade === 'issuer';
    direct ||= grade === 'direct';
  }
  switch (principal.kind) {
    case 'service':
    case 'federated':
      return direct;
    case 'root':
      return account;
    case 'user':
    case 'federatedUser':
      return account && direct;
    case 'assumedRole':
      return account && issuer && direct;
    default:
      return principal satisfies never;
  }
}

function compileEntry(
  { type, value }: PrincipalElement['entries'][number],
  kind: PolicyKind,
  pinned: PinnedPrincipals,
): EntryMatcher {
  switch (type) {
    case 'AWS':
      return compileAwsPrincipal(value, kind, pinned);
    case 'Service':
      return (principal) => (principal.kind === 'service' && principal.name === value ? 'direct' : 'none');
    case 'Federated':
      return (principal) =>
        principal.kind === 'federated' && principal.provider === value ? 'direct' : 'none';
    case 'CanonicalUser':
      return () => 'none';
    default:
      return type satisfies never;
  }
}

function compileAwsPrincipal(value: string, policyKind: PolicyKind, pinned: PinnedPrincipals): EntryMatcher {
  if (value === '*') {
    // A resource control policy speaks about whoever calls (iam-facts E9).
    if (policyKind === 'rcp') return () => 'direct';
    // SECURITY: services and federated people are let in by their own element only, and kept out by `*` as well.
    // COMPAT: in a trust policy `*` names nobody, so we read it as delegation, like the account: the caller's own
    // policies must allow as well. AWS does not document the case; this is the narrower reading of iam-facts E11.
    const grade = policyKind === 'trust' ? 'account' : 'direct';
    return (principal) => (isAws(principal) ? grade : 'unknown');
  }
  if (isAccountId(value))
    return (principal) => (isAws(principal) && principal.accountId === value ? 'account' : 'none');
  const kind = uniqueIdKind(value);
  if (kind === 'user' || kind === 'role') return (principal) => gradeById(principal, value);

  const named = parsePrincipalArn(value);
  switch (named?.kind) {
    case undefined:
      // A wildcard inside, a group, anything else: matches nobody (iam-facts A9).
      return () => 'none';
    case 'root':
      return (principal) =>
        isAws(principal) && principal.accountId === named.accountId && principal.partition === named.partition
          ? 'account'
          : 'none';
    case 'assumedRole':
      return (principal) => (principal.kind === 'assumedRole' && principal.arn === value ? 'direct' : 'none');
    case 'federatedUser':
      return (principal) =>
        principal.kind === 'federatedUser' && principal.arn === value ? 'direct' : 'none';
    case 'user':
    case 'role': {
      if (pinned === 'unpinned') return (principal) => gradeByArn(principal, value);
      // SECURITY: a principal re-created under the same ARN is somebody else, and a renamed one is still the same: the
      // pinned id decides alone (iam-facts A11, J10). Without it nobody can tell who was meant.
      const id = Object.hasOwn(pinned, value) ? pinned[value] : undefined;
      if (id !== undefined) return (principal) => gradeById(principal, id);
      return (principal) => (gradeByArn(principal, value) === 'none' ? 'none' : 'unknown');
    }
    default:
      return named satisfies never;
  }
}

function isAws(principal: RequestPrincipal): principal is Extract<RequestPrincipal, { accountId: string }> {
  return principal.kind !== 'service' && principal.kind !== 'federated';
}

function gradeById(principal: RequestPrincipal, id: string): PrincipalGrade {
  switch (principal.kind) {
    case 'user':
      return principal.principalId === id ? 'direct' : 'none';
    case 'assumedRole':
      return principal.principalId === id ? 'issuer' : 'none';
    case 'federatedUser':
      return principal.issuer.principalId === id ? 'issuer' : 'none';
    default:
      return 'none';
  }
}

/** With case: names are unique without it, yet principals compare with it (iam-facts B8). */
function gradeByArn(principal: RequestPrincipal, arn: string): PrincipalGrade {
  switch (principal.kind) {
    case 'user':
      return principal.arn === arn ? 'direct' : 'none';
    case 'assumedRole':
      return principal.principalArn === arn ? 'issuer' : 'none';
    case 'federatedUser':
      return principal.issuer.arn === arn ? 'issuer' : 'none';
    default:
      return 'none';
  }
}
