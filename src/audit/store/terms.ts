import { attributeValues } from '../attributes.ts';
import type { TrailAttribute, TrailItem, TrailKind } from '../item.ts';

/**
 * What a chunk can be asked without opening it: the 32-bit hashes of every (kind, account, attribute, value) that
 * occurs in it, sorted. Two values may share a hash, once in some millions: then a chunk is opened for nothing.
 */
export type Terms = Uint32Array<ArrayBuffer>;

/** The hash of a term; without an attribute, of "there is a record of this kind and account". */
export function termOf(
  kind: TrailKind,
  accountId: string,
  attribute?: { readonly key: TrailAttribute; readonly value: string },
): number {
  const owner = hash(`${kind}\n${accountId}`);
  return attribute === undefined ? owner : attributeTerm(owner, attribute.key, attribute.value);
}

export function termsOf(items: readonly TrailItem[]): Terms {
  const found = new Set<number>();
  for (const item of items) {
    const owner = termOf(item.kind, item.accountId);
    found.add(owner);
    for (const [key, value] of attributeValues(item)) found.add(attributeTerm(owner, key, value));
  }
  return Uint32Array.from(found).sort();
}

function attributeTerm(owner: number, key: TrailAttribute, value: string): number {
  return hash(value, hash('\n', hash(key, hash('\n', owner))));
}

export function hasTerm(terms: Terms, term: number): boolean {
  let low = 0;
  let high = terms.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((terms[middle] as number) < term) low = middle + 1;
    else high = middle;
  }
  return terms[low] === term;
}

/** As text in the store: base64 of the hashes, least significant byte first. */
export function encodeTerms(terms: Terms): string {
  const view = new DataView(new ArrayBuffer(terms.length * 4));
  terms.forEach((term, at) => {
    view.setUint32(at * 4, term, true);
  });
  return Buffer.from(view.buffer).toString('base64');
}

export function decodeTerms(text: string): Terms {
  const bytes = Buffer.from(text, 'base64');
  const terms = new Uint32Array(Math.floor(bytes.length / 4));
  for (let at = 0; at < terms.length; at++) terms[at] = bytes.readUInt32LE(at * 4);
  return terms;
}

/** FNV-1a. Whoever makes collisions on purpose makes a look-up read more, nothing else. */
function hash(text: string, start = 0x811c9dc5): number {
  let value = start;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
