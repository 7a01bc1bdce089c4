/** A small seeded generator (mulberry32): the same seed gives the same run. */
export interface Random {
  /** An integer from 0 to below the bound. */
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Some items, in order, perhaps none. */
  some<Item>(items: readonly Item[], probability?: number): Item[];
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] ?? items[0],
    some: (items, probability = 0.3) => items.filter(() => next() < probability),
  };
}

/** `ENTRYWAY_ROUNDS`, or the default. */
export function roundsOfRun(usual: number): number {
  const given = process.env.ENTRYWAY_ROUNDS;
  return given === undefined || given === '' ? usual : Number.parseInt(given, 10);
}
