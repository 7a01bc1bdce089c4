/**
 * What a request has as the value of a key of which nothing is known. It is a list, so that a policy variable that names
 * the key is in doubt, as the engine has it for lists (iam-facts C1); conditions on it are judged in `openpolicy.ts`.
 */
export const openValue: readonly string[] = ['open'];

/** Keys of a request that are known, by the name contexts use (`contextKey`); an empty list: the request does not have it. */
export interface KnownKeys {
  readonly values: ReadonlyMap<string, string | readonly string[]>;
  /** Families (`aws:principaltag/`) of which everything is known: what is not among the values is absent. */
  readonly closed: readonly string[];
}

export const noKeys: KnownKeys = { values: new Map(), closed: [] };

/**
 * The condition keys of a request of which only a part is known: every other key is open. Layers are asked in order. A class
 * because the engine reads contexts as maps and `openReads` counts what it read.
 */
export class OpenContext extends Map<string, string | readonly string[]> {
  readonly #layers: readonly KnownKeys[];
  /** How often an open key was read. */
  openReads = 0;

  constructor(layers: readonly KnownKeys[]) {
    super();
    this.#layers = layers;
  }

  override get(key: string): string | readonly string[] | undefined {
    for (const { values, closed } of this.#layers) {
      const value = values.get(key);
      if (value === openValue) break;
      if (value !== undefined) return value;
      for (const family of closed) if (key.startsWith(family)) return undefined;
    }
    this.openReads++;
    return openValue;
  }
}
