import type { ContextEntry } from '@aws-sdk/client-iam';
import { parseBool } from '../../../engine/iam/comparison.ts';
import { contextKey, type RequestContext } from '../../../engine/iam/request.ts';
import { parseBase64 } from '../../../engine/iam/values/base64.ts';
import { parseDate } from '../../../engine/iam/values/date.ts';
import { parseDecimal } from '../../../engine/iam/values/decimal.ts';
import { parseIpAddress } from '../../../engine/iam/values/ipaddress.ts';
import { validateMember } from '../../validation.ts';
import { invalidInput } from '../errors.ts';

/** Each type and how one value of it must read (iam-facts J23). The plural forms make a key of several values. */
const scalars: Readonly<Record<string, (value: string) => boolean>> = {
  string: () => true,
  numeric: (value) => parseDecimal(value) !== undefined,
  boolean: (value) => parseBool(value) !== undefined,
  ip: (value) => parseIpAddress(value) !== undefined,
  binary: (value) => parseBase64(value) !== undefined,
  date: (value) => parseDate(value) !== undefined,
};

const types: readonly string[] = Object.keys(scalars).flatMap((type) => [type, `${type}List`]);

/** More keys or values than any policy could ask for (limits of ours; the model has none). */
const maxEntries = 1000;
const maxValues = 1000;
const maxValueLength = 4096;

export function contextEntryFailures(entries: readonly ContextEntry[] | undefined): string[] {
  return [
    ...validateMember('contextEntries', entries, { max: maxEntries }),
    ...(entries ?? []).flatMap(({ ContextKeyName, ContextKeyType }, index) => {
      const at = `contextEntries.${index + 1}.member`;
      return [
        ...validateMember(`${at}.contextKeyName`, ContextKeyName, { min: 5, max: 256 }),
        ...validateMember(`${at}.contextKeyType`, ContextKeyType, { enum: types }),
      ];
    }),
  ];
}

/** The condition keys that entries spell out; InvalidInput for a value that is not of its type. */
export function contextOf(entries: readonly ContextEntry[] | undefined): RequestContext {
  const context = new Map<string, string | readonly string[]>();
  for (const {
    ContextKeyName: name = '',
    ContextKeyValues: values = [],
    ContextKeyType: type = 'string',
  } of entries ?? []) {
    const key = contextKey(name);
    if (name === '') throw invalidInput('a context entry needs a ContextKeyName');
    if (context.has(key)) throw invalidInput(`the context key ${name} is given twice`);
    const list = type.endsWith('List');
    const reads = scalars[list ? type.slice(0, -'List'.length) : type];
    const wrong = values.find((value) => value.length > maxValueLength || reads?.(value) !== true);
    if (wrong !== undefined || values.length > maxValues) {
      throw invalidInput(`the values of context key ${name} are not of type ${type}`);
    }
    const [only] = values;
    if (list) context.set(key, values);
    else if (only !== undefined && values.length === 1) context.set(key, only);
    else throw invalidInput(`context key ${name} of type ${type} must have exactly one value`);
  }
  return context;
}
