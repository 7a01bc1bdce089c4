/** Text forms of scalars that JSON, forms and XML share. */

/** The request, or an answer, is not what the contract says. The message is for the client. */
export class UnreadableInput extends Error {}

const instantPattern =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** ISO 8601 with a time zone, as query services take it (protocol-facts 8); undefined for anything else. */
export function parseInstant(text: string): Date | undefined {
  const parts = instantPattern.exec(text);
  if (parts === null) {
    return undefined;
  }
  const [year = 0, month = 0, day = 0] = parts.slice(1, 4).map(Number);
  // Date.parse rolls 30 February over to March.
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) {
    return undefined;
  }
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** COMPAT: milliseconds only when they are not zero (protocol-facts 13). */
export function instantText(instant: Date): string {
  return instant.toISOString().replace('.000Z', 'Z');
}

/** Epoch seconds, with a fraction, as JSON carries time. */
export function instantOfSeconds(seconds: number): Date | undefined {
  const instant = new Date(Math.round(seconds * 1000));
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** Canonical base64, with or without its padding. */
export function parseBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  return text === canonical || text === canonical.replace(/=+$/, '') ? new Uint8Array(bytes) : undefined;
}

export function base64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * A whole number. The schemas do not tell integers from fractions, but no input of the four services is a fraction,
 * and a page size of 1.5 or NaN must not reach a handler.
 */
export function parseInteger(text: string): number | undefined {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Strict UTF-8: a replacement character would let two different bodies mean the same name. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new UnreadableInput('the request body is not valid UTF-8');
  }
}

/** Decodes `%XX`, and `+` as a space where forms and query strings write it so. */
export function decodePercent(text: string, options: { readonly plusIsSpace: boolean }): string {
  const spaced = options.plusIsSpace && text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) {
    return spaced;
  }
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new UnreadableInput('the request has an invalid percent-encoding');
  }
}

/** RFC 3986: what encodeURIComponent leaves alone beyond the unreserved characters is encoded too. */
export function encodePercent(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
