import { isObject, type JsonValue } from './json.ts';

/**
 * A value as Go's `%v` prints it, which is how the API server shows a strategic patch it refuses: keys sorted,
 * `map[a:1 b:[x y] c:<nil>]`.
 */
export function goText(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).map(([key, member]) => [key, goText(member)] as const);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([key, text]) => `${key}:${text}`).join(' ')}]`;
}
