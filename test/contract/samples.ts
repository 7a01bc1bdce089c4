/**
 * Random values of the SDK's own schemas (protocol-facts 1). Read here once more and apart from tools/schema.ts, so
 * that a member the generator lost is missed by somebody.
 */
export type Schema = readonly unknown[];

/** What a place on the wire cannot say, and samples must therefore not contain. */
export interface Limits {
  /** Empty maps and structures (query protocol, protocol-facts 6). */
  readonly emptyObjects: boolean;
  /**
   * Texts that do not survive XML: control characters have no form there, and the SDK's parser takes white space with
   * a line break for indentation, however it is escaped.
   */
  readonly anyText: boolean;
  readonly fractions: boolean;
}

export type Random = () => number;

/** mulberry32: small, seedable, good enough to pick samples. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function resolve(reference: unknown): unknown {
  let schema = reference;
  while (typeof schema === 'function') schema = schema();
  return schema;
}

const words = [
  'a',
  'Z',
  '0',
  ' ',
  '/',
  ':',
  '%',
  '+',
  '&',
  '=',
  '<',
  '>',
  '"',
  "'",
  ']]>',
  'é',
  '漢',
  '🜁',
  '\t',
  '\n',
  '\r',
  '%2F',
];
const words7bit = [
  'arn:aws:iam::111122223333:role/ops',
  'alice',
  '~',
  '.',
  '..',
  '*',
  '{',
  '}',
  '\\',
  '__proto__',
];

export function createSampler(random: Random, limits: Limits) {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const text = (least: number): string => {
    const all = [...words, ...words7bit, ...(limits.anyText ? ['\u0000', '\u001b'] : [])];
    const made = Array.from({ length: least + below(4) }, () => pick(all)).join('');
    return limits.anyText || made.trim() !== '' || !made.includes('\n') ? made : `${made}.`;
  };

  const scalar = (kind: number): unknown => {
    switch (kind) {
      case 0:
        return text(0);
      case 1:
        return below(2_000_000) - 1_000_000 + (limits.fractions && random() < 0.3 ? 0.5 : 0);
      case 2:
        return random() < 0.5;
      case 4:
        return new Date(below(2_000_000_000) * 1000 + pick([0, 1, 120, 999]));
      case 21:
        return Uint8Array.from({ length: below(20) }, () => below(256));
      default:
        if ((kind & 128) !== 0) return map(kind & ~128);
        if ((kind & 64) !== 0) return list(kind & ~64);
        throw new Error(`no samples of scalar ${kind}`);
    }
  };

  const list = (item: unknown): unknown[] => Array.from({ length: below(4) }, () => value(item));

  const map = (item: unknown): Record<string, unknown> => {
    const entries: Record<string, unknown> = Object.create(null);
    const count = below(3) + (limits.emptyObjects ? 0 : 1);
    for (let index = 0; index < count; index += 1) entries[text(1)] = value(item);
    return entries;
  };

  const structure = (schema: Schema, options: { readonly root: boolean }): Record<string, unknown> => {
    const names = schema[4] as readonly string[];
    const types = schema[5] as readonly unknown[];
    const required = Number(schema[6] ?? 0);
    const result: Record<string, unknown> = {};
    const forced = schema[0] === 4 || !(options.root || limits.emptyObjects) ? below(names.length) : -1;
    names.forEach((name, index) => {
      const chance = schema[0] === 4 ? 0 : 0.5;
      const present = index < required || index === forced || name === 'IsTruncated' || random() < chance;
      if (present) result[name] = member(name, types[index]);
    });
    return result;
  };

  const member = (name: string, type: unknown): unknown => {
    const [reference, traits] = Array.isArray(type) && type.length === 2 ? type : [type, 0];
    if (traits === 1) return `${pick(['x', 'arn:aws:iam::1:role/a b', 'é/%2F+'])}${text(0)}`;
    const sample = value(reference);
    // An empty list has no form in a query string (protocol-facts 7).
    const inQuery = typeof traits === 'object' && 'httpQuery' in traits;
    return inQuery && Array.isArray(sample) && sample.length === 0 ? [name] : sample;
  };

  const value = (reference: unknown): unknown => {
    const schema = resolve(reference);
    if (typeof schema === 'number') return scalar(schema);
    if (!Array.isArray(schema)) throw new Error(`no samples of ${String(schema)}`);
    switch (schema[0]) {
      case 0:
        return value(schema[4]);
      case 1:
        return list(schema[4]);
      case 2:
        return map(schema[5]);
      case 3:
      case 4:
        return structure(schema, { root: false });
      default:
        return value(schema[0]);
    }
  };

  return {
    text,
    /** An input, output or the fields of an error. */
    root: (schema: Schema) => structure(schema, { root: true }),
  };
}
