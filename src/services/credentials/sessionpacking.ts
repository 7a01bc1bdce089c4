import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SessionTag } from '../../engine/iam/principal.ts';
import type { SessionAttributes, SessionClaims, SessionSubject } from './sessiontoken.ts';

/**
 * Claims as bytes: the format's number, the length of what follows, and the claims as JSON with names of one letter,
 * compressed where they are long. Anything may follow (padding).
 *
 * SECURITY: the secret is compressed together with tags that a caller chose. That tells nothing: it is made for this
 * one token, and who sees the token's length was given the secret with it.
 */
export function packClaims(claims: SessionClaims): Uint8Array {
  const { subject, secretAccessKey, issuedAt, expiresAt, attributes } = claims;
  const { mfaAuthenticatedAt, sourceIdentity, tags = [], transitiveTagKeys = [], policies } = attributes;
  const packed: Packed = {
    s: packSubject(subject),
    k: secretAccessKey,
    t: [issuedAt / 1000, (expiresAt - issuedAt) / 1000],
    m: mfaAuthenticatedAt === undefined ? undefined : Math.floor(mfaAuthenticatedAt / 1000),
    i: sourceIdentity,
    g: tags.length === 0 ? undefined : tags.map(({ Key, Value }) => [Key, Value]),
    y: transitiveTagKeys.length === 0 ? undefined : transitiveTagKeys,
    p: policies && { ...(policies.inline !== undefined && { d: policies.inline }), a: policies.arns },
    f: attributes.federatedProvider,
    w: attributes.webIdentitySubject,
  };
  const text = Buffer.from(JSON.stringify(packed), 'utf8');
  if (text.length > maximumUnpacked)
    throw new RangeError(`session claims of ${text.length} bytes are too long`);
  return text.length <= longestPlain
    ? withHead(plainFormat, text)
    : withHead(compressedFormat, deflateRawSync(text, smallDeflate));
}

function withHead(format: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(format, body.length >> 8, body.length & 255), body]);
}

/** Undefined for another format, and for claims that are not exactly what `packClaims` writes. */
export function unpackClaims(bytes: Uint8Array): SessionClaims | undefined {
  const [format, high = 0, low = 0] = bytes;
  const text = textOf(format, Buffer.from(bytes).subarray(headLength, headLength + (high << 8) + low));
  if (text === undefined) return undefined;
  const packed: unknown = JSON.parse(text.toString('utf8'));
  return isPacked(packed) ? claimsOf(packed) : undefined;
}

function textOf(format: number | undefined, body: Buffer): Buffer | undefined {
  switch (format) {
    case plainFormat:
      return body;
    case compressedFormat:
      return inflateRawSync(body, { maxOutputLength: maximumUnpacked });
    default:
      return undefined;
  }
}

const compressedFormat = 2;
const plainFormat = 3;
/**
 * Bytes that are sealed as they are: compressing is the dearest part of making a session, and pods ask for theirs all at
 * once. Such a token has 1,411 characters at most, far from what a cluster token can carry.
 */
const longestPlain = 1024;
/** For texts of a few kilobytes: clearing the tables for long ones costs more than compressing these. */
export const smallDeflate = { level: 9, chunkSize: 4096, windowBits: 13, memLevel: 6 } as const;
const headLength = 3;

/** Policies of 2,048 characters escaped twice, tags and names are far below it; a bomb is not. */
const maximumUnpacked = 32 * 1024;

/** What the letters stand for: see `packClaims`. */
interface Packed {
  readonly s: readonly string[];
  readonly k: string;
  readonly t: readonly [issuedAt: number, seconds: number];
  readonly m?: number | undefined;
  readonly i?: string | undefined;
  readonly g?: readonly (readonly [key: string, value: string])[] | undefined;
  readonly y?: readonly string[] | undefined;
  readonly p?: { readonly d?: string; readonly a: readonly string[] } | undefined;
  readonly f?: string | undefined;
  readonly w?: string | undefined;
}

function claimsOf(packed: Packed): SessionClaims | undefined {
  const subject = unpackSubject(packed.s);
  if (subject === undefined) return undefined;
  const [issued, seconds] = packed.t;
  const { m, i, g, y, p, f, w } = packed;
  const attributes: SessionAttributes = {
    ...(m !== undefined && { mfaAuthenticatedAt: m * 1000 }),
    ...(i !== undefined && { sourceIdentity: i }),
    ...(g !== undefined && { tags: g.map(([Key, Value]): SessionTag => ({ Key, Value })) }),
    ...(y !== undefined && { transitiveTagKeys: y }),
    ...(p !== undefined && { policies: { ...(p.d !== undefined && { inline: p.d }), arns: p.a } }),
    ...(f !== undefined && { federatedProvider: f }),
    ...(w !== undefined && { webIdentitySubject: w }),
  };
  return {
    subject,
    secretAccessKey: packed.k,
    issuedAt: issued * 1000,
    expiresAt: (issued + seconds) * 1000,
    attributes,
  };
}

function packSubject(subject: SessionSubject): readonly string[] {
  const { accountId } = subject;
  switch (subject.kind) {
    case 'root':
      return ['root', accountId];
    case 'user':
      return ['user', accountId, subject.userName, subject.principalId];
    case 'assumedRole':
      return ['role', accountId, subject.roleName, subject.principalId, subject.sessionName];
    case 'federatedUser':
      return ['federated', accountId, subject.userName, subject.principalId, subject.federatedName];
    default:
      return subject satisfies never;
  }
}

function unpackSubject(packed: readonly string[]): SessionSubject | undefined {
  const [kind, accountId = '', name = '', principalId = '', sessionName = ''] = packed;
  if (packed.length !== subjectLengths.get(kind ?? '')) return undefined;
  switch (kind) {
    case 'root':
      return { kind, accountId };
    case 'user':
      return { kind, accountId, userName: name, principalId };
    case 'role':
      return { kind: 'assumedRole', accountId, roleName: name, principalId, sessionName };
    case 'federated':
      return { kind: 'federatedUser', accountId, userName: name, principalId, federatedName: sessionName };
    default:
      return undefined;
  }
}

const subjectLengths: ReadonlyMap<string, number> = new Map([
  ['root', 2],
  ['user', 4],
  ['role', 5],
  ['federated', 5],
]);

const isText = (value: unknown): value is string => typeof value === 'string';
const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);
const isPair = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  isListOf(value, isItem) && (value as unknown[]).length === 2;
const isOptional = (value: unknown, isValue: (value: unknown) => boolean): boolean =>
  value === undefined || isValue(value);
const hasOnly = (value: unknown, names: string): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).every((name) => name.length === 1 && names.includes(name));

/** SECURITY: a member that is not known may narrow the session; such claims are not understood. */
function isPacked(value: unknown): value is Packed {
  return (
    hasOnly(value, 'sktmigypfw') &&
    isListOf(value.s, isText) &&
    isText(value.k) &&
    isPair(value.t, isSeconds) &&
    isOptional(value.m, isSeconds) &&
    isOptional(value.i, isText) &&
    isOptional(value.g, (tags) => isListOf(tags, (tag) => isPair(tag, isText))) &&
    isOptional(value.y, (keys) => isListOf(keys, isText)) &&
    isOptional(value.p, isPackedPolicies) &&
    isOptional(value.f, isText) &&
    isOptional(value.w, isText)
  );
}

function isPackedPolicies(value: unknown): boolean {
  return hasOnly(value, 'da') && isOptional(value.d, isText) && isListOf(value.a, isText);
}
