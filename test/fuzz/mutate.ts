// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import type { Random } from '../differential/random.ts';

/** What policies are made of, and what has broken parsers and matchers before. */
const pieces: readonly [string, ...string[]] = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '*',
  '?',
  '$',
  '${',
  '}',
  '${*}',
  "${a, 'b'}",
  'null',
  'true',
  '0',
  '-',
  '1e9',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '😀',
  '\\u0000',
  '\\ud800',
  '\\u0022',
  '/*',
  '//',
  '\n',
  '\r\n',
  '\t',
  '  ',
  '__proto__',
  'constructor',
  '"Deny"',
  '"Allow"',
  '"Effect":',
  '"NotAction":',
  '"Action":',
  '"Resource":',
  '"NotResource":',
  '"Principal":',
  '"NotPrincipal":',
  '"Condition":{',
  '"StringLike":',
  '"ForAllValues:',
  '"ForAnyValue:',
  'IfExists"',
  '"Null":',
  '"NumericLessThan":',
  '"DateLessThan":',
  '"IpAddress":',
  '"ArnLike":',
  '"BinaryEquals":',
  '"Bool":',
  '"Version":',
  '"Sid":',
  'arn:aws:',
  '::',
  '/0',
  '0.0.0.0/0',
  '1e999999999',
  '99999999999999999999',
  '2026-02-30',
  '2026-11-21T00:00:00Z',
  '::ffff:1.2.3.4',
  'a*a*a*a*b',
  '**',
  'eks:*',
];

/** One to four changes of a text: pieces put in, cut out, doubled, repeated, moved, taken from another text. */
export function mutate(random: Random, text: string, other: string): string {
  let changed = text;
  for (let left = 1 + random.below(4); left > 0; left--) changed = mutateOnce(random, changed, other);
  return changed;
}

function mutateOnce(random: Random, text: string, other: string): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + random.below(24));
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(pieces) + text.slice(to);
    case 2:
      return text.slice(0, at) + text.slice(to);
    case 3:
      return text.slice(0, to) + text.slice(at);
    case 4: {
      const from = random.below(other.length + 1);
      return text.slice(0, at) + other.slice(from, from + random.below(60)) + text.slice(at);
    }
    case 5:
      return text.slice(0, at) + String.fromCharCode(random.below(0x10000)) + text.slice(at + 1);
    case 6:
      return text.slice(0, at) + random.pick(pieces).repeat(1 + random.below(40)) + text.slice(at);
    case 7:
      return replaceString(random, text);
    default:
      // Rarely, something long: where time that is not linear would show.
      if (!random.chance(0.02)) return text.slice(0, at);
      return text.slice(0, at) + random.pick(pieces).repeat(random.below(40_000)) + text.slice(at);
  }
}

/** Another text between two quotes, so that the document stays well-formed and something deeper is reached. */
function replaceString(random: Random, text: string): string {
  const quotes = [...text.matchAll(/"/g)].map(({ index }) => index);
  const which = random.below(Math.max(1, quotes.length - 1));
  const open = quotes[which];
  const close = quotes[which + 1];
  if (open === undefined || close === undefined) return text;
  return text.slice(0, open + 1) + random.pick(pieces).replace(/["\\\n]/g, '') + text.slice(close);
}
