import { commonFields, fieldSummaries } from '../data/fieldsummaries.ts';
import { kindSummaries } from '../kindsummaries.ts';
import { kindsOf } from './kinds.ts';

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** What a field of a message means; undefined where nobody wrote it down. */
export function describeField(owner: string, field: string): string | undefined {
  return own(fieldSummaries, `${owner}.${field}`) ?? own(commonFields[sortOf(owner)], field);
}

function sortOf(owner: string): keyof typeof commonFields {
  if (owner.endsWith('Condition')) return 'condition';
  if (owner.endsWith('Spec')) return 'spec';
  if (owner.endsWith('Status')) return 'status';
  return owner.endsWith('List') ? 'list' : 'object';
}

/** What a message is; every kind has a sentence, the parts of objects that people ask for have one, too. */
export function describeType(type: string): string | undefined {
  const known = own(fieldSummaries, type);
  if (known !== undefined) return known;
  const [only] = kindsOf(type);
  if (only === undefined) return undefined;
  const { kind } = only;
  const listed = kind.endsWith('List') ? kind.slice(0, -'List'.length) : undefined;
  return own(kindSummaries, kind) ?? (listed === undefined ? `${kind}.` : `A list of ${listed} objects.`);
}
