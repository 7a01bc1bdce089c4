import { isDeepStrictEqual } from 'node:util';
import type { PlacedThing } from '../../../../engine/analysis/snapshot/places.ts';
import type { Gap, Place } from '../../../../engine/analysis/snapshot/snapshot.ts';
import type { Fact } from '../../facts.ts';
import type { PlannedEdit } from './changes.ts';

export type FactOf<Kind extends Fact['fact']> = Extract<Fact, { readonly fact: Kind }>;

/** Both sides of an edit, of one kind of fact; one of them is there. */
export interface Sides<Kind extends Fact['fact']> {
  readonly before: FactOf<Kind> | undefined;
  readonly after: FactOf<Kind> | undefined;
}

export function sidesOf<Kind extends Fact['fact']>({ before, after }: PlannedEdit, kind: Kind): Sides<Kind> {
  return { before: isOf(before, kind) ? before : undefined, after: isOf(after, kind) ? after : undefined };
}

function isOf<Kind extends Fact['fact']>(fact: Fact | undefined, kind: Kind): fact is FactOf<Kind> {
  return fact?.fact === kind;
}

/** What editors of a cluster and of an account tell. */
export interface EditTools {
  /** What of an edit does not fit what is there. */
  readonly tell: (edit: PlannedEdit, area: Gap['area'], reason: string) => void;
  readonly addPlace: (thing: PlacedThing, place: Place) => void;
  /** What is there when the plan is applied, epoch milliseconds: whatever it makes is not older. */
  readonly at: number;
}

/** What is told of a thing that an edit is about. */
export interface Standing {
  /** ``the entry of `X` `` */
  readonly name: string;
  readonly isThere: boolean;
  /** What of it is not as the plan found it, in words; empty: nothing. */
  readonly drift: readonly string[];
  /** Whether it is already as it will be. */
  readonly isAsPlanned: boolean;
}

/** Says what is not as the plan found it; answers nothing, because the plan counts all the same. */
export function tellStanding(
  edit: PlannedEdit,
  area: Gap['area'],
  { name, isThere, drift, isAsPlanned }: Standing,
  { tell }: EditTools,
): void {
  if (edit.before === undefined) {
    if (isThere && !isAsPlanned)
      tell(edit, area, `${name}, which it makes, is there already: the plan's counts`);
  } else if (!isThere) {
    const what = edit.after === undefined ? 'takes away' : 'changes';
    tell(edit, area, `${name}, which it ${what}, is not there: make the plan again`);
  } else if (drift.length > 0) {
    const members = drift.map((member) => `\`${member}\``).join(', ');
    tell(edit, area, `${name} has another ${members} than when the plan was made: make it again`);
  }
}

/** Names of the members that `told` has and that are otherwise in `present`; lists of texts count as sets. */
export function differing<Told extends object>(told: Told, present: Partial<Told>): readonly string[] {
  return (Object.keys(told) as (keyof Told & string)[]).filter(
    (name) => told[name] !== undefined && !isDeepStrictEqual(sorted(told[name]), sorted(present[name])),
  );
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value)].sort() : value;
}

/** Without members that are not told: what is there stays. */
export function told<Thing extends object>(
  thing: Thing,
): { [Member in keyof Thing]?: Exclude<Thing[Member], undefined> } {
  const members = Object.entries(thing).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as { [Member in keyof Thing]?: Exclude<Thing[Member], undefined> };
}
