import type { JSONWebKeySet, JWK } from 'jose';
import { createLocalJWKSet } from 'jose/jwks/local';

/** Finds the one key of a set that a token's header names and that may have signed so; rejects where there is none, or two. */
export type KeyFinder = ReturnType<typeof createLocalJWKSet>;

const sets = new WeakMap<object, JSONWebKeySet>();
const finders = new WeakMap<JSONWebKeySet, KeyFinder>();

/** The keys of a list as a set: the same set for the same list, which nobody changes. What is no key is left out. */
export function keySetOf(list: readonly object[]): JSONWebKeySet {
  const known = sets.get(list) ?? { keys: list.flatMap(asKey) };
  sets.set(list, known);
  return known;
}

/** Importing a key costs more than a signature: it is done once for each set. */
export function keyFinderOf(keys: JSONWebKeySet): KeyFinder {
  const known = finders.get(keys) ?? createLocalJWKSet(keys);
  finders.set(keys, known);
  return known;
}

function asKey(key: object): readonly JWK[] {
  return 'kty' in key && typeof key.kty === 'string' ? [{ ...key, kty: key.kty }] : [];
}
