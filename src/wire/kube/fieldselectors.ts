import { quote } from '../../engine/rbac/quote.ts';
import { at } from './json.ts';
import type { ResourceDefinition } from './resources.ts';
import { badRequest } from './status.ts';

interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All requirements must hold; an empty selector selects everything. */
export type FieldSelector = readonly FieldRequirement[];

const maxLength = 16_384;
const maxRequirements = 256;

function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms.filter((term) => term !== '');
}

function unescapeValue(text: string): string {
  let value = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (char === '\\') {
      index += 1;
      const next = text[index];
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
      }
      value += next;
    } else if (char === ',' || char === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${char}`);
    } else value += char;
  }
  return value;
}

/**
 * Parses `a=b`, `a==b`, `a!=b`, joined by commas; `\\`, `\,` and `\=` stand for themselves in values (E17).
 * @throws KubeStatusError 400 when it does not parse or is longer than the bounds.
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.length > maxLength) throw badRequest(`field selector is longer than ${maxLength} characters`);
  const terms = splitTerms(text);
  if (terms.length > maxRequirements)
    throw badRequest(`field selector has more than ${maxRequirements} terms`);
  return terms.map((term) => {
    const match = /^((?:\\.|[^\\=!]|!(?!=))*)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
  });
}

/** The value a selector pins a field to with `=`; undefined when it does not. */
export function requiredFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((term) => term.field === field && term.operator === '=')?.value;
}

type FieldReader = (object: unknown) => string;

function textAt(...path: readonly string[]): FieldReader {
  return (object) => {
    const value = at(object, ...path);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
  };
}

/** Absent booleans read as false, absent numbers as 0: what the Go value holds. */
function orDefault(fallback: string, ...path: readonly string[]): FieldReader {
  const read = textAt(...path);
  return (object) => read(object) || fallback;
}

const everywhere: Readonly<Record<string, FieldReader>> = {
  'metadata.name': textAt('metadata', 'name'),
  'metadata.namespace': textAt('metadata', 'namespace'),
};

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

function paths(...names: readonly string[]): Readonly<Record<string, FieldReader>> {
  return Object.fromEntries(names.map((name) => [name, textAt(...name.split('.'))]));
}

/** Fields a resource can be selected by beside its name and namespace, by `group/resource` (E17). */
const byResource: Readonly<Record<string, Readonly<Record<string, FieldReader>>>> = {
  '/pods': {
    ...paths(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ),
    'spec.hostNetwork': orDefault('false', 'spec', 'hostNetwork'),
  },
  '/events': {
    ...paths(...involved.map((name) => `involvedObject.${name}`), 'reason', 'reportingComponent', 'type'),
    source: (object) => textAt('source', 'component')(object) || textAt('reportingComponent')(object),
  },
  // Read from events as they are stored, with the names the core group has.
  'events.k8s.io/events': {
    ...Object.fromEntries(involved.map((name) => [`regarding.${name}`, textAt('involvedObject', name)])),
    ...paths('reason', 'type'),
    reportingController: textAt('reportingComponent'),
  },
  '/secrets': paths('type'),
  '/namespaces': paths('status.phase'),
  '/nodes': { 'spec.unschedulable': orDefault('false', 'spec', 'unschedulable') },
  '/services': paths('spec.clusterIP', 'spec.type'),
  '/replicationcontrollers': { 'status.replicas': orDefault('0', 'status', 'replicas') },
  'apps/replicasets': { 'status.replicas': orDefault('0', 'status', 'replicas') },
  'batch/jobs': { 'status.successful': orDefault('0', 'status', 'succeeded') },
  'certificates.k8s.io/certificatesigningrequests': paths('spec.signerName'),
  'resource.k8s.io/resourceslices': paths('spec.driver', 'spec.nodeName'),
};

type Selected = Pick<ResourceDefinition, 'group' | 'resource' | 'custom'>;

function reader(definition: Selected, field: string): FieldReader | undefined {
  if (definition.custom?.selectableFields.includes(`.${field}`) === true) return textAt(...field.split('.'));
  const own = byResource[`${definition.group}/${definition.resource}`];
  if (own !== undefined && Object.hasOwn(own, field)) return own[field];
  return Object.hasOwn(everywhere, field) ? everywhere[field] : undefined;
}

/** A selector whose fields are known for the resource, ready to be asked about objects. */
export interface BoundFieldSelector {
  readonly requirements: FieldSelector;
  matches(object: unknown): boolean;
}

/**
 * Ties a selector to a resource.
 * @throws KubeStatusError 400 for a field the resource cannot be selected by.
 */
export function bindFieldSelector(definition: Selected, selector: FieldSelector): BoundFieldSelector {
  const bound = selector.map((term) => {
    const read = reader(definition, term.field);
    if (read === undefined) {
      // Resources with fields of their own and those without say it differently.
      throw badRequest(
        definition.custom !== undefined ||
          Object.hasOwn(byResource, `${definition.group}/${definition.resource}`)
          ? `field label not supported: ${term.field}`
          : `${quote(term.field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
    return { term, read };
  });
  return {
    requirements: selector,
    matches: (object) =>
      bound.every(({ term, read }) => (read(object) === term.value) === (term.operator === '=')),
  };
}
