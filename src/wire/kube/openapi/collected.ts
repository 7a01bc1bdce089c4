import { messageNameOf } from '../messages.ts';
import type { ResourceDefinition } from '../resources.ts';
import { listType } from './kinds.ts';
import { type Dialect, type NamedSchema, schemaOf } from './schemas.ts';

/** In every document, whatever it serves. */
const sharedTypes = ['meta.v1.DeleteOptions', 'meta.v1.Patch', 'meta.v1.Status', 'meta.v1.WatchEvent'];

/** The messages the operations of these resources speak of, and those of every document. */
export function rootTypes(definitions: readonly ResourceDefinition[]): readonly string[] {
  const types = definitions.flatMap((one) => [
    one.messageType,
    listType(one),
    ...one.subresources
      .filter(({ kind }) => !kind.endsWith('Options'))
      .map(({ group, version, kind }) => messageNameOf(group, version, kind)),
  ]);
  return [...sharedTypes, ...types.filter((type) => type !== undefined)];
}

/** The components for these messages and for all they refer to, each once: added to those that were found before. */
export function collectSchemas(
  types: readonly string[],
  dialect: Dialect,
  found: Map<string, NamedSchema> = new Map(),
): readonly NamedSchema[] {
  let wanted = types;
  while (wanted.length > 0) {
    const next: string[] = [];
    for (const type of wanted) {
      if (found.has(type)) continue;
      const schema = schemaOf(type, dialect);
      found.set(type, schema);
      next.push(...schema.types);
    }
    wanted = next;
  }
  return [...found.values()];
}
