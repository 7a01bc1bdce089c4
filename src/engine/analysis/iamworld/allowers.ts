import {
  compileWildcard,
  hasWildcard,
  isSearchable,
  type Wildcard,
  wildcardTokens,
} from '../../arn/wildcard.ts';
import { withoutVariables } from '../policylint/patterns.ts';
import type { KnownPrincipal, Principals } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { WorldPolicy } from './policies.ts';
import type { WorldStandings } from './standing.ts';

/**
 * The users and roles of a snapshot whose own policies may allow something: an index, never a decision. Those whose
 * policies were not read are always among them.
 */
export interface Allowers {
  /** Each once, in the snapshot's order within what is found. `resource`: an ARN, or `*`. */
  of(action: string, resource: string): ReadonlySet<KnownPrincipal>;
  /** Of any resource at all. */
  ofAny(action: string): ReadonlySet<KnownPrincipal>;
}

/** Who holds statements about one action, by the resources these speak of. */
interface ActionHolders {
  readonly exact: ReadonlyMap<string, readonly KnownPrincipal[]>;
  readonly patterns: readonly { readonly matches: Wildcard; readonly holders: readonly KnownPrincipal[] }[];
}

export function createAllowers(principals: Principals, standings: WorldStandings): Allowers {
  let holders: ReadonlyMap<WorldPolicy, readonly KnownPrincipal[]> | undefined;
  const byAction = new Map<string, ActionHolders>();

  const holdersOf = (action: string): ActionHolders => {
    const lower = action.toLowerCase();
    let found = byAction.get(lower);
    if (found === undefined) {
      holders ??= policyHolders(principals, standings);
      found = actionHolders(lower, holders);
      byAction.set(lower, found);
    }
    return found;
  };

  return {
    of(action, resource) {
      const { exact, patterns } = holdersOf(action);
      const found = new Set(exact.get(resource));
      for (const { matches, holders: some } of patterns) {
        if (matches(resource)) for (const holder of some) found.add(holder);
      }
      return found;
    },
    ofAny(action) {
      const { exact, patterns } = holdersOf(action);
      return new Set([...[...exact.values()].flat(), ...patterns.flatMap(({ holders: some }) => some)]);
    },
  };
}

/** A known principal as a subject. */
export function subjectOf({ kind, accountId, record }: KnownPrincipal): IamSubject {
  const { arn, principalId } = record;
  return { kind: 'iam', type: kind, arn, accountId, principalId, standing: 'exists' };
}

function policyHolders(
  principals: Principals,
  standings: WorldStandings,
): ReadonlyMap<WorldPolicy, readonly KnownPrincipal[]> {
  const found = new Map<WorldPolicy, KnownPrincipal[]>();
  for (const principal of principals.all) {
    for (const policy of standings.of(subjectOf(principal)).identity) {
      const holders = found.get(policy);
      if (holders === undefined) found.set(policy, [principal]);
      else holders.push(principal);
    }
  }
  return found;
}

function actionHolders(
  lowerAction: string,
  holders: ReadonlyMap<WorldPolicy, readonly KnownPrincipal[]>,
): ActionHolders {
  const exact = new Map<string, KnownPrincipal[]>();
  const patterns = new Map<string, KnownPrincipal[]>();
  const add = (map: Map<string, KnownPrincipal[]>, key: string, some: readonly KnownPrincipal[]): void => {
    const known = map.get(key);
    if (known === undefined) map.set(key, [...some]);
    else for (const one of some) known.push(one);
  };
  for (const [{ best, document }, some] of holders) {
    const allows = best.allows.forAction(lowerAction);
    if (document === undefined) {
      if (allows.length > 0) add(patterns, '*', some);
      continue;
    }
    const resources = new Set(
      allows.flatMap(({ ref }): readonly string[] => {
        const list = document.statements[ref.index]?.resource;
        if (list === undefined || list.negated) return ['*'];
        return list.entries.map(({ value }) => withoutVariables(value));
      }),
    );
    for (const resource of resources) {
      if (hasWildcard(resource) || resource.includes('$')) add(patterns, resource, some);
      else add(exact, resource, some);
    }
  }
  return {
    exact,
    patterns: [...patterns].map(([pattern, some]) => ({
      // What cannot be looked for is taken to match: an index must not lose anybody.
      matches:
        pattern.includes('$') || !isSearchable(wildcardTokens(pattern))
          ? () => true
          : compileWildcard(pattern),
      holders: some,
    })),
  };
}
