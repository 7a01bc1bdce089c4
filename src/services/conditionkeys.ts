import { contextKey, type RequestContext } from '../engine/iam/request.ts';
import type { TargetResource } from './operation.ts';

/** Tags as they stand in requests and records alike; members of a request may be missing before it is validated. */
interface GivenTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** One condition key; no key when there is no value. */
export function conditionKey(name: string, value: string | undefined): RequestContext {
  return new Map(value === undefined ? [] : [[contextKey(name), value]]);
}

/** All of them together. */
export function joinKeys(...contexts: readonly RequestContext[]): RequestContext {
  const joined = new Map<string, string | readonly string[]>();
  for (const context of contexts) for (const [key, value] of context) joined.set(key, value);
  return joined;
}

/**
 * What a call tells that gives tags: `aws:RequestTag/KEY` for each, `aws:TagKeys` for all; nothing when it gives none
 * (iam-facts F.1).
 */
export function requestTagKeys(tags: readonly GivenTag[] | undefined): RequestContext {
  // One more than `isOversized` lets pass: whoever sends a hundred thousand is refused without looking at them all.
  const looked = (tags ?? []).slice(0, mostValues + 1);
  const given = looked.flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? ''] as const]));
  return joinKeys(
    new Map(given.map(([key, value]) => [contextKey(`aws:RequestTag/${key}`), value])),
    tagKeysKey(given.map(([key]) => key)),
  );
}

/** What a call tells that takes tags away: `aws:TagKeys`. */
export function tagKeysKey(keys: readonly string[] | undefined): RequestContext {
  return new Map(keys === undefined || keys.length === 0 ? [] : [[contextKey('aws:TagKeys'), [...keys]]]);
}

/** What the tags of a resource tell, under each prefix its service knows: `aws:ResourceTag/KEY`. */
export function resourceTagKeys(
  tags: readonly GivenTag[],
  prefixes: readonly string[] = ['aws:ResourceTag/'],
): RequestContext {
  return new Map(
    prefixes.flatMap((prefix) =>
      tags.flatMap(({ Key, Value = '' }) =>
        Key === undefined ? [] : [[contextKey(prefix + Key), Value] as const],
      ),
    ),
  );
}

/** A resource of a target with its keys; the bare ARN when it has none. */
export function resourceWithKeys(arn: string, context: RequestContext): TargetResource {
  return context.size === 0 ? arn : { arn, context };
}

const longestValue = 4096;
const mostValues = 1000;
/** Of all values together: 500 namespaces of 253 characters are the longest that any operation takes. */
const mostCharacters = 131_072;

/**
 * SECURITY: what a call says of itself is validated after permission, so it may be as long as a request; comparing a
 * megabyte, or a hundred thousand values, with every pattern of a policy would take seconds in which nobody else is
 * served. No value that is valid is as long.
 */
export function isOversized(context: RequestContext): boolean {
  if (context.size > mostValues) return true;
  let characters = 0;
  for (const value of context.values()) {
    const texts = typeof value === 'string' ? [value] : value;
    if (texts.length > mostValues) return true;
    for (const { length } of texts) {
      if (length > longestValue) return true;
      characters += length;
    }
  }
  return characters > mostCharacters;
}
