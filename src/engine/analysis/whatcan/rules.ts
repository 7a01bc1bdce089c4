import { compileRequest, compileRules, findRule } from '../../authorizer/compiledrules.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { attributesOf, type Question } from '../world/question.ts';
import { indexPieces, intersection, type Piece, piecesOf, widest } from './pieces.ts';

/**
 * The rules in their one minimal form: nothing is said twice, wildcards swallow what they cover, lists are sorted, paths stand
 * apart. Rules that allow the same become the same text. Enormous ones (see `piecesOf`) stay as they are.
 */
export function minimalRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const pieces = piecesOf(rules);
  return pieces === undefined ? [...rules] : joinPieces(widest(pieces));
}

/** Whether the rules allow the question, wherever it is asked: namespaces are the caller's to compare. */
export function rulesAllow(rules: readonly PolicyRule[], question: Question): boolean {
  return askRules(rules)(question);
}

/** The same for many questions: the rules are compiled once. */
export function askRules(rules: readonly PolicyRule[]): (question: Question) => boolean {
  const nobody = { username: '', uid: '', groups: [], extra: {} };
  const compiled = compileRules(rules);
  return (question) => findRule(compiled, compileRequest(attributesOf(question, nobody))) !== undefined;
}

/** A rule that one side has, without what the other side has of it. */
export interface RuleDifference {
  readonly rule: PolicyRule;
  /** Empty: the other side has nothing of it. */
  readonly except: readonly PolicyRule[];
}

/**
 * What `owned` allows and `other` does not: exactly the requests some `rule` allows and none of its `except` does. It
 * compares what rules mean: a list of all verbs one knows is less than `*`, two rules may cover a third.
 */
export function rulesBeyond(
  owned: readonly PolicyRule[],
  other: readonly PolicyRule[],
): readonly RuleDifference[] {
  const mine = piecesOf(owned);
  const theirs = piecesOf(other);
  if (mine === undefined || theirs === undefined) {
    return owned.map((rule) => ({ rule, except: [...other] }));
  }
  const widestOfTheirs = widest(theirs);
  const { covers } = indexPieces(widestOfTheirs);
  const left = widest(mine).filter((piece) => !covers(piece));
  const named = widestOfTheirs.filter((piece) => !('path' in piece) && piece.name !== undefined);
  const shared = (piece: Piece): readonly Piece[] =>
    // What is not covered and has no wildcard shares at most single objects.
    (hasWildcard(piece) ? widestOfTheirs : named).flatMap((one) => intersection(piece, one) ?? []);
  const comparisons = left.reduce(
    (sum, piece) => sum + (hasWildcard(piece) ? widestOfTheirs : named).length,
    0,
  );
  if (comparisons > maximumComparisons) {
    return joinPieces(left).map((rule) => ({ rule, except: [...other] }));
  }
  const whole: Piece[] = [];
  const parts: Piece[] = [];
  for (const piece of left) (shared(piece).length === 0 ? whole : parts).push(piece);
  return [
    ...joinPieces(whole).map((rule) => ({ rule, except: [] })),
    ...joinPieces(parts).map((rule) => {
      const inside = (piecesOf([rule]) ?? []).flatMap(shared);
      return { rule, except: joinPieces(widest(inside)) };
    }),
  ];
}

/** SECURITY: rules of files somebody else wrote must not hold the process for hours. */
const maximumComparisons = 5_000_000;

function hasWildcard(piece: Piece): boolean {
  if ('path' in piece) return piece.verb === '*' || piece.path.endsWith('*');
  return piece.verb === '*' || piece.group === '*' || piece.resource.startsWith('*');
}

/** Pieces as rules, joined where they differ in one list alone: the same pieces become the same text. */
export function joinPieces(pieces: readonly Piece[]): readonly PolicyRule[] {
  const objects = pieces.filter((piece) => !('path' in piece)).map(ruleOf);
  const paths = pieces.filter((piece) => 'path' in piece).map(ruleOf);
  return [
    // The order decides the form: verbs of one resource first, groups of equal resources last.
    ...sortRules(mergeBy(objects, ['verbs', 'resourceNames', 'resources', 'apiGroups'])),
    ...sortRules(mergeBy(paths, ['verbs', 'nonResourceURLs'])),
  ];
}

function ruleOf(piece: Piece): PolicyRule {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if ('path' in piece) return { ...none, verbs: [piece.verb], nonResourceURLs: [piece.path] };
  const { verb, group, resource, name } = piece;
  const resourceNames = name === undefined ? [] : [name];
  return { ...none, verbs: [verb], apiGroups: [group], resources: [resource], resourceNames };
}

type List = keyof PolicyRule;
const lists = ['apiGroups', 'resources', 'resourceNames', 'nonResourceURLs', 'verbs'] as const;

/** Joins rules that differ in one list alone, list after list. */
function mergeBy(rules: readonly PolicyRule[], order: readonly List[]): readonly PolicyRule[] {
  let merged = rules;
  for (const list of order) {
    const byRest = new Map<string, { readonly rule: PolicyRule; readonly values: Set<string> }>();
    for (const rule of merged) {
      // A rule for any object is not one more name.
      const isAny = list === 'resourceNames' && rule.resourceNames.length === 0;
      const rest = JSON.stringify([isAny, lists.filter((one) => one !== list).map((one) => rule[one])]);
      const known = byRest.get(rest);
      if (known === undefined) byRest.set(rest, { rule, values: new Set(rule[list]) });
      else for (const value of rule[list]) known.values.add(value);
    }
    const compare = list === 'verbs' ? compareVerbs : compareText;
    merged = [...byRest.values()].map(({ rule, values }) => ({ ...rule, [list]: [...values].sort(compare) }));
  }
  return merged;
}

function sortRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const keyed = rules.map((rule) => ({ rule, key: JSON.stringify(lists.map((list) => rule[list])) }));
  return keyed.sort((one, other) => compareText(one.key, other.key)).map(({ rule }) => rule);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

const usualVerbs = ['*', 'get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** The usual verbs as people name them, then the others by name. */
export function compareVerbs(one: string, other: string): number {
  const rank = (verb: string): number =>
    usualVerbs.includes(verb) ? usualVerbs.indexOf(verb) : usualVerbs.length;
  return rank(one) - rank(other) || compareText(one, other);
}
