import type { PolicyRule } from '../../rbac/rules.ts';
import type { TalliedUse } from '../usage/tally.ts';
import { diffPermissions, type PlaceDifference, type PlacedRules } from '../whatcan/diff.ts';
import { type Permissions, permissionsOf } from '../whatcan/permissions.ts';
import { askRules, minimalRules } from '../whatcan/rules.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';

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
  /** What was allowed then and is not now: it is in no proposal. */
  readonly noLongerHeld: readonly UsedRequest[];
  readonly refused: readonly UsedRequest[];
  readonly neverUsed: readonly PlaceDifference[];
}

export interface NeedsOptions {
  /** Whoever read something gets all of get, list and watch of it that it has now. */
  readonly roundUp?: boolean | undefined;
  /** Limit rules to the objects that were named. */
  readonly names?: boolean | undefined;
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
  const byNamespace = new Map<string, PolicyRule[]>();
  const lists = { used: [], everybodys: [], noLongerHeld: [], refused: [] } as Record<ListName, TalliedUse[]>;
  for (const use of uses) {
    if (use.did.kind !== 'kubernetes') continue;
    const { question } = use.did;
    const namespace = question.kind === 'resource' ? question.namespace : '';
    if (!use.allowed) lists.refused.push(use);
    else if (shared(namespace)(question)) lists.everybodys.push(use);
    else if (!current(namespace)(question)) lists.noLongerHeld.push(use);
    else {
      lists.used.push(use);
      const rules = byNamespace.get(namespace) ?? [];
      byNamespace.set(namespace, rules);
      rules.push(...neededRules(question, current(namespace), options));
    }
  }
  const everywhere = minimalRules(byNamespace.get('') ?? []);
  const isEverywhere = askRules(everywhere);
  const places = new Map<
    string,
    { namespaces: string[]; patterns: readonly string[]; rules: readonly PolicyRule[] }
  >();
  for (const namespace of [...byNamespace.keys()].sort()) {
    if (namespace === '') continue;
    const own = (byNamespace.get(namespace) ?? []).filter((rule) => !isEverywhere(questionOf(rule)));
    const rules = minimalRules(own);
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
    neverUsed: diffPermissions(own, placedRules(needed)).onlyFirst,
  };
}

type ListName = 'used' | 'everybodys' | 'noLongerHeld' | 'refused';

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

const readVerbs = ['get', 'list', 'watch'];

/** Rules of one verb of one thing each. */
function neededRules(
  question: Question,
  isHeld: (question: Question) => boolean,
  { roundUp, names }: NeedsOptions,
): readonly PolicyRule[] {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if (question.kind === 'nonResource') {
    return [{ ...none, verbs: [question.verb], nonResourceURLs: [question.path] }];
  }
  const { verb, apiGroup, resource, subresource, name } = question;
  const target = subresource === '' ? resource : `${resource}/${subresource}`;
  // Whoever has single objects only must not come to have them all.
  const isNamed = name !== '' && (names === true || !isHeld({ ...question, name: '' }));
  const asked = isNamed ? name : '';
  const verbs = roundUp && readVerbs.includes(verb) ? readVerbs : [verb];
  return verbs
    .filter((one) => one === verb || isHeld({ ...question, verb: one, name: asked }))
    .map((one) => ({
      ...{ verbs: [one], apiGroups: [apiGroup], resources: [target] },
      ...{ resourceNames: isNamed ? [name] : [], nonResourceURLs: [] },
    }));
}

/** The request that a rule of one thing allows. */
function questionOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Question {
  const [verb = ''] = verbs;
  const [path] = nonResourceURLs;
  if (path !== undefined) return { kind: 'nonResource', verb, path };
  const [target = ''] = resources;
  const slash = target.indexOf('/');
  return {
    ...{ kind: 'resource', verb, apiGroup: apiGroups[0] ?? '', namespace: '', name: resourceNames[0] ?? '' },
    resource: slash < 0 ? target : target.slice(0, slash),
    subresource: slash < 0 ? '' : target.slice(slash + 1),
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
