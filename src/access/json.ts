/** Reading stored JSON without trusting its shape. Every reader answers undefined for what it does not expect. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A list of strings; absent and null are the empty list. */
export function asTexts(value: unknown): readonly string[] | undefined {
  return asList(value, asText);
}

/** A list whose elements all read well; absent and null are the empty list. */
export function asList<Item>(
  value: unknown,
  read: (element: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const items: Item[] = [];
  for (const element of value) {
    const item = read(element);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** A map of strings; absent and null are the empty map. */
export function asTextMap(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return {};
  const object = asObject(value);
  if (object === undefined || !Object.values(object).every((text) => typeof text === 'string'))
    return undefined;
  return object as Readonly<Record<string, string>>;
}
