import { asObject } from '../../access/json.ts';

/** Reads a value of untrusted data, or throws a ShapeFault. */
export type Reader<Value> = (value: unknown) => Value;

/** What is not as it has to be, and where: `clusters[0].accessEntries[3].type`. */
export class ShapeFault extends Error {
  /** From the outside in; filled on the way out. */
  readonly path: string[] = [];
  /** The innermost object or list around it. */
  part: object | undefined;
}

export const text: Reader<string> = (value) => {
  if (typeof value !== 'string') throw new ShapeFault('is no text');
  return value;
};

export const number: Reader<number> = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeFault('is no number');
  return value;
};

export const boolean: Reader<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new ShapeFault('is neither true nor false');
  return value;
};

export function oneOf<const Value extends string>(values: readonly Value[]): Reader<Value> {
  return (value) => {
    const known = values.find((candidate) => candidate === value);
    if (known === undefined)
      throw new ShapeFault(`is none of ${values.map((one) => `\`${one}\``).join(', ')}`);
    return known;
  };
}

/** Text of a form; `what` names it. */
export function textThat(what: string, holds: (text: string) => boolean): Reader<string> {
  return (value) => {
    const read = text(value);
    if (!holds(read)) throw new ShapeFault(`is ${what}`);
    return read;
  };
}

export function list<Item>(read: Reader<Item>, keyOf?: (item: Item) => string): Reader<readonly Item[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new ShapeFault('is no list');
    const keys = new Set<string>();
    return value.map((element: unknown, index) => {
      const item = within(`[${index}]`, value, () => read(element));
      if (keyOf !== undefined) {
        const key = keyOf(item);
        if (keys.has(key)) within(`[${index}]`, value, () => fail('is there twice'));
        keys.add(key);
      }
      return item;
    });
  };
}

/** Any names. */
export function record<Value>(read: Reader<Value>): Reader<Readonly<Record<string, Value>>> {
  return (value) => {
    const source = asObject(value);
    if (source === undefined) throw new ShapeFault('is no object');
    const members = Object.entries(source).map(
      ([name, member]) => [name, within(`.${name}`, source, () => read(member))] as const,
    );
    return Object.fromEntries(members);
  };
}

type Readers<Value> = { readonly [Name in keyof Value]-?: Reader<Exclude<Value[Name], undefined>> };

/** Exactly these members; those named in `optional` may be absent. */
export function object<Value extends object>(
  readers: Readers<Value>,
  optional: readonly OptionalName<Value>[] = [],
): Reader<Value> {
  const names = Object.keys(readers) as (keyof Value & string)[];
  const known = new Set<string>(names);
  const mayMiss = new Set<string>(optional as readonly string[]);
  return (value) => {
    const source = asObject(value);
    if (source === undefined) throw new ShapeFault('is no object');
    for (const name of Object.keys(source)) {
      if (!known.has(name)) within(`.${name}`, source, () => fail('is not known'));
    }
    const read: Partial<Record<keyof Value, unknown>> = {};
    for (const name of names) {
      if (Object.hasOwn(source, name)) {
        read[name] = within(`.${name}`, source, () => readers[name](source[name]));
      } else if (!mayMiss.has(name)) within(`.${name}`, source, () => fail('is missing'));
    }
    return read as Value;
  };
}

type OptionalName<Value> = {
  [Name in keyof Value]-?: undefined extends Value[Name]
    ? Name
    : object extends Pick<Value, Name>
      ? Name
      : never;
}[keyof Value];

/** The value, if it holds; else the fault that `fault` tells. */
export function checked<Value>(
  read: Reader<Value>,
  fault: (value: Value) => string | undefined,
): Reader<Value> {
  return (value) => {
    const found = read(value);
    const message = fault(found);
    if (message !== undefined) throw new ShapeFault(message);
    return found;
  };
}

function fail(message: string): never {
  throw new ShapeFault(message);
}

function within<Value>(segment: string, part: object, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeFault) {
      error.path.unshift(segment);
      error.part ??= part;
    }
    throw error;
  }
}
