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
  return new Map(contexts.flatMap((context) => [...context]));
}

/**
 * What a call tells that gives tags: `aws:RequestTag/KEY` for each, `aws:TagKeys` for all; nothing when it gives none
 * (iam-facts F.1).
 */
export function requestTagKeys(tags: readonly GivenTag[] | undefined): RequestContext {
  const given = (tags ?? []).flatMap(({ Key, Value }) =>
    Key === undefined ? [] : [[Key, Value ?? ''] as const],
  );
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
