import { quote } from '../../engine/rbac/quote.ts';
import { type FieldError, invalidValue } from '../../wire/kube/fielderror.ts';
import { at, type JsonValue, sameJson } from '../../wire/kube/json.ts';
import { qualifiedNameFindings } from '../../wire/kube/names.ts';
import { type CustomScale, findSubresource, type ResourceDefinition } from '../../wire/kube/resources.ts';
import { conformResource, repeatedErrors, resourceErrors } from '../../wire/kube/schema/resource.ts';
import { compileSchema, type Schema } from '../../wire/kube/schema/schema.ts';
import { below } from '../../wire/kube/schema/schemadefaults.ts';
import { validateValue } from '../../wire/kube/schema/validate.ts';
import { badRequest } from '../../wire/kube/status.ts';
import { decodingMessage } from '../../wire/kube/unknownfields.ts';
import type { ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import type { KindRules } from '../resources/kind.ts';

const known = new WeakMap<object, KindRules>();

/** The rules of one version of a custom resource: its schema's. */
export function customRules(resource: ResourceDefinition): KindRules {
  const { custom } = resource;
  if (custom === undefined) return {};
  const found = known.get(custom);
  if (found !== undefined) return found;
  const rules = createRules(resource, compileSchema(custom.schema), custom.scale);
  known.set(custom, rules);
  return rules;
}

function createRules(
  resource: ResourceDefinition,
  schema: Schema,
  scale: CustomScale | undefined,
): KindRules {
  const hasStatus = findSubresource(resource, 'status') !== undefined;
  return {
    counted: true,
    countsStatus: !hasStatus,
    conditionalUpdate: true,
    complete(next) {
      const { resource: conformed, error } = conformResource(schema, next);
      if (error === undefined) return conformed as KubeObject;
      const text = `${error.field}: ${error.text}`;
      throw badRequest(decodingMessage(resource.kind, resource.version, text));
    },
    validate: (next, old) => [
      ...(hasStatus && old !== undefined && isStatusOnly(next, old)
        ? statusErrors(schema, next, old)
        : resourceErrors(schema, next, old)),
      ...(scale === undefined ? [] : scaleErrors(next, scale)),
    ],
    admit: (_, request, next, old) => warnOfFinalizers(request, next, old),
  };
}

/** Whether a write can only have been one of the status. */
function isStatusOnly(next: KubeObject, old: KubeObject): boolean {
  const { status: _, metadata: __, ...others } = next;
  const { status: ___, metadata: ____, ...before } = old;
  return !sameJson(next.status ?? null, old.status ?? null) && sameJson(others, before);
}

/** COMPAT: upstream names fields of the status without it in the sentence, and with it before the sentence. */
function statusErrors(schema: Schema, next: KubeObject, old: KubeObject): readonly FieldError[] {
  const { status } = next;
  const ofStatus = schema.properties.get('status');
  if (status === undefined || ofStatus === undefined) return [];
  return [
    ...validateValue(ofStatus, status, old.status).map((error) => below('status', error)),
    ...repeatedErrors(schema, next, old),
  ];
}

function scaleErrors(object: KubeObject, scale: CustomScale): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const path of [scale.specReplicasPath, scale.statusReplicasPath]) {
    const value = valueAt(object, path);
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      errors.push(
        invalidValue(
          path,
          0,
          `${path} accessor error: ${shown(value)} is of the type ${goType(value)}, expected int64`,
        ),
      );
    } else if (value < 0) errors.push(invalidValue(path, value, 'should be a non-negative integer'));
    else if (value > 2 ** 31 - 1) {
      errors.push(invalidValue(path, value, 'should be less than or equal to 2147483647'));
    }
  }
  const { labelSelectorPath: path } = scale;
  const selector = path === undefined ? undefined : valueAt(object, path);
  if (path !== undefined && selector !== undefined && typeof selector !== 'string') {
    errors.push(
      invalidValue(
        path,
        '',
        `${path} accessor error: ${shown(selector)} is of the type ${goType(selector)}, expected string`,
      ),
    );
  }
  return errors;
}

/** What lies at `.spec.replicas`; undefined where nothing does. */
export function valueAt(object: JsonValue, path: string): JsonValue | undefined {
  return at(object, ...path.replace(/^\./, '').split('.'));
}

function shown(value: JsonValue): string {
  return value === null ? '<nil>' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function goType(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

const standardFinalizers = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** Finalizers that others may take for theirs. */
function warnOfFinalizers({ warn }: ResourceRequest, next: KubeObject, old: KubeObject | undefined): void {
  const before = old?.metadata.finalizers ?? [];
  for (const name of (next.metadata.finalizers ?? []).toSorted()) {
    if (before.includes(name)) continue;
    const text = `metadata.finalizers: ${quote(name)}`;
    for (const finding of qualifiedNameFindings(name)) warn(`${text}: ${finding}`);
    if (name.includes('/') || standardFinalizers.includes(name)) continue;
    const path = name.includes('.') ? ' including a path (/)' : '';
    warn(
      `${text}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
    );
  }
}
