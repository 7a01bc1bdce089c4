/** A JSON object from outside, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own members only: a record must not have what every object inherits. */
export function fieldsAt(fields: Fields | undefined, name: string): Fields | undefined {
  const value = member(fields, name);
  return isFields(value) ? value : undefined;
}

/** Undefined for what is no text, and for an empty one. */
export function textAt(fields: Fields | undefined, name: string): string | undefined {
  const value = member(fields, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** '' for none; undefined for what is no text: a record that holds it says something that was not understood. */
export function optionalTextAt(fields: Fields | undefined, name: string): string | undefined {
  const value = member(fields, name) ?? '';
  return typeof value === 'string' ? value : undefined;
}

/** Epoch milliseconds of a moment with its zone; undefined for anything else. */
export function timeAt(fields: Fields | undefined, name: string): number | undefined {
  const text = textAt(fields, name);
  if (text === undefined || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export function listAt(fields: Fields | undefined, name: string): readonly unknown[] {
  const value = member(fields, name);
  return Array.isArray(value) ? value : [];
}

export function textsAt(fields: Fields | undefined, name: string): readonly string[] {
  return listAt(fields, name).filter((value) => typeof value === 'string');
}

function member(fields: Fields | undefined, name: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}
