import { isIPv6 } from 'node:net';
import { compilePattern, type Pattern } from './pattern.ts';

type Check = (text: string) => boolean;

/** Longer texts have none of the formats but `byte`, `password` and `uri`; the rest is not looked at. */
const maximumLength = 4_096;

const short =
  (check: Check): Check =>
  (text) =>
    text.length <= maximumLength && check(text);

// Every pattern below is anchored and linear, or compiled for linear time.
const matching = (pattern: RegExp): Check => short((text) => pattern.test(text));

const hex = (...lengths: readonly string[]): RegExp =>
  new RegExp(`^${lengths.map((one) => `${one}`).join('-?')}$`, 'i');

let hostnamePattern: Pattern | undefined;

const hostname = short((text) => {
  hostnamePattern ??= compilePattern(
    '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$',
  );
  return (
    hostnamePattern.matches(text) &&
    Buffer.byteLength(text) <= 255 &&
    text.split('.').every((part) => Buffer.byteLength(part) <= 63)
  );
});

function date(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= last;
}

function dateTime(text: string): boolean {
  const [day = '', time = ''] = splitOnce(text.toLowerCase(), 't');
  const match = /^(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null || !date(day)) return false;
  const [, hours = '', minutes = '', seconds = ''] = match;
  return hours <= '23' && minutes <= '59' && seconds <= '59';
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const goDuration =
  /^[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*)$/;
const units = /^(ns|nano|us|µs|micro|ms|milli|s$|sec|m$|min|h$|hr$|hour|d$|day|w$|wk$|week)/;

/** Go's durations, and what Scala writes: `2 days`. */
function duration(text: string): boolean {
  if (goDuration.test(text)) return true;
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => units.test(unit.toLowerCase()));
}

function ipv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,10}$/.test(part) && Number(part) <= 255);
}

const ipv6: Check = (text) => !text.includes('%') && isIPv6(text);

function cidr(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  return ipv4(address) ? Number(length) <= 32 : ipv6(address) && Number(length) <= 128;
}

/** The request form of Go's `net/url`: absolute, or a path from the root. COMPAT: hosts are not looked into. */
const uri: Check = (text) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  !/[\x00-\x20\x7f]/.test(text) &&
  /^(\/|\*$|[A-Za-z][A-Za-z0-9+.-]*:)/.test(text) &&
  !/%(?![0-9A-Fa-f]{2})/.test(text);

/** COMPAT: `name@domain` and `Any Name <name@domain>`; RFC 5322 knows rarer ways. */
function email(text: string): boolean {
  const address = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? text.trim();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  return (
    at > 0 &&
    !/[\s<>@,;:\\"()[\]]/.test(local) &&
    !local.startsWith('.') &&
    !local.endsWith('.') &&
    !local.includes('..') &&
    /^[^\s<>@,;:\\"()]+$/.test(address.slice(at + 1))
  );
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value >= 10 ? (value % 10) + 1 : value;
  }
  return sum % 10 === 0;
}

const cardNumber =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

function creditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  return cardNumber.test(digits) && luhn(digits);
}

function isbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  const values = [...digits].map((digit) => (digit === 'X' ? 10 : Number(digit)));
  return values.reduce((sum, value, index) => sum + (index + 1) * value, 0) % 11 === 0;
}

function isbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(digits)) return false;
  const sum = [...digits.slice(0, 12)].reduce(
    (all, one, index) => all + Number(one) * (index % 2 === 0 ? 1 : 3),
    0,
  );
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

/** Not empty, in whole groups of four, padded at the end alone. */
const base64: Check = (text) =>
  text !== '' && text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const octet = '(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';

/** Formats the API server checks, by their name without dashes; every other is ignored. */
const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: matching(/^[0-9a-fA-F]{24}$/),
  uri,
  email: short(email),
  hostname,
  ipv4: short((text) => ipv4(text) || (text.includes('.') && ipv6(text))),
  ipv6: short(ipv6),
  cidr: short(cidr),
  mac: matching(
    /^([0-9a-f]{2}([:-])[0-9a-f]{2}(\2[0-9a-f]{2}){4}((\2[0-9a-f]{2}){2}|(\2[0-9a-f]{2}){14})?|[0-9a-f]{4}(\.[0-9a-f]{4}){2}((\.[0-9a-f]{4})|(\.[0-9a-f]{4}){7})?)$/i,
  ),
  uuid: matching(hex('[0-9a-f]{8}', '[0-9a-f]{4}', '[0-9a-f]{4}', '[0-9a-f]{4}', '[0-9a-f]{12}')),
  uuid3: matching(hex('[0-9a-f]{8}', '[0-9a-f]{4}', '3[0-9a-f]{3}', '[0-9a-f]{4}', '[0-9a-f]{12}')),
  uuid4: matching(hex('[0-9a-f]{8}', '[0-9a-f]{4}', '4[0-9a-f]{3}', '[89ab][0-9a-f]{3}', '[0-9a-f]{12}')),
  uuid5: matching(hex('[0-9a-f]{8}', '[0-9a-f]{4}', '5[0-9a-f]{3}', '[89ab][0-9a-f]{3}', '[0-9a-f]{12}')),
  isbn: short((text) => isbn10(text) || isbn13(text)),
  isbn10: short(isbn10),
  isbn13: short(isbn13),
  creditcard: short(creditCard),
  ssn: matching(/^(?=.{11}$)\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matching(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matching(new RegExp(`^rgb\\(\\s*${octet}\\s*,\\s*${octet}\\s*,\\s*${octet}\\s*\\)$`)),
  byte: base64,
  password: () => true,
  date: short(date),
  duration: short(duration),
  datetime: short(dateTime),
  // COMPAT: checked from 1.35 on; here in every version.
  k8sshortname: short((text) => text.length <= 63 && new RegExp(`^${label}$`).test(text)),
  k8slongname: short((text) => text.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(text)),
};

/** What checks a format (`date-time`); undefined for one nobody checks, which is legal and ignored. */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(checks, name) ? checks[name] : undefined;
}
