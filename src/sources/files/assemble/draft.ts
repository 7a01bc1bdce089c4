import { isDeepStrictEqual } from 'node:util';
import type { Gap, Place } from '../../../engine/analysis/snapshot/snapshot.ts';

/** Members of one thing, as several documents tell them. */
export interface Draft<Thing> {
  readonly value: { readonly [Member in keyof Thing]?: Thing[Member] };
  /** Where it was told first. */
  readonly place: Place;
  /** Takes the members that are not undefined. What was told differently before is a gap, and the later counts. */
  tell(told: { readonly [Member in keyof Thing]?: Thing[Member] | undefined }, place: Place): void;
}

export type ReportGap = (gap: Gap) => void;

/** `name` is what a gap calls the thing: ``role `ops` ``. */
export function createDraft<Thing extends object>(
  name: string,
  place: Place,
  gap: (reason: string, place: Place) => void,
): Draft<Thing> {
  const value: { [Member in keyof Thing]?: Thing[Member] } = {};
  const places = new Map<string, Place>();
  return {
    value,
    place,
    tell(told, toldAt) {
      for (const member of Object.keys(told) as (keyof Thing & string)[]) {
        const next = told[member];
        if (next === undefined) continue;
        const before = places.get(member);
        if (before !== undefined && !isDeepStrictEqual(value[member], next)) {
          gap(
            `\`${member}\` of ${name} is told differently at ${placeText(before)}: this one counts`,
            toldAt,
          );
        }
        places.set(member, toldAt);
        value[member] = next;
      }
    },
  };
}

/** Things of one kind by key; one that is told twice and differently is a gap, and the later counts. */
export interface Shelf<Thing> {
  put(key: string, thing: Thing, place: Place, name: () => string): void;
  readonly things: ReadonlyMap<string, { readonly thing: Thing; readonly place: Place }>;
}

export function createShelf<Thing>(gap: (reason: string, place: Place) => void): Shelf<Thing> {
  const things = new Map<string, { readonly thing: Thing; readonly place: Place }>();
  return {
    things,
    put(key, thing, place, name) {
      const before = things.get(key);
      if (before !== undefined && !isDeepStrictEqual(before.thing, thing)) {
        gap(`${name()} is also at ${placeText(before.place)}, and differs: this one counts`, place);
      }
      things.set(key, { thing, place });
    },
  };
}

export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** Whether two texts of JSON hold the same, however they are written. */
export function sameDocument(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
  } catch {
    return false;
  }
}
