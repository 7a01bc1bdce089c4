import { hash } from 'node:crypto';

/**
 * The canonical forms of SigV4 (iam-facts K1–K5) for every service but S3. Pure string work on the raw request;
 * nothing is decoded further than the rules ask, so that what was signed is what is compared.
 */
export interface CanonicalInput {
  readonly method: string;
  readonly canonicalUri: string;
  readonly canonicalQuery: string;
  /** Lower case, sorted, each once. */
  readonly signedHeaders: readonly string[];
  /** Raw header lines; names in any case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Lower-case hex SHA-256 of the body. */
  readonly payloadHash: string;
}

export const algorithm = 'AWS4-HMAC-SHA256';
export const terminator = 'aws4_request';
export const emptyPayloadHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

export function payloadHashOf(body: Uint8Array): string {
  return body.length === 0 ? emptyPayloadHash : sha256Hex(body);
}

/** Undefined when a signed header is not in the request: then nothing the client signed can be rebuilt. */
export function canonicalRequest(input: CanonicalInput): string | undefined {
  let headerLines = '';
  for (const name of input.signedHeaders) {
    const value = canonicalHeaderValue(input.headers, name);
    if (value === undefined) return undefined;
    headerLines += `${name}:${value}\n`;
  }
  return [
    input.method,
    input.canonicalUri,
    input.canonicalQuery,
    headerLines,
    input.signedHeaders.join(';'),
    input.payloadHash,
  ].join('\n');
}

export function stringToSign(amzDate: string, scope: string, canonical: string): string {
  return `${algorithm}\n${amzDate}\n${scope}\n${sha256Hex(wireBytes(canonical))}`;
}

/**
 * Header values reach us as Latin-1, one character per byte on the wire, and the client signed the bytes. All other
 * parts of a canonical request are ASCII. Text beyond Latin-1 cannot come from the wire (it is a caller's own string).
 */
function wireBytes(canonical: string): string | Uint8Array {
  if (!/[\u0080-\uffff]/.test(canonical)) return canonical;
  return Buffer.from(canonical, /[\u0100-\uffff]/.test(canonical) ? 'utf8' : 'latin1');
}

/** Repeated headers join with a comma in order of arrival; outer spaces go, inner runs become one (K5). */
function canonicalHeaderValue(
  headers: readonly (readonly [string, string])[],
  name: string,
): string | undefined {
  let joined: string | undefined;
  for (const [key, value] of headers) {
    if (key !== name && key.toLowerCase() !== name) continue;
    const text = trimValue(value);
    joined = joined === undefined ? text : `${joined},${text}`;
  }
  return joined;
}

/** Runs first: a pattern for trailing spaces tries every inner run from each of its places, a second for 31 KB. */
function trimValue(value: string): string {
  const single = value.replace(/[ \t]+/g, ' ');
  return single.slice(
    single.startsWith(' ') ? 1 : 0,
    single.endsWith(' ') && single !== ' ' ? -1 : undefined,
  );
}

/** The path as sent, without dot segments and doubled slashes, each segment encoded once more (K2). */
export function canonicalUri(path: string): string {
  return encodePath(normalisePath(path));
}

export function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~/]+/g, percentEncode);
}

export function normalisePath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

export type RawParameter = readonly [name: string, value: string];

/** Splits a raw query, undecoded. Empty pieces (`a&&b`) are no parameters. */
export function splitQuery(query: string): readonly RawParameter[] {
  if (query === '') return [];
  const parameters: RawParameter[] = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    parameters.push(at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 1)]);
  }
  return parameters;
}

/** Names and values to their one canonical spelling, sorted by name, then value (K4). */
export function canonicalQuery(parameters: readonly RawParameter[]): string {
  return parameters
    .map(([name, value]): RawParameter => [canonicalSpelling(name), canonicalSpelling(value)])
    .sort((a, b) => compareAscii(a[0], b[0]) || compareAscii(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/**
 * Decode and encode again, byte by byte: `%41` is `A`, `:` is `%3A`, `%3a` is `%3A`. Works on bytes and not on text,
 * so escapes that are no UTF-8 keep their identity. A `+` stays a plus sign.
 */
export function canonicalSpelling(raw: string): string {
  if (/^[A-Za-z0-9\-._~]*$/.test(raw)) return raw;
  return raw.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu, (found) => {
    if (found.length !== 3 || found[0] !== '%') return percentEncode(found);
    const decoded = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(decoded) ? decoded : found.toUpperCase();
  });
}

/** Everything but `A-Z a-z 0-9 - . _ ~` as upper-case `%XX` of its UTF-8 bytes (K3). Lone surrogates become U+FFFD. */
export function percentEncode(text: string): string {
  if (/^[A-Za-z0-9\-._~]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
