import type { Tag } from '@aws-sdk/client-sts';
import { inheritedTags } from '../../engine/iam/inheritedtags.ts';
import type { SessionContext, SessionTag } from '../../engine/iam/principal.ts';
import { contextKey } from '../../engine/iam/request.ts';
import { tagFailures, tagKeyFailures } from '../iam/constraints.ts';
import { invalidParameter } from './errors.ts';

/** What a request says about session tags. */
export interface TaggingRequest {
  readonly Tags?: readonly Tag[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

/** Checked session tags; transitive keys are written as in `tags`. */
export interface SessionTagging {
  readonly tags: readonly SessionTag[];
  readonly transitiveTagKeys: readonly string[];
}

export function taggingFailures({ Tags, TransitiveTagKeys }: TaggingRequest): string[] {
  return [
    ...tagFailures(Tags === undefined ? undefined : [...Tags]),
    ...(TransitiveTagKeys === undefined
      ? []
      : tagKeyFailures(TransitiveTagKeys).map((text) => text.replaceAll("'tagKeys", "'transitiveTagKeys"))),
  ];
}

/**
 * The tags passed with a request, for a caller whose session is `session`; throws when they cannot be (iam-facts I7).
 * Keys compare without case. The input has been through `taggingFailures`.
 */
export function passedTagging(
  { Tags = [], TransitiveTagKeys = [] }: TaggingRequest,
  session: SessionContext | undefined,
): SessionTagging {
  const byKey = new Map<string, SessionTag>();
  for (const { Key = '', Value = '' } of Tags) {
    const key = contextKey(Key);
    if (key.startsWith('aws:')) {
      throw invalidParameter("Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (byKey.has(key)) {
      throw invalidParameter('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    byKey.set(key, { Key, Value });
  }
  // SECURITY: what a chain inherits was decided further up; nobody below may say otherwise.
  if ((session?.transitiveTagKeys ?? []).some((key) => byKey.has(contextKey(key)))) {
    throw invalidParameter(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  const transitive = new Set<string>();
  for (const key of TransitiveTagKeys) {
    const tag = byKey.get(contextKey(key));
    if (tag === undefined) {
      throw invalidParameter('The specified transitive tag key must be included in the requested tags.');
    }
    transitive.add(tag.Key);
  }
  return { tags: [...byKey.values()], transitiveTagKeys: [...transitive] };
}

/** With those that the caller's session hands on: transitive tags stay transitive, tags of roles never are (I7). */
export function withInherited(passed: SessionTagging, session: SessionContext | undefined): SessionTagging {
  const inherited = inheritedTags(session);
  return {
    tags: [...inherited, ...passed.tags],
    transitiveTagKeys: [...inherited.map(({ Key }) => Key), ...passed.transitiveTagKeys],
  };
}
