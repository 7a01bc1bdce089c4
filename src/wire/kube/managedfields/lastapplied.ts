import { isWithinDepth } from '../body.ts';
import { at, isObject, type JsonObject, type JsonValue, put } from '../json.ts';
import { difference, type FieldSet, noFields } from './fieldset.ts';
import { type ApplyRequest, type ApplyResult, applyConfiguration, unchangedFields } from './ownership.ts';

/** Where client-side apply keeps what it applied. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const maximumLength = 256 * 1024;

/**
 * Applies as `kubectl` moves from client-side to server-side apply: what client-side apply set, and nobody changed since,
 * is no conflict, and the annotation, where there is one, goes on to tell what was applied.
 *
 * COMPAT: upstream does this for the manager `kubectl` only, so that other appliers see every conflict.
 */
export function applyForKubectl(request: ApplyRequest): ApplyResult {
  const result = applyConfiguration(request);
  if (request.writer.manager !== 'kubectl' || request.writer.subresource !== '') return result;
  if (result.outcome === 'applied') return withLastApplied(result, request.config);
  const allowed = lastAppliedFields(request);
  if (allowed.size === 0) return result;
  const conflicts = result.conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }))
    .filter(({ fields }) => fields.size > 0);
  if (conflicts.length > 0) return { outcome: 'conflict', conflicts };
  const forced = applyConfiguration({ ...request, force: true });
  return forced.outcome === 'applied' ? withLastApplied(forced, request.config) : forced;
}

function lastAppliedFields({ shape, live }: ApplyRequest): FieldSet {
  const text = at(live, 'metadata', 'annotations', annotation);
  if (typeof text !== 'string' || text.length > maximumLength) return noFields;
  const config = parsed(text);
  return config === undefined ? noFields : unchangedFields(shape, config, live);
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isWithinDepth(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withLastApplied(
  result: Extract<ApplyResult, { outcome: 'applied' }>,
  config: JsonObject,
): ApplyResult {
  const { metadata } = result.object;
  if (!isObject(metadata) || !isObject(metadata.annotations)) return result;
  if (!Object.hasOwn(metadata.annotations, annotation)) return result;
  const { [annotation]: _, ...others } = metadata.annotations;
  const text = `${JSON.stringify(sorted(withoutAnnotation(config)))}\n`;
  const annotations = text.length > maximumLength ? others : { ...others, [annotation]: text };
  return { ...result, object: { ...result.object, metadata: { ...metadata, annotations } } };
}

/** What an annotation says about the configuration is not a part of it. */
function withoutAnnotation(config: JsonObject): JsonObject {
  const { metadata } = config;
  if (!isObject(metadata) || !isObject(metadata.annotations)) return config;
  const { [annotation]: _, ...annotations } = metadata.annotations;
  return { ...config, metadata: { ...metadata, annotations } };
}

/** Keys in order, as Go writes maps. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const result: Record<string, JsonValue> = {};
  for (const key of Object.keys(value).sort()) put(result, key, sorted(value[key] as JsonValue));
  return result;
}
