import { type JsonValue, own } from '../json.ts';
import { badRequest } from '../status.ts';

interface Lists {
  /** The list after the merge, in any order. */
  readonly merged: readonly JsonValue[];
  /** What the patch sets. */
  readonly change: readonly JsonValue[];
  /** The list before. */
  readonly before: readonly JsonValue[];
  /** The value of `$setElementOrder/…`. */
  readonly order: readonly JsonValue[];
}

type Identify = (item: JsonValue) => string;

function positions(items: readonly JsonValue[], identify: Identify): ReadonlyMap<string, number> {
  return new Map(items.map((item, index) => [identify(item), index]));
}

function sortedBy(
  items: readonly JsonValue[],
  position: ReadonlyMap<string, number>,
  identify: Identify,
): JsonValue[] {
  const rank = (item: JsonValue): number => position.get(identify(item)) ?? position.size;
  return [...items].sort((left, right) => rank(left) - rank(right));
}

/**
 * Elements the client knows take the client's order; elements only the server knows keep theirs, and go in front of a
 * client's element only where the old list had them so.
 */
function ordered(lists: Lists, identify: Identify): readonly JsonValue[] {
  const wanted = positions(lists.order, identify);
  const old = positions(lists.before, identify);
  // The order list covers everything the patch sets, in the same relative order; else the client is confused.
  const ranks = lists.change
    .filter((item) => own(item, '$patch') === undefined)
    .map((item) => wanted.get(identify(item)) ?? -1);
  if (ranks.some((rank, index) => rank < 0 || (index > 0 && rank < (ranks[index - 1] ?? 0)))) {
    throw badRequest("the order in the patch list doesn't match the $setElementOrder list");
  }
  const isWanted = (item: JsonValue): boolean => wanted.has(identify(item));
  const left = sortedBy(
    lists.merged.filter((item) => !isWanted(item)),
    old,
    identify,
  );
  const right = sortedBy(lists.merged.filter(isWanted), wanted, identify);
  const result: JsonValue[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const fromLeft = left[l];
    const fromRight = right[r];
    const leftAt = fromLeft === undefined ? undefined : old.get(identify(fromLeft));
    const rightAt = fromRight === undefined ? undefined : old.get(identify(fromRight));
    const takesLeft =
      fromRight === undefined || (leftAt !== undefined && rightAt !== undefined && leftAt < rightAt);
    if (takesLeft && fromLeft !== undefined) {
      result.push(fromLeft);
      l += 1;
    } else if (fromRight !== undefined) {
      result.push(fromRight);
      r += 1;
    }
  }
  return result;
}

export function orderedMaps(lists: Lists, key: string): readonly JsonValue[] {
  return ordered(lists, (item) => JSON.stringify(own(item, key) ?? null));
}

export function orderedPrimitives(lists: Lists): readonly JsonValue[] {
  return ordered(lists, (item) => JSON.stringify(item));
}
