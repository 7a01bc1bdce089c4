import { findAccessPolicy } from '../accesspolicies/catalogue.ts';
import type { CustomPolicy } from '../accesspolicies/custom.ts';
import type { AccessPolicy, AccessPolicyRule } from '../accesspolicies/policy.ts';
import { type AccessScope, compileScope, type ScopeMatcher } from '../accesspolicies/scope.ts';
import { stripRolePath } from '../arn/canonical.ts';
import { lowerAscii } from '../arn/case.ts';
import { isMatcherArn } from '../identity/entries.ts';
import { createMatcherIndex } from '../identity/matcherindex.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { AuthenticatedPrincipal } from './attributes.ts';
import { type CompiledRequest, type CompiledRules, compileRules, findRule } from './compiledrules.ts';

/** An access entry as far as its policies go. */
export interface EntryPolicies {
  readonly principalArn: string;
  /** Extension: '' for a matcher (`identity/matchers.ts`) and for an entry that waits for its principal's first use. */
  readonly principalId: string;
  readonly associatedPolicies: readonly {
    readonly policyArn: string;
    readonly accessScope: AccessScope;
    /** Extension: epoch milliseconds, exclusive; without it the association holds until it is ended. */
    readonly expiresAt?: number;
  }[];
}

/** An access policy, ready to be asked: AWS's or, with a version, an account's own. */
export interface KnownPolicy {
  readonly name: string;
  readonly version?: number;
  /** Undefined when AWS publishes none. */
  readonly rules: readonly AccessPolicyRule[] | undefined;
  /** Without those whose names are not published: what `compiled` was made of. */
  readonly effectiveRules: readonly PolicyRule[];
  readonly compiled: CompiledRules;
}

/** One associated policy. */
export interface Association {
  readonly policyArn: string;
  readonly accessScope: AccessScope;
  readonly holdsIn: ScopeMatcher;
  /** Epoch milliseconds, exclusive. */
  readonly expiresAt: number | undefined;
  /** Of AWS's policies; an account's own are found by ARN when they are asked, because they come, change and go. */
  readonly stock: KnownPolicy | undefined;
}

export interface IndexedEntry {
  readonly principalArn: string;
  readonly principalId: string;
  /** Path stripped: what the caller's canonical ARN must equal without regard to case (eks-access-facts B17). */
  readonly canonicalArn: string;
  /** The same in lower case. */
  readonly matchArn: string;
  readonly associations: readonly Association[];
}

export interface PolicyGrant {
  readonly entry: IndexedEntry;
  readonly association: Association;
  readonly policy: KnownPolicy;
  readonly rule: PolicyRule;
}

/** Access entries by the unique id of their principal; the cost of a question does not depend on other entries. */
export interface PolicyIndex {
  /** Adds the entry, or replaces the one with its principalArn. */
  apply(entry: EntryPolicies): void;
  remove(principalArn: string): void;
  /** Adds a policy of the cluster's account, or replaces the one of its ARN, for every association of it at once. */
  applyPolicy(policy: CustomPolicy): void;
  removePolicy(policyArn: string): void;
  /** Undefined for an ARN that names no known policy: it grants nothing. */
  policyOf(association: Association): KnownPolicy | undefined;
  isExpired(association: Association): boolean;
  /**
   * The entry that is the principal's: same id and same ARN; where no entry is of this id or ARN, the matcher that counts
   * first.
   */
  entryOf(principal: AuthenticatedPrincipal): IndexedEntry | undefined;
  /** Entries of the same ARN whatever the id: a re-created principal's near miss. */
  entriesOfArn(principal: AuthenticatedPrincipal): readonly IndexedEntry[];
  find(
    principal: AuthenticatedPrincipal,
    request: CompiledRequest,
    namespace: string,
  ): PolicyGrant | undefined;
  /** Every association that holds now, wherever, in the entry's order. */
  grantsOf(principal: AuthenticatedPrincipal): readonly Omit<PolicyGrant, 'rule'>[];
}

const stockPolicies = new Map<AccessPolicy, KnownPolicy>();

function stockPolicy(policy: AccessPolicy): KnownPolicy {
  let known = stockPolicies.get(policy);
  if (known === undefined) {
    const { name, rules } = policy;
    const isUnpublished = (rule: AccessPolicyRule): boolean => rule.namesUnpublished === true;
    known = {
      ...{ name, rules, effectiveRules: (rules ?? []).filter((rule) => !isUnpublished(rule)) },
      compiled: compileRules(rules ?? [], isUnpublished),
    };
    stockPolicies.set(policy, known);
  }
  return known;
}

/** Clusters of one account are told of the same policies: each is compiled once. */
const customPolicies = new WeakMap<CustomPolicy, KnownPolicy>();

function customPolicy(policy: CustomPolicy): KnownPolicy {
  let known = customPolicies.get(policy);
  if (known === undefined) {
    const { name, version, rules } = policy;
    known = { name, version, rules, effectiveRules: rules, compiled: compileRules(rules) };
    customPolicies.set(policy, known);
  }
  return known;
}

/** Principals of whom it is remembered which matcher is theirs; beyond them it is looked for anew. */
const matchesRemembered = 10_000;

/** `now` answers epoch milliseconds. */
export function createPolicyIndex(partition: string, now: () => number): PolicyIndex {
  const byArn = new Map<string, IndexedEntry>();
  const byPrincipalId = new Map<string, readonly IndexedEntry[]>();
  const byMatchArn = new Map<string, readonly IndexedEntry[]>();
  const ownPolicies = new Map<string, KnownPolicy>();
  const matchers = createMatcherIndex<IndexedEntry>();
  let matched = new Map<string, IndexedEntry | undefined>();

  const policyOf = ({ stock, policyArn }: Association): KnownPolicy | undefined =>
    stock ?? ownPolicies.get(policyArn);
  // A clock that answers nonsense lets nothing hold.
  const isExpired = ({ expiresAt }: Association): boolean => expiresAt !== undefined && !(now() < expiresAt);

  const remove = (principalArn: string): void => {
    const entry = byArn.get(principalArn);
    if (entry === undefined) return;
    byArn.delete(principalArn);
    if (isMatcherArn(principalArn)) {
      matchers.remove(principalArn);
      matched = new Map();
    } else {
      withdraw(byPrincipalId, entry.principalId, entry);
      withdraw(byMatchArn, entry.matchArn, entry);
    }
  };

  /**
   * INVARIANT: the same choice as `resolveIdentity` makes, so that name and policies never come from two entries. An
   * entry of this very ARN, waiting or of another id, keeps matchers from counting.
   */
  const matcherOf = ({ canonicalArn }: AuthenticatedPrincipal): IndexedEntry | undefined => {
    if (matchers.isEmpty() || byMatchArn.has(lowerAscii(canonicalArn))) return undefined;
    if (matched.has(canonicalArn)) return matched.get(canonicalArn);
    const [entry] = matchers.matching(canonicalArn);
    if (matched.size >= matchesRemembered) matched = new Map();
    matched.set(canonicalArn, entry);
    return entry;
  };

  const entryOf = (principal: AuthenticatedPrincipal): IndexedEntry | undefined => {
    const candidates = byPrincipalId.get(principal.principalId);
    if (candidates === undefined) return matcherOf(principal);
    const { canonicalArn } = principal;
    // An entry whose ARN is none has '' here and is nobody's.
    if (canonicalArn === '') return undefined;
    // Nearly always the case is the same, too; lower-casing costs more than all the rest of the look-up.
    const exact = candidates.find((entry) => entry.canonicalArn === canonicalArn);
    if (exact !== undefined) return exact;
    const matchArn = lowerAscii(canonicalArn);
    return candidates.find((entry) => entry.matchArn === matchArn);
  };

  return {
    apply(source) {
      remove(source.principalArn);
      const canonicalArn = stripRolePath(source.principalArn) ?? '';
      const entry: IndexedEntry = {
        principalArn: source.principalArn,
        principalId: source.principalId,
        canonicalArn,
        matchArn: lowerAscii(canonicalArn),
        associations: source.associatedPolicies.map(({ policyArn, accessScope, expiresAt }) => {
          const policy = findAccessPolicy(policyArn, partition);
          return {
            policyArn,
            accessScope,
            holdsIn: compileScope(accessScope),
            expiresAt,
            stock: policy && stockPolicy(policy),
          };
        }),
      };
      byArn.set(entry.principalArn, entry);
      if (isMatcherArn(entry.principalArn)) {
        if (entry.principalId === '') matchers.apply(entry);
        matched = new Map();
        return;
      }
      // SECURITY: an entry that waits is nobody's yet; an empty id must not become a key that somebody could have.
      if (entry.principalId !== '') {
        byPrincipalId.set(entry.principalId, [...(byPrincipalId.get(entry.principalId) ?? []), entry]);
      }
      byMatchArn.set(entry.matchArn, [...(byMatchArn.get(entry.matchArn) ?? []), entry]);
    },
    applyPolicy: (policy) => void ownPolicies.set(policy.policyArn, customPolicy(policy)),
    removePolicy: (policyArn) => void ownPolicies.delete(policyArn),
    policyOf,
    isExpired,
    remove,
    entryOf,
    entriesOfArn: (principal) => byMatchArn.get(lowerAscii(principal.canonicalArn)) ?? [],
    find(principal, request, namespace) {
      const entry = entryOf(principal);
      if (entry === undefined) return undefined;
      for (const association of entry.associations) {
        if (!association.holdsIn(namespace)) continue;
        const policy = policyOf(association);
        const rule = policy && findRule(policy.compiled, request);
        if (policy === undefined || rule === undefined || isExpired(association)) continue;
        return { entry, association, policy, rule };
      }
      return undefined;
    },
    grantsOf(principal) {
      const entry = entryOf(principal);
      return (entry?.associations ?? []).flatMap((association) => {
        const policy = policyOf(association);
        return entry === undefined || policy === undefined || isExpired(association)
          ? []
          : [{ entry, association, policy }];
      });
    },
  };
}

function withdraw(map: Map<string, readonly IndexedEntry[]>, key: string, entry: IndexedEntry): void {
  const left = map.get(key)?.filter((other) => other !== entry) ?? [];
  if (left.length > 0) map.set(key, left);
  else map.delete(key);
}
