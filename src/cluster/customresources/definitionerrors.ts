import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, own, sameJson } from '../../wire/kube/json.ts';
import { dnsLabel1035Findings, dnsSubdomainFindings } from '../../wire/kube/names.ts';
import { listOf, objectOf, textOf, textsOf } from '../../wire/kube/schema/schema.ts';
import type { KubeObject } from '../objects/object.ts';
import { approvalErrors } from './approval.ts';
import { conditionStatus } from './definition.ts';
import { PatternCount, schemaDocumentErrors } from './schemaerrors.ts';
import { versionErrors } from './versionerrors.ts';

/** COMPAT: ours; upstream has no bound but the size of the object. */
const maximumVersions = 100;
/** Short names, and categories. COMPAT: ours; every client that asks what there is gets all of them. */
const maximumNames = 100;

/**
 * Everything a CustomResourceDefinition has against the rules of its kind, in the API server's words and order; its types
 * have been checked, and it is complete.
 */
export function definitionErrors(next: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = objectOf(next, 'spec');
  const group = textOf(spec, 'group');
  const errors: FieldError[] = [
    ...nameErrors(next, spec),
    ...specErrors(spec),
    ...(old === undefined ? [] : immutableErrors(spec, old)),
    ...storedVersionErrors(next, spec),
    ...approvalErrors(group, next, old),
  ];
  if (spec.preserveUnknownFields === true) {
    const detail =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalidValue('spec.preserveUnknownFields', true, detail));
  }
  return errors;
}

function nameErrors({ metadata }: KubeObject, spec: JsonObject): readonly FieldError[] {
  const expected = `${textOf(objectOf(spec, 'names'), 'plural')}.${textOf(spec, 'group')}`;
  const { name = '' } = metadata;
  return name === expected
    ? []
    : [invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
}

function specErrors(spec: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  const group = textOf(spec, 'group');
  const groupFindings = dnsSubdomainFindings(group);
  if (group === '') errors.push(required('spec.group'));
  else if (groupFindings.length > 0) errors.push(invalidValue('spec.group', group, groupFindings.join(',')));
  else if (!group.includes('.')) {
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  const scope = textOf(spec, 'scope');
  if (scope === '') errors.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  errors.push(...versionsErrors(spec));
  const names = objectOf(spec, 'names');
  for (const name of ['plural', 'singular', 'kind', 'listKind']) {
    if (textOf(names, name) === '') errors.push(required(`spec.names.${name}`));
  }
  return [...errors, ...namesErrors(names, 'spec.names'), ...conversionErrors(spec)];
}

/** What the versions say one by one; what all of them say alike is told once, of the spec, as upstream does. */
function versionsErrors(spec: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  const versions = listOf(spec, 'versions').filter(isObject);
  if (versions.length > maximumVersions) return [tooMany('spec.versions', versions.length, maximumVersions)];
  const names = versions.map((version) => textOf(version, 'name'));
  const shared = sharedMembers(versions);
  const patterns = new PatternCount();
  for (const [index, version] of versions.entries()) {
    if (!isObject(own(objectOf(version, 'schema'), 'openAPIV3Schema'))) {
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
    }
  }
  for (const [index, version] of versions.entries()) {
    const findings = dnsLabel1035Findings(names[index] ?? '');
    if (findings.length > 0) {
      errors.push(invalidValue(`spec.versions[${index}].name`, names[index], findings.join(',')));
    }
    errors.push(...versionErrors(version, `spec.versions[${index}]`, shared, { patterns }));
  }
  const [first] = versions;
  if (first !== undefined) {
    if (shared.has('schema')) {
      const hasStatus = versions.some((one) => isObject(own(objectOf(one, 'subresources'), 'status')));
      errors.push(...schemaDocumentErrors(objectOf(first, 'schema'), 'spec.validation', hasStatus));
    }
    const elsewhere = new Set(sharable.filter((member) => member === 'schema' || !shared.has(member)));
    errors.push(...versionErrors(first, 'spec', elsewhere, { isSpec: true }));
  }
  // Upstream reads the first version as the one of the time when there was only one.
  const findings = names[0] === undefined || names[0] === '' ? [] : dnsLabel1035Findings(names[0]);
  if (findings.length > 0) errors.push(invalidValue('spec.version', names[0], findings.join(',')));
  if (new Set(names).size < names.length) {
    errors.push(invalidValue('spec.versions', names, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    const detail = 'must have exactly one version marked as storage version';
    errors.push(invalidValue('spec.versions', names, detail));
  }
  return errors;
}

const sharable: readonly string[] = [
  'schema',
  'subresources',
  'additionalPrinterColumns',
  'selectableFields',
];

/** Members that all versions have alike. */
function sharedMembers(versions: readonly JsonObject[]): ReadonlySet<string> {
  const [first, ...others] = versions;
  const member = (version: JsonObject | undefined, name: string) => own(version, name) ?? null;
  return new Set(
    sharable.filter((name) => others.every((one) => sameJson(member(one, name), member(first, name)))),
  );
}

function namesErrors(names: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['plural', 'singular']) {
    const value = textOf(names, name);
    const findings = value === '' ? [] : dnsLabel1035Findings(value);
    if (findings.length > 0) errors.push(invalidValue(`${path}.${name}`, value, findings.join(',')));
  }
  for (const name of ['kind', 'listKind']) {
    const value = textOf(names, name);
    const findings = value === '' ? [] : dnsLabel1035Findings(value.toLowerCase());
    if (findings.length === 0) continue;
    const detail = `may have mixed case, but should otherwise match: ${findings.join(',')}`;
    errors.push(invalidValue(`${path}.${name}`, value, detail));
  }
  const list = (member: string): void => {
    const values = textsOf(names, member);
    if (values.length > maximumNames) {
      errors.push(tooMany(`${path}.${member}`, values.length, maximumNames));
      return;
    }
    for (const [index, value] of values.entries()) {
      const findings = dnsLabel1035Findings(value);
      if (findings.length > 0)
        errors.push(invalidValue(`${path}.${member}[${index}]`, value, findings.join(',')));
    }
  };
  list('shortNames');
  const kind = textOf(names, 'kind');
  if (kind !== '' && kind === textOf(names, 'listKind')) {
    errors.push(invalidValue(`${path}.listKind`, kind, 'kind and listKind may not be the same'));
  }
  list('categories');
  return errors;
}

/**
 * COMPAT: conversion webhooks are not called here. They are refused rather than stored: a version that cannot be converted
 * would be served with the fields of another one.
 */
function conversionErrors(spec: JsonObject): readonly FieldError[] {
  const conversion = objectOf(spec, 'conversion');
  const strategy = textOf(conversion, 'strategy');
  if (strategy === 'Webhook') {
    const detail =
      'conversion webhooks are not available in a built-in cluster: use None, which changes apiVersion only';
    return [invalidValue('spec.conversion.strategy', strategy, detail)];
  }
  if (strategy !== '' && strategy !== 'None') {
    return [notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook'])];
  }
  const webhook = own(conversion, 'webhook');
  if (!isObject(webhook)) return [];
  const detail = 'should not be set when strategy is not set to Webhook';
  return [
    ...(isObject(webhook.clientConfig)
      ? [forbiddenField('spec.conversion.webhookClientConfig', detail)]
      : []),
    ...(listOf(webhook, 'conversionReviewVersions').length > 0
      ? [forbiddenField('spec.conversion.conversionReviewVersions', detail)]
      : []),
  ];
}

function immutableErrors(spec: JsonObject, old: KubeObject): readonly FieldError[] {
  const before = objectOf(old, 'spec');
  const isEstablished = conditionStatus(objectOf(old, 'status'), 'Established') === 'True';
  const errors: FieldError[] = [];
  const check = (field: string, value: string, earlier: string): void => {
    if (value !== earlier) errors.push(invalidValue(`spec.${field}`, value, 'field is immutable'));
  };
  const name = (of: JsonObject, member: string): string => textOf(objectOf(of, 'names'), member);
  if (isEstablished) {
    check('scope', textOf(spec, 'scope'), textOf(before, 'scope'));
    check('names.kind', name(spec, 'kind'), name(before, 'kind'));
  }
  check('group', textOf(spec, 'group'), textOf(before, 'group'));
  check('names.plural', name(spec, 'plural'), name(before, 'plural'));
  return errors;
}

function storedVersionErrors(next: KubeObject, spec: JsonObject): readonly FieldError[] {
  const path = 'status.storedVersions';
  const stored = textsOf(objectOf(next, 'status'), 'storedVersions');
  if (stored.length === 0) return [invalidValue(path, null, 'must have at least one stored version')];
  if (stored.length > maximumVersions) return [tooMany(path, stored.length, maximumVersions)];
  const errors: FieldError[] = [];
  const versions = listOf(spec, 'versions').filter(isObject);
  for (const version of versions) {
    const name = textOf(version, 'name');
    if (version.storage === true && !stored.includes(name)) {
      errors.push(invalidValue(path, stored, `must have the storage version ${name}`));
    }
  }
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    errors.push(
      invalidValue(
        `${path}[${index}]`,
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    );
  }
  return errors;
}
