import { quote } from '../../engine/rbac/quote.ts';
import { type FieldError, invalidValue, invalidValueIn, required } from './fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue, own } from './json.ts';
import { labelRequirementErrors, valueCountErrors } from './labelselectorerrors.ts';

/**
 * What is wrong with an access review, in the words and the order of pkg/apis/authorization/validation (kubernetes-facts
 * B23 to B25). `minor` is the version of Kubernetes that speaks, 35 for 1.35: from 1.34 on values are shown as JSON.
 */

/** Exactly one of the two attribute blocks. */
export function blockErrors(spec: JsonObject, minor: number): readonly FieldError[] {
  const resource = spec.resourceAttributes ?? undefined;
  const nonResource = spec.nonResourceAttributes ?? undefined;
  if (resource !== undefined && nonResource !== undefined) {
    return [
      invalidValueIn(
        minor,
        'spec.nonResourceAttributes',
        shownPath(nonResource),
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (resource !== undefined || nonResource !== undefined) return [];
  return [
    invalidValueIn(
      minor,
      'spec.resourceAttributes',
      { go: '"null"', json: null },
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
}

/** Somebody to ask about. `groupsMember` is `groups`, in v1beta1 `group`. */
export function userErrors(spec: JsonObject, groupsMember: 'groups' | 'group'): readonly FieldError[] {
  const groups = spec[groupsMember];
  const hasUser = typeof spec.user === 'string' && spec.user !== '';
  if (hasUser || (Array.isArray(groups) && groups.length > 0)) return [];
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')];
}

/** An operator nobody knows yet is let through, so that newer clients are answered. */
export function selectorErrors(spec: JsonObject): readonly FieldError[] {
  return [
    ...errorsOfSelector(spec, 'fieldSelector', fieldRequirementErrors),
    ...errorsOfSelector(spec, 'labelSelector', (requirement, field) =>
      labelRequirementErrors(requirement, field),
    ),
  ];
}

/** Reviews are no objects: they have no name or labels. */
export function metadataIsEmptyErrors(
  metadata: JsonValue | undefined,
  detail: string,
): readonly FieldError[] {
  const isZero = (value: JsonValue): boolean =>
    value === null ||
    value === '' ||
    value === 0 ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  const said = isObject(metadata)
    ? Object.entries(metadata).filter(([member, value]) => member !== 'managedFields' && !isZero(value))
    : [];
  return said.length === 0 ? [] : [invalidValue('metadata', Object.fromEntries(said), detail)];
}

export function namespaceErrors(spec: JsonObject, namespace: string, minor: number): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (isObject(spec.resourceAttributes)) {
    const asked = own(spec.resourceAttributes, 'namespace') ?? '';
    if (asked !== namespace) {
      errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
    }
  }
  const nonResource = spec.nonResourceAttributes ?? undefined;
  if (nonResource !== undefined) {
    errors.push(
      invalidValueIn(
        minor,
        'spec.nonResourceAttributes',
        shownPath(nonResource),
        'disallowed on this kind of request',
      ),
    );
  }
  return errors;
}

/** The API server's internal type, whose fields have no JSON names. */
function shownPath(attributes: JsonValue): { readonly go: string; readonly json: JsonObject } {
  const text = (member: string): string => {
    const value = own(attributes, member);
    return typeof value === 'string' ? value : '';
  };
  const [path, verb] = [text('path'), text('verb')];
  const go = `authorization.NonResourceAttributes{Path:${quote(path)}, Verb:${quote(verb)}}`;
  return { go, json: { Path: path, Verb: verb } };
}

type RequirementErrors = (requirement: JsonValue, field: string) => readonly FieldError[];

function errorsOfSelector(
  spec: JsonObject,
  name: 'fieldSelector' | 'labelSelector',
  requirementErrors: RequirementErrors,
): readonly FieldError[] {
  const selector = at(spec, 'resourceAttributes', name);
  if (!isObject(selector)) return [];
  const field = `spec.resourceAttributes.${name}`;
  const raw = own(selector, 'rawSelector') ?? '';
  const requirements = listOf(own(selector, 'requirements'));
  const errors: FieldError[] = [];
  if (raw !== '' && requirements.length > 0) {
    errors.push(
      invalidValue(`${field}.rawSelector`, raw, 'may not specified at the same time as requirements'),
    );
  }
  if (raw === '' && requirements.length === 0) {
    errors.push(
      required(
        `${field}.requirements`,
        `when ${field} is specified, requirements or rawSelector is required`,
      ),
    );
  }
  requirements.forEach((requirement, index) => {
    errors.push(...requirementErrors(requirement, `${field}.requirements[${index}]`));
  });
  return errors;
}

const fieldRequirementErrors: RequirementErrors = (requirement, field) => {
  const key = own(requirement, 'key') ?? '';
  return [
    ...(key === '' ? [required(`${field}.key`, 'must be specified')] : []),
    ...valueCountErrors(requirement, field),
  ];
};

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
