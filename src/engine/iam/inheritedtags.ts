import type { SessionContext, SessionTag } from './principal.ts';
import { contextKey } from './request.ts';

/** The tags of a session that the next role of a chain inherits: transitive ones, whose keys compare without case (iam-facts I7). */
export function inheritedTags(session: SessionContext | undefined): readonly SessionTag[] {
  const { tags = [], transitiveTagKeys = [] } = session ?? {};
  if (transitiveTagKeys.length === 0) return [];
  const keys = new Set(transitiveTagKeys.map(contextKey));
  return tags.filter(({ Key }) => keys.has(contextKey(Key)));
}
