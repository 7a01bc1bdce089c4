import { findAccessPolicy } from '../accesspolicies/catalogue.ts';
import type { AccessPolicy } from '../accesspolicies/policy.ts';
import { type AccessScope, compileScope, type ScopeMatcher } from '../accesspolicies/scope.ts';
import { stripRolePath } from '../arn/canonical.ts';
import { lowerAscii } from '../arn/case.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { AuthenticatedPrincipal } from './attributes.ts';
import { type CompiledRequest, type CompiledRules, compileRules, findRule } from './compiledrules.ts';

/** An access entry as far as its policies go. */
export interface EntryPolicies {
  readonly principalArn: string;
  readonly principalId: string;
  readonly associatedPolicies: readonly {
    readonly policyArn: string;
    readonly accessScope: AccessScope;
  }[];
}

/** One associated policy, ready to be asked. */
export interface Association {
  readonly policyArn: string;
  readonly accessScope: AccessScope;
  readonly holdsIn: ScopeMatcher;
  /** Undefined for an ARN that names no known policy: it grants nothing. */
  readonly policy: AccessPolicy | undefined;
  readonly rules: CompiledRules;
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
  readonly rule: PolicyRule;
}

/** Access entries by the unique id of their principal; the cost of a question does not depend on other entries. */
export interface PolicyIndex {
  /** Adds the entry, or replaces the one with its principalArn. */
  apply(entry: EntryPolicies): void;
  remove(principalArn: string): void;
  /** The entry that is the principal's: same id and same ARN. */
  entryOf(principal: AuthenticatedPrincipal): IndexedEntry | undefined;
  /** Entries of the same ARN whatever the id: a re-created principal's near miss. */
  entriesOfArn(principal: AuthenticatedPrincipal): readonly IndexedEntry[];
  find(
    principal: AuthenticatedPrincipal,
    request: CompiledRequest,
    namespace: string,
  ): PolicyGrant | undefined;
}

const noRules = compileRules([]);
const compiledPolicies = new Map<AccessPolicy, CompiledRules>();

function compiledPolicy(policy: AccessPolicy | undefined): CompiledRules {
  if (policy?.rules === undefined) return noRules;
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    compiled = compileRules(policy.rules, (rule) => rule.namesUnpublished === true);
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

export function createPolicyIndex(partition: string): PolicyIndex {
  const byArn = new Map<string, IndexedEntry>();
  const byPrincipalId = new Map<string, readonly IndexedEntry[]>();
  const byMatchArn = new Map<string, readonly IndexedEntry[]>();

  const remove = (principalArn: string): void => {
    const entry = byArn.get(principalArn);
    if (entry === undefined) return;
    byArn.delete(principalArn);
    withdraw(byPrincipalId, entry.principalId, entry);
    withdraw(byMatchArn, entry.matchArn, entry);
  };

  const entryOf = (principal: AuthenticatedPrincipal): IndexedEntry | undefined => {
    const candidates = byPrincipalId.get(principal.principalId);
    if (candidates === undefined) return undefined;
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
        associations: source.associatedPolicies.map(({ policyArn, accessScope }) => {
          const policy = findAccessPolicy(policyArn, partition);
          return {
            policyArn,
            accessScope,
            holdsIn: compileScope(accessScope),
            policy,
            rules: compiledPolicy(policy),
          };
        }),
      };
      byArn.set(entry.principalArn, entry);
      byPrincipalId.set(entry.principalId, [...(byPrincipalId.get(entry.principalId) ?? []), entry]);
      byMatchArn.set(entry.matchArn, [...(byMatchArn.get(entry.matchArn) ?? []), entry]);
    },
    remove,
    entryOf,
    entriesOfArn: (principal) => byMatchArn.get(lowerAscii(principal.canonicalArn)) ?? [],
    find(principal, request, namespace) {
      const entry = entryOf(principal);
      if (entry === undefined) return undefined;
      for (const association of entry.associations) {
        if (!association.holdsIn(namespace)) continue;
        const rule = findRule(association.rules, request);
        if (rule !== undefined) return { entry, association, rule };
      }
      return undefined;
    },
  };
}

function withdraw(map: Map<string, readonly IndexedEntry[]>, key: string, entry: IndexedEntry): void {
  const left = map.get(key)?.filter((other) => other !== entry) ?? [];
  if (left.length > 0) map.set(key, left);
  else map.delete(key);
}
