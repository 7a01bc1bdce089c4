import { asObject, type JsonObject } from '../../access/json.ts';

/**
 * The members of an object of untrusted data by type: undefined where absent or null. One of another type is reported and
 * read as absent; of a list the elements of another type are.
 */
export interface Members {
  text(name: string): string | undefined;
  texts(name: string): readonly string[] | undefined;
  boolean(name: string): boolean | undefined;
  object(name: string): JsonObject | undefined;
  objects(name: string): readonly JsonObject[] | undefined;
  textMap(name: string): Readonly<Record<string, string>> | undefined;
  /** Epoch milliseconds, of a date in ISO 8601 or of epoch seconds, as the AWS CLI prints it. */
  time(name: string): number | undefined;
}

/** `what` is how reports call the object: ``role `ops` ``. */
export function membersOf(
  object: JsonObject,
  what: string,
  report: (reason: string, part: unknown) => void,
): Members {
  const memberOf = (name: string): unknown =>
    Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
  const wrong = (name: string, fault: string): undefined => {
    report(`\`${name}\` of ${what} is ${fault}: it is not read`, object);
    return undefined;
  };
  const elements = <Item>(
    name: string,
    fault: string,
    read: (element: unknown) => Item | undefined,
  ): readonly Item[] | undefined => {
    const value = memberOf(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return wrong(name, 'no list');
    return value.flatMap((element: unknown, index) => {
      const item = read(element);
      if (item !== undefined) return [item];
      wrong(`${name}[${index}]`, fault);
      return [];
    });
  };
  const asTextOnly = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    text(name) {
      const value = memberOf(name);
      return value === undefined || typeof value === 'string' ? value : wrong(name, 'no text');
    },
    texts: (name) => elements(name, 'no text', asTextOnly),
    boolean(name) {
      const value = memberOf(name);
      return value === undefined || typeof value === 'boolean'
        ? value
        : wrong(name, 'neither true nor false');
    },
    object(name) {
      const value = memberOf(name);
      return value === undefined ? undefined : (asObject(value) ?? wrong(name, 'no object'));
    },
    objects: (name) => elements(name, 'no object', asObject),
    textMap(name) {
      const value = memberOf(name);
      if (value === undefined) return undefined;
      const map = asObject(value);
      if (map === undefined) return wrong(name, 'no object');
      return Object.fromEntries(
        Object.entries(map).flatMap(([key, text]) => {
          if (typeof text === 'string') return [[key, text] as const];
          wrong(`${name}.${key}`, 'no text');
          return [];
        }),
      );
    },
    time(name) {
      const value = memberOf(name);
      if (value === undefined) return undefined;
      const time =
        typeof value === 'number'
          ? value * 1000
          : typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)
            ? Date.parse(value)
            : Number.NaN;
      // Later than any date that JavaScript knows is no date.
      return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? Math.round(time) : wrong(name, 'no time');
    },
  };
}
