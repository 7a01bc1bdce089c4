import type { PolicyRule } from '../../rbac/rules.ts';
import type { TalliedUse } from '../usage/tally.ts';
import { diffPermissions, type PlaceDifference, type PlacedRules } from '../whatcan/diff.ts';
import { type Permissions, permissionsOf } from '../whatcan/permissions.ts';
import { askRules, minimalRules } from '../whatcan/rules.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { canBeSaid, type NeedsOptions, neededRules, notRecorded } from './neededrules.ts';

/** A request somebody made, whatever the object's name was. */
export interface UsedRequest {
  readonly question: Question;
  /** Names that were asked for, by name; the first few. */
  readonly names: readonly string[];
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What somebody needed in a cluster: less than it has, and enough for all it did. */
export interface KubernetesNeeds {
  readonly used: readonly UsedRequest[];
  readonly everywhere: readonly PolicyRule[];
  /** By namespace; those with the same rules share a place. */
  readonly places: readonly {
    readonly namespaces: readonly string[];
    readonly patterns: readonly string[];
    readonly rules: readonly PolicyRule[];
  }[];
  /** Of what was used, what everybody may: nobody has to be given that. */
  readonly everybodys: readonly UsedRequest[];
  /** Allowed then, and not by what it has of its own now: since taken away, or held by a group of it. In no proposal. */
  readonly noLongerHeld: readonly UsedRequest[];
  readonly refused: readonly UsedRequest[];
  /** Requests with a star, or for a namespace that cannot be: a rule for them would be one for more. */
  readonly cannotBeSaid: readonly UsedRequest[];
  readonly neverUsed: readonly PlaceDifference[];
  /** What the proposal may lack, because no record tells it. */
  readonly notes: readonly string[];
}

/**
 * The fewest permissions under which all that was allowed would have been allowed.
 *
 * INVARIANT: each of them is one the identities have now, so that no proposal gives anybody anything.
 */
export function kubernetesNeeds(
  world: ClusterWorld,
  identities: readonly SubjectIdentity[],
  uses: readonly TalliedUse[],
  options: NeedsOptions = {},
): KubernetesNeeds {
  const current = askIn(permissionsOf(world, identities));
  const shared = askIn(permissionsOf(world, identities, { of: 'everybodys' }));
  const lists: Record<ListName, TalliedUse[]> = {
    ...{ used: [], everybodys: [], noLongerHeld: [], refused: [], cannotBeSaid: [] },
  };
  const byNamespace = new Map<string, Question[]>();
  for (const use of uses) {
    if (use.did.kind !== 'kubernetes') continue;
    const { question } = use.did;
    const namespace = question.kind === 'resource' ? question.namespace : '';
    if (!use.allowed) lists.refused.push(use);
    else if (shared(namespace)(question)) lists.everybodys.push(use);
    else if (!current(namespace)(question)) lists.noLongerHeld.push(use);
    else if (!canBeSaid(question)) lists.cannotBeSaid.push(use);
    else {
      lists.used.push(use);
      const questions = byNamespace.get(namespace) ?? [];
      byNamespace.set(namespace, questions);
      questions.push(question);
    }
  }
  const rulesIn = (namespace: string, isGranted: (question: Question) => boolean): readonly PolicyRule[] => {
    const needs = { ...options, isHeld: current(namespace), version: world.cluster.version };
    const questions = byNamespace.get(namespace) ?? [];
    return minimalRules(
      questions.flatMap((question) =>
        // The very request may be granted where a rule for any name is not.
        neededRules(question, needs).filter(({ verbs: [verb = ''] }) => !isGranted({ ...question, verb })),
      ),
    );
  };
  const everywhere = rulesIn('', () => false);
  const isEverywhere = askRules(everywhere);
  const places = new Map<
    string,
    { namespaces: string[]; patterns: readonly string[]; rules: readonly PolicyRule[] }
  >();
  for (const namespace of [...byNamespace.keys()].sort()) {
    if (namespace === '') continue;
    const rules = rulesIn(namespace, isEverywhere);
    if (rules.length === 0) continue;
    const key = JSON.stringify(rules);
    const place = places.get(key) ?? { namespaces: [], patterns: [], rules };
    place.namespaces.push(namespace);
    places.set(key, place);
  }
  const needed = { everywhere, places: [...places.values()] };
  const own = permissionsOf(world, identities, { of: 'own' });
  return {
    ...needed,
    used: requestsOf(lists.used),
    everybodys: requestsOf(lists.everybodys),
    noLongerHeld: requestsOf(lists.noLongerHeld),
    refused: requestsOf(lists.refused),
    cannotBeSaid: requestsOf(lists.cannotBeSaid),
    notes: [
      ...new Set(
        lists.used.flatMap(({ did }) => (did.kind === 'kubernetes' ? (notRecorded(did.question) ?? []) : [])),
      ),
    ],
    neverUsed: diffPermissions(own, placedRules(needed)).onlyFirst,
  };
}

type ListName = 'used' | 'everybodys' | 'noLongerHeld' | 'refused' | 'cannotBeSaid';

function askIn(permissions: Permissions): (namespace: string) => (question: Question) => boolean {
  const asked = new Map<string, (question: Question) => boolean>();
  return (namespace) => {
    let ask = asked.get(namespace);
    if (ask === undefined) {
      ask = askRules(permissions.rulesIn(namespace));
      asked.set(namespace, ask);
    }
    return ask;
  };
}

/** Rules of needs as something that can be compared with permissions. */
function placedRules({ everywhere, places }: Pick<KubernetesNeeds, 'everywhere' | 'places'>): PlacedRules {
  return {
    places,
    rulesIn: (namespace) =>
      minimalRules([
        ...everywhere,
        ...places.filter(({ namespaces }) => namespaces.includes(namespace)).flatMap(({ rules }) => rules),
      ]),
  };
}

/** Names that are told of one request. */
const namesTold = 20;

function requestsOf(uses: readonly TalliedUse[]): readonly UsedRequest[] {
  const found = new Map<string, UsedRequest & { names: string[] }>();
  for (const { did, count, firstAt, lastAt } of uses) {
    if (did.kind !== 'kubernetes') continue;
    const { question } = did;
    const plain = question.kind === 'resource' ? { ...question, name: '' } : question;
    const key = JSON.stringify(plain);
    const known = found.get(key) ?? { question: plain, names: [], count: 0, firstAt, lastAt };
    if (question.kind === 'resource' && question.name !== '' && known.names.length < namesTold) {
      if (!known.names.includes(question.name)) known.names.push(question.name);
    }
    found.set(key, {
      ...known,
      count: known.count + count,
      firstAt: Math.min(known.firstAt, firstAt),
      lastAt: Math.max(known.lastAt, lastAt),
    });
  }
  return [...found.values()];
}
