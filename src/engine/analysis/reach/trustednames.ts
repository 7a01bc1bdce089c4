import { compileWildcard, hasWildcard } from '../../arn/wildcard.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { withoutVariables } from '../policylint/patterns.ts';
import { hostOf } from './issuers.ts';
import type { KnownRole } from './trusts.ts';
import type { AccountName } from './workload.ts';

const prefix = 'system:serviceaccount:';

/**
 * Patterns of the subjects whose tokens a role may be given for: what `…:sub` is compared with, where every Allow of a
 * provider compares it; also `*` where one does not. An index, never a decision: whom none of these means gets nothing.
 */
export function trustedSubjects(iam: IamWorld, role: KnownRole): readonly string[] {
  const found = new Set<string>();
  for (const { document } of iam.standings.guardrails?.resourceControl.flat() ?? []) {
    for (const { conditions } of document?.statements ?? []) {
      for (const subject of sparedSubjects(conditions)) found.add(subject);
    }
  }
  for (const { effect, principal, conditions } of iam.standings.role(role).trust.document?.statements ?? []) {
    // Whom a Deny spares may be all that is left of whom an Allow means.
    if (effect === 'Deny') for (const subject of sparedSubjects(conditions)) found.add(subject);
    const providers = principal?.entries.filter(({ type }) => type === 'Federated') ?? [];
    if (effect !== 'Allow' || providers.length === 0) continue;
    const comparing = conditions.filter(
      ({ key, operator }) => key.toLowerCase().endsWith(':sub') && comparesSubjects.test(operator),
    );
    // Of another provider's key a token has nothing, which these operators take for good.
    const limits = (provider: string) =>
      comparing.some(
        ({ key, operator }) =>
          !/^ForAllValues:|IfExists$/.test(operator) ||
          key.toLowerCase() === `${hostOf(provider)}:sub`.toLowerCase(),
      );
    if (!providers.every(({ value }) => limits(value))) found.add('*');
    const compared = comparing.map((condition) => subjectsOf(condition));
    for (const subject of compared.flat()) found.add(subject);
    for (const subject of crossed(compared)) found.add(subject);
  }
  return [...found];
}

interface Compared {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

function sparedSubjects(conditions: readonly Compared[]): readonly string[] {
  return conditions.flatMap((condition) =>
    condition.key.toLowerCase().endsWith(':sub') && /StringNot(?:Equals|Like)/.test(condition.operator)
      ? subjectsOf(condition)
      : [],
  );
}

const comparesSubjects =
  /^(?:ForAnyValue:|ForAllValues:)?String(?:Equals|EqualsIgnoreCase|Like)(?:IfExists)?$/;

function subjectsOf({ operator, values }: Omit<Compared, 'key'>): readonly string[] {
  // A star is a star only for `Like`. Names of Kubernetes have no upper case.
  const isLike = operator.includes('Like');
  return values
    .filter((value) => isLike || !hasWildcard(value))
    .map((value) => withoutVariables(operator.includes('IgnoreCase') ? value.toLowerCase() : value));
}

/** Of what one comparison means and of what another does, a statement may mean what has a part of each: `a:*` and `*:x`. */
const mostCrossed = 1000;

function crossed(compared: readonly (readonly string[])[]): readonly string[] {
  if (compared.length < 2) return [];
  const parts = compared.flat().flatMap((subject) => namesIn(subject) ?? []);
  const namespaces = new Set(parts.map(({ namespace }) => namespace));
  const names = new Set(parts.map(({ name }) => name));
  if (namespaces.size * names.size > mostCrossed) return [];
  return [...namespaces].flatMap((namespace) =>
    [...names].map((name) => subjectOfToken({ namespace, name })),
  );
}

/** Whom roles may be given for, from the other end. */
export interface TrustedIndex {
  /** Roles one of whose patterns means the service account. */
  rolesFor(account: AccountName): Iterable<KnownRole>;
}

/** An index of the same: thousands of roles are each made for one service account, and few are for many. */
export function createTrustedIndex(iam: IamWorld, roles: readonly KnownRole[]): TrustedIndex {
  const exact = new Map<string, KnownRole[]>();
  const patterns = new Map<
    string,
    { readonly matches: (subject: string) => boolean; readonly roles: KnownRole[] }
  >();
  for (const role of roles) {
    for (const subject of trustedSubjects(iam, role)) {
      if (isPattern(subject)) {
        const known = patterns.get(subject) ?? { matches: matcherOf(subject), roles: [] };
        patterns.set(subject, known);
        known.roles.push(role);
      } else {
        const known = exact.get(subject);
        if (known === undefined) exact.set(subject, [role]);
        else known.push(role);
      }
    }
  }
  return {
    rolesFor(account) {
      const subject = subjectOfToken(account);
      const found = new Set(exact.get(subject));
      for (const { matches, roles: some } of patterns.values()) {
        if (matches(subject)) for (const role of some) found.add(role);
      }
      return found;
    },
  };
}

function matcherOf(pattern: string): (subject: string) => boolean {
  return pattern.includes('$') ? () => true : compileWildcard(pattern);
}

/** Those of the listed ones that the patterns mean, and those that they name: one that does not exist can be made. */
export function accountsMeant(
  listed: readonly AccountName[],
  patterns: readonly string[],
): readonly AccountName[] {
  const found = new Map<string, AccountName>();
  const isAnybody = patterns.includes('*');
  if (isAnybody) for (const account of listed) found.set(subjectOfToken(account), account);
  for (const pattern of patterns) {
    if (!isPattern(pattern)) {
      const named = namesIn(pattern);
      if (named !== undefined) found.set(pattern, named);
      continue;
    }
    if (isAnybody) continue;
    const matches = matcherOf(pattern);
    for (const account of listed) {
      const subject = subjectOfToken(account);
      if (matches(subject)) found.set(subject, account);
    }
  }
  return [...found.values()];
}

/** Whether it means more than one name. */
export function isPattern(subject: string): boolean {
  return hasWildcard(subject) || subject.includes('$');
}

/** `sub` of the tokens of a service account (eks-access-facts I4). */
function subjectOfToken({ namespace, name }: AccountName): string {
  return `${prefix}${namespace}:${name}`;
}

/** Namespace and name that a pattern of subjects means, as patterns; undefined where it means no service account. */
export function namesIn(pattern: string): AccountName | undefined {
  const star = pattern.indexOf('*');
  const isWhole = pattern.startsWith(prefix);
  if (!isWhole && (star < 0 || !prefix.startsWith(pattern.slice(0, star)))) return undefined;
  const rest = pattern.slice(isWhole ? prefix.length : star);
  const parts = rest.split(':');
  const [namespace, name] = parts.slice(-2);
  if (parts.length > 2 && isWhole) return undefined;
  if (namespace && name) return { namespace, name };
  // A star may stand for the colon as well: `pay*` is every name in every namespace that begins so.
  const at = rest.indexOf('*');
  return parts.length > 1 || at < 0 ? undefined : { namespace: rest.slice(0, at + 1), name: rest.slice(at) };
}
