import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { type JsonPath, parseJsonPath } from '../schema/jsonpath.ts';
import { age } from './age.ts';
import { type Column, nameColumn } from './column.ts';

const creationDescription =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

const ageOnly: readonly JsonObject[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: creationDescription },
];

/** COMPAT: ours; definitions people install have ten at most. SECURITY: every row asks each of them. */
export const maximumColumns = 100;

const known = new WeakMap<readonly JsonObject[], readonly Column[]>();

/**
 * The columns of a custom resource: its name, and what the CustomResourceDefinition's `additionalPrinterColumns` say; its
 * age when they say nothing. A path that does not parse ends the columns, as upstream has it.
 */
export function customColumns(declared: readonly JsonObject[]): readonly Column[] {
  const found = known.get(declared);
  if (found !== undefined) return found;
  const columns: Column[] = [nameColumn];
  for (const one of declared.length === 0 ? ageOnly : declared.slice(0, maximumColumns)) {
    const column = customColumn(one);
    if (column === undefined) break;
    columns.push(column);
  }
  known.set(declared, columns);
  return columns;
}

function customColumn(declared: JsonObject): Column | undefined {
  const text = (member: string): string => {
    const value = own(declared, member);
    return typeof value === 'string' ? value : '';
  };
  const jsonPath = text('jsonPath');
  let find: JsonPath;
  try {
    find = parseJsonPath(jsonPath);
  } catch {
    return undefined;
  }
  const type = text('type');
  const priority = own(declared, 'priority');
  return {
    name: text('name'),
    type,
    format: text('format'),
    description: text('description') || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: typeof priority === 'number' ? priority : 0,
    cell(object, now) {
      const [value] = find(object);
      return value === undefined ? null : cellOf(type, value, now);
    },
  };
}

function cellOf(type: string, value: JsonValue, now: Date): string | number | boolean | null {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      return isObject(value) || Array.isArray(value) || value === null
        ? JSON.stringify(value)
        : String(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return value === '' || isTime(value) ? age(value, now) : '<invalid>';
    default:
      return null;
  }
}

function isTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}
