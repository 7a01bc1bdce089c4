import { at, type JsonObject, type JsonValue, printed } from '../json.ts';
import { age } from './age.ts';

/** Null where there is nothing to show. */
type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  /** `string`, `integer`, `number`, `boolean` or `date`. */
  readonly type: string;
  /** `name` marks the column that identifies the row. */
  readonly format: string;
  /** Absent for Kubernetes' own kinds. */
  readonly description?: string;
  /** 0 always, more only with `-o wide`. */
  readonly priority: number;
  readonly cell: (object: JsonObject, now: Date) => Cell;
}

type Read = (object: JsonObject, now: Date) => Cell;

export function text(name: string, cell: Read): Column {
  return { name, type: 'string', format: '', priority: 0, cell };
}

export function integer(name: string, cell: Read): Column {
  return { name, type: 'integer', format: '', priority: 0, cell };
}

/** The same column, shown only with `-o wide`. */
export function wide(column: Column): Column {
  return { ...column, priority: 1 };
}

export const nameColumn: Column = {
  ...text('Name', (object) => textAt(object, '', 'metadata', 'name')),
  format: 'name',
};

export const ageColumn: Column = text('Age', (object, now) =>
  age(at(object, 'metadata', 'creationTimestamp'), now),
);

export const createdAtColumn: Column = text('Created At', (object) =>
  textAt(object, '<unknown>', 'metadata', 'creationTimestamp'),
);

/** A scalar as text, or `fallback` for what is absent or empty. */
export function textAt(object: unknown, fallback: string, ...path: readonly string[]): string {
  const value = at(object, ...path);
  if (typeof value === 'string') return value === '' ? fallback : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : fallback;
}

export function numberAt(object: unknown, ...path: readonly string[]): number {
  const value = at(object, ...path);
  return typeof value === 'number' ? value : 0;
}

export function listAt(object: unknown, ...path: readonly string[]): readonly JsonValue[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

export function sizeAt(object: unknown, ...path: readonly string[]): number {
  const value = at(object, ...path);
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** `a,b,c`, or `fallback` when the list is empty. */
export function joined(parts: readonly string[], fallback = '<none>'): string {
  return parts.length === 0 ? fallback : parts.join(',');
}

/** `a=b,c=d` of a map of strings. */
export function pairsAt(object: unknown, ...path: readonly string[]): string {
  const value = at(object, ...path);
  if (typeof value !== 'object' || value === null) return '<none>';
  return joined(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, item]) => `${key}=${printed(item)}`),
  );
}

/** A label selector (`matchLabels`, `matchExpressions`) as kubectl prints it. */
export function selectorAt(object: unknown, ...path: readonly string[]): string {
  const labels = pairsAt(object, ...path, 'matchLabels');
  const expressions = listAt(object, ...path, 'matchExpressions').map((one) => {
    const key = textAt(one, '', 'key');
    const values = listAt(one, 'values').map(printed).join(',');
    switch (textAt(one, '', 'operator')) {
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      case 'NotIn':
        return `${key} notin (${values})`;
      default:
        return `${key} in (${values})`;
    }
  });
  return joined([...(labels === '<none>' ? [] : [labels]), ...expressions]);
}
