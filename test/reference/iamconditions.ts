/**
 * The slow, obvious reading of Condition blocks and policy variables (iam-facts C and D). `undefined` is a doubt:
 * nobody can say. Nothing is compiled and nothing is shared with the engine.
 */
export type Doubtful = boolean | undefined;
export type ReferenceContext = Readonly<Record<string, string | readonly string[]>>;
export type ReferenceBlock = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const not = (one: Doubtful): Doubtful => (one === undefined ? undefined : !one);
export const any = (all: readonly Doubtful[]): Doubtful =>
  all.includes(true) ? true : all.includes(undefined) ? undefined : false;
export const every = (all: readonly Doubtful[]): Doubtful => not(any(all.map(not)));

export function blockMet(block: ReferenceBlock, context: ReferenceContext, variables: boolean): Doubtful {
  return every(
    Object.entries(block).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => keyMet(operator, key, [values].flat(), context, variables)),
    ),
  );
}

function lookUp(context: ReferenceContext, key: string): string | readonly string[] | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  return Array.isArray(found) && found.length === 0 ? undefined : found;
}

function keyMet(
  text: string,
  key: string,
  values: readonly unknown[],
  context: ReferenceContext,
  variables: boolean,
): Doubtful {
  const set = text.includes(':') ? text.split(':')[0] : undefined;
  const name = text.split(':').at(-1) ?? '';
  const ifExists = name.endsWith('IfExists');
  const bare = name.replace('IfExists', '');
  const negated = bare.includes('Not');
  const positive = bare.replace('Not', '');
  const found = lookUp(context, key);
  if (values.length === 0) return undefined;
  if (positive === 'Null') {
    if (set !== undefined) return undefined;
    return any(
      values.map((v) =>
        bool(String(v)) === undefined ? undefined : bool(String(v)) === (found === undefined),
      ),
    );
  }
  if (found === undefined) {
    if (set === 'ForAllValues') return true;
    if (set === 'ForAnyValue') return ifExists ? undefined : false;
    return ifExists || negated;
  }
  if (set === undefined && typeof found !== 'string') return undefined;
  const judged = [found].flat().map((one) => {
    const matches = any(
      values.map((value) => compare(positive, String(value), one, context, variables, negated)),
    );
    return negated ? not(matches) : matches;
  });
  return set === 'ForAnyValue' ? any(judged) : every(judged);
}

function compare(
  operator: string,
  wanted: string,
  found: string,
  context: ReferenceContext,
  variables: boolean,
  negated: boolean,
): Doubtful {
  // A value of the request that cannot be read does not match; below a negation it is in doubt.
  const read = <T>(a: T | undefined, b: T | undefined, holds: (found: T, wanted: T) => boolean): Doubtful =>
    b === undefined ? undefined : a === undefined ? (negated ? undefined : false) : holds(a, b);
  const ordering = operator.replace(/^(Numeric|Date)/, '');
  const ordered = (a: bigint, b: bigint): boolean =>
    ordering === 'Equals'
      ? a === b
      : ordering === 'LessThan'
        ? a < b
        : ordering === 'LessThanEquals'
          ? a <= b
          : ordering === 'GreaterThan'
            ? a > b
            : a >= b;
  switch (operator) {
    case 'StringEquals':
      return textMatches(wanted, found, context, variables, { wild: false, fold: false });
    case 'StringEqualsIgnoreCase':
      return textMatches(wanted, found, context, variables, { wild: false, fold: true });
    case 'StringLike':
      return textMatches(wanted, found, context, variables, { wild: true, fold: false });
    case 'ArnLike':
    case 'ArnEquals': {
      const pattern = arnSections(
        variables ? wanted.replace(/\$\{[^}]*\}/g, (v) => v.replaceAll(':', '\0')) : wanted,
      );
      if (pattern === undefined) return undefined;
      const value = arnSections(found);
      if (value === undefined) return negated ? undefined : false;
      return every(
        pattern.map((one, at) =>
          textMatches(one.replaceAll('\0', ':'), value[at] ?? '', context, variables, {
            wild: true,
            fold: false,
          }),
        ),
      );
    }
    case 'Bool':
      return read(bool(found), bool(wanted), (a, b) => a === b);
    case 'BinaryEquals':
      return read(bytes(found), bytes(wanted), (a, b) => a === b);
    case 'IpAddress': {
      const range = bits(wanted, true);
      return read(bits(found, false), range, (a, b) => a.family === b.family && a.bits.startsWith(b.bits));
    }
    default:
      return operator.startsWith('Numeric')
        ? read(scaled(found), scaled(wanted), ordered)
        : read(instant(found), instant(wanted), ordered);
  }
}

type Sign = { readonly text: string } | 'star' | 'one';

/** A text of a policy as single signs, variables put in as text; false when one has no value, undefined in doubt. */
function signsOf(
  text: string,
  context: ReferenceContext,
  variables: boolean,
  wild: boolean,
): readonly Sign[] | false | undefined {
  const signs: Sign[] = [];
  let missing = false;
  let doubt = false;
  let rest = text;
  while (rest !== '') {
    if (variables && rest.startsWith('${')) {
      const end = rest.indexOf('}');
      if (end === -1) return undefined;
      const inside = rest.slice(2, end);
      rest = rest.slice(end + 1);
      if (['*', '?', '$'].includes(inside)) {
        signs.push({ text: inside });
        continue;
      }
      const comma = inside.indexOf(',');
      const key = (comma === -1 ? inside : inside.slice(0, comma)).trim();
      const fallback = comma === -1 ? undefined : inside.slice(comma + 1).trim();
      if (!/^[A-Za-z0-9:/-]+$/.test(key) || (fallback !== undefined && !/^'[^']*'$/.test(fallback)))
        return undefined;
      const value = lookUp(context, key);
      if (value !== undefined && typeof value !== 'string') doubt = true;
      else if (value === undefined && fallback === undefined) missing = true;
      else signs.push({ text: value ?? (fallback ?? '').slice(1, -1) });
      continue;
    }
    const first = rest[0] ?? '';
    signs.push(wild && first === '*' ? 'star' : wild && first === '?' ? 'one' : { text: first });
    rest = rest.slice(1);
  }
  return missing ? false : doubt ? undefined : signs;
}

export function textMatches(
  pattern: string,
  value: string,
  context: ReferenceContext,
  variables: boolean,
  { wild, fold }: { readonly wild: boolean; readonly fold: boolean },
): Doubtful {
  const signs = signsOf(pattern, context, variables, wild);
  if (signs === undefined || signs === false) return signs;
  const source = signs
    .map((sign) => (sign === 'star' ? '[^]*' : sign === 'one' ? '[^]' : escapeText(sign.text)))
    .join('');
  return new RegExp(`^${source}$`, fold ? 'i' : '').test(value);
}

const escapeText = (text: string): string => text.replace(/[.*?+^${}()|[\]\\/-]/g, '\\$&');

export function arnSections(arn: string): readonly string[] | undefined {
  const [a = '', b = '', c = '', d = '', e = '', ...rest] = arn.split(':');
  return a === 'arn' && rest.length > 0 ? [a, b, c, d, e, rest.join(':')] : undefined;
}

const bool = (text: string): boolean | undefined =>
  /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;

const bytes = (text: string): string | undefined =>
  Buffer.from(text, 'base64').toString('base64') === text ? text : undefined;

/** A decimal times 10^20; the generated ones have fewer digits. */
function scaled(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,30}(\.\d{1,20})?$/.test(text)) return undefined;
  const [whole = '', fraction = ''] = text.replace('+', '').split('.');
  return BigInt(whole + fraction.padEnd(20, '0'));
}

/** Milliseconds. The generated dates have a zone or are days. */
function instant(text: string): bigint | undefined {
  if (/^\d{5,12}$/.test(text)) return BigInt(text) * 1000n;
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const time = Date.parse(text);
  // There is no 30th of February, whatever `Date` makes of it.
  const day = Date.parse(text.slice(0, 10));
  if (Number.isNaN(time) || new Date(day).getUTCDate() !== Number(text.slice(8, 10))) return undefined;
  return BigInt(time);
}

/** An address as its bits, a range as the bits that count. */
function bits(text: string, range: boolean): { readonly family: 4 | 6; readonly bits: string } | undefined {
  const [address = '', prefix] = text.split('/');
  if (prefix !== undefined && (!range || !/^(0|[1-9]\d*)$/.test(prefix))) return undefined;
  const family = address.includes(':') ? 6 : 4;
  const all = family === 4 ? bitsOf4(address) : bitsOf6(address);
  const length = prefix === undefined ? all?.length : Number(prefix);
  if (all === undefined || length === undefined || length > all.length) return undefined;
  return { family, bits: all.slice(0, length) };
}

function bitsOf4(text: string): string | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  return parts.map((part) => Number(part).toString(2).padStart(8, '0')).join('');
}

function bitsOf6(address: string): string | undefined {
  const dotted = /[0-9.]+\.[0-9.]+$/.exec(address)?.[0] ?? '';
  const tail = bitsOf4(dotted);
  const hex = (from: number): string => Number.parseInt((tail ?? '').slice(from, from + 16), 2).toString(16);
  const text = tail === undefined ? address : `${address.slice(0, -dotted.length)}${hex(0)}:${hex(16)}`;
  const [front = '', back, more] = text.split('::');
  if (more !== undefined) return undefined;
  const groups = (side: string): readonly string[] => (side === '' ? [] : side.split(':'));
  const known = [...groups(front), ...groups(back ?? '')];
  if (known.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  if (back === undefined ? known.length !== 8 : known.length > 7) return undefined;
  const zeros = new Array<string>(8 - known.length).fill('0');
  return [...groups(front), ...zeros, ...groups(back ?? '')]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}
