import type { FieldError } from './fielderror.ts';
import { forbiddenField, invalidValue, required, tooLong } from './fielderror.ts';
import { isObject, own } from './json.ts';
import type { ResourceDefinition } from './resources.ts';

/** What is wrong with a value, in Kubernetes' words (E7); empty when nothing is. */
export type Findings = readonly string[];

const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const qualifiedFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const valueFormat = `(${qualifiedFormat})?`;
const configKeyFormat = '[-._a-zA-Z0-9]+';

// Every pattern below is anchored, linear, and only used after a length check.
const letterLabelFormat = '[a-z]([-a-z0-9]*[a-z0-9])?';
const letterLabelPattern = new RegExp(`^${letterLabelFormat}$`);
const labelPattern = new RegExp(`^${labelFormat}$`);
const subdomainPattern = new RegExp(`^${subdomainFormat}$`);
const qualifiedPattern = new RegExp(`^${qualifiedFormat}$`);
const valuePattern = new RegExp(`^${valueFormat}$`);
const configKeyPattern = new RegExp(`^${configKeyFormat}$`);

function explain(message: string, format: string, ...examples: readonly string[]): string {
  return `${message} (e.g. ${examples.map((one) => `'${one}', `).join(' or ')}regex used for validation is '${format}')`;
}

const labelMessage = explain(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  labelFormat,
  'my-name',
  '123-abc',
);
const letterLabelMessage = explain(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  letterLabelFormat,
  'my-name',
  'abc-123',
);
const subdomainMessage = explain(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomainFormat,
  'example.com',
);
const qualifiedMessage = explain(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedFormat,
  'MyName',
  'my.name',
  '123-abc',
);
const valueMessage = explain(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  valueFormat,
  'MyValue',
  'my_value',
  '12345',
);
const configKeyMessage = explain(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configKeyFormat,
  'key.name',
  'KEY_NAME',
  'key-name',
);

function tooManyBytes(max: number): string {
  return `must be no more than ${max} bytes`;
}

/** Longer values are not matched at all: their one finding is the length. */
function checked(value: string, max: number, match: (value: string) => Findings): Findings {
  return value.length > max ? [tooManyBytes(max)] : match(value);
}

export function dnsLabelFindings(value: string): Findings {
  return checked(value, 63, (text) => {
    if (labelPattern.test(text)) return [];
    return [subdomainPattern.test(text) ? 'must not contain dots' : labelMessage];
  });
}

/** Labels that begin with a letter: names of resources, kinds (in lower case) and API versions. */
export function dnsLabel1035Findings(value: string): Findings {
  return [
    ...(value.length > 63 ? [tooManyBytes(63)] : []),
    ...(letterLabelPattern.test(value) ? [] : [letterLabelMessage]),
  ];
}

export function dnsSubdomainFindings(value: string): Findings {
  return checked(value, 253, (text) => (subdomainPattern.test(text) ? [] : [subdomainMessage]));
}

/** The rule of RBAC names: `system:node` is legal, `a/b` is not. */
export function pathSegmentFindings(value: string): Findings {
  if (value === '.') return ["may not be '.'"];
  if (value === '..') return ["may not be '..'"];
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

export function isPathSegmentName(value: string): boolean {
  return pathSegmentFindings(value).length === 0;
}

/** Keys of labels, annotations and finalizers: `name` or `prefix/name`. */
export function qualifiedNameFindings(value: string): Findings {
  const parts = value.split('/', 3);
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const findings: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') findings.push('prefix part must be non-empty');
    else findings.push(...dnsSubdomainFindings(prefix).map((text) => `prefix part ${text}`));
  }
  if (name === '') findings.push('name part must be non-empty');
  else if (name.length > 63) findings.push(`name part ${tooManyBytes(63)}`);
  else if (!qualifiedPattern.test(name)) findings.push(`name part ${qualifiedMessage}`);
  return findings;
}

export function labelValueFindings(value: string): Findings {
  return checked(value, 63, (text) => (valuePattern.test(text) ? [] : [valueMessage]));
}

/** Keys of ConfigMap and Secret data. */
export function configKeyFindings(value: string): Findings {
  return checked(value, 253, (text) => {
    if (!configKeyPattern.test(text)) return [configKeyMessage];
    if (text === '.') return ["must not be '.'"];
    if (text === '..') return ["must not be '..'"];
    return text.startsWith('..') ? ["must not start with '..'"] : [];
  });
}

const maxRbacName = 512;
const unaddressableMessage = `must be well-formed text of no more than ${maxRbacName} characters without control characters`;

/**
 * SECURITY: a path with control characters or of many thousand characters is refused, so a binding of such a name
 * could be made and then neither be read nor deleted by it.
 * COMPAT: Kubernetes has no such rule.
 */
function isAddressable(name: string): boolean {
  return name.length <= maxRbacName && name.isWellFormed() && !/\p{Cc}/u.test(name);
}

/** The name rule of a resource (E7). */
export function nameFindings(definition: ResourceDefinition, name: string): Findings {
  if (definition.group === 'rbac.authorization.k8s.io') {
    return isAddressable(name) ? pathSegmentFindings(name) : [unaddressableMessage];
  }
  if (definition.group === '' && ['namespaces', 'services'].includes(definition.resource)) {
    return dnsLabelFindings(name);
  }
  return dnsSubdomainFindings(name);
}

const maxGeneratedBase = 58;
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** E4. `randomByte` gives uniform bytes 0–255; bytes past the last whole multiple of the alphabet are drawn again. */
export function generateName(base: string, randomByte: () => number): string {
  const limit = 256 - (256 % suffixAlphabet.length);
  let suffix = '';
  while (suffix.length < 5) {
    const byte = randomByte();
    if (byte < limit) suffix += suffixAlphabet[byte % suffixAlphabet.length];
  }
  return base.slice(0, maxGeneratedBase) + suffix;
}

/** Whether `generateName` could have made the name of that base. */
export function isGeneratedName(name: string, base: string): boolean {
  const start = base.slice(0, maxGeneratedBase);
  return name.startsWith(start) && name.length === start.length + 5;
}

const maxAnnotationBytes = 262_144;

function mapErrors(
  value: unknown,
  field: string,
  check: (key: string, text: string) => readonly FieldError[],
): readonly FieldError[] {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) return [invalidValue(field, value, 'must be an object')];
  return Object.entries(value).flatMap(([key, text]) =>
    typeof text === 'string' ? check(key, text) : [invalidValue(`${field}.${key}`, text, 'must be a string')],
  );
}

/** Of a map of labels: those of an object, or of a selector. */
export function labelErrors(labels: unknown, field = 'metadata.labels'): readonly FieldError[] {
  return mapErrors(labels, field, (key, value) => [
    ...qualifiedNameFindings(key).map((text) => invalidValue(field, key, text)),
    ...labelValueFindings(value).map((text) => invalidValue(field, value, text)),
  ]);
}

function annotationErrors(annotations: unknown, field = 'metadata.annotations'): readonly FieldError[] {
  let size = 0;
  const errors = mapErrors(annotations, field, (key, value) => {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
    // Annotation keys are compared in lower case: `Example.com/a` is legal here and nowhere else.
    return qualifiedNameFindings(key.toLowerCase()).map((text) => invalidValue(field, key, text));
  });
  return size > maxAnnotationBytes ? [...errors, tooLong(field, maxAnnotationBytes)] : errors;
}

/** What is wrong with the metadata of a resource that stands inside another one; any name will do, and none. */
export function embeddedMetadataErrors(metadata: unknown, field: string): readonly FieldError[] {
  const name = own(metadata, 'name');
  const namespace = own(metadata, 'namespace');
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  return [
    ...(isText(name)
      ? pathSegmentFindings(name).map((text) => invalidValue(`${field}.name`, name, text))
      : []),
    ...(isText(namespace)
      ? dnsLabelFindings(namespace).map((text) => invalidValue(`${field}.namespace`, namespace, text))
      : []),
    ...labelErrors(own(metadata, 'labels'), `${field}.labels`),
    ...annotationErrors(own(metadata, 'annotations'), `${field}.annotations`),
  ];
}

/**
 * What is wrong with `metadata` of an object about to be stored: name or generateName, namespace, labels, annotations.
 * The name is expected to be generated already where generateName asks for it.
 */
export function metadataErrors(definition: ResourceDefinition, metadata: unknown): readonly FieldError[] {
  const errors: FieldError[] = [];
  const name = own(metadata, 'name');
  const base = own(metadata, 'generateName');
  if (typeof base === 'string' && base !== '') {
    // A trailing dash is legal in a base: the suffix follows it.
    const findings = nameFindings(definition, base.replace(/-$/, 'a').slice(0, maxGeneratedBase));
    errors.push(...findings.map((text) => invalidValue('metadata.generateName', base, text)));
  }
  if (typeof name !== 'string' || name === '') {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else {
    errors.push(...nameFindings(definition, name).map((text) => invalidValue('metadata.name', name, text)));
  }
  const namespace = own(metadata, 'namespace');
  if (definition.namespaced) {
    if (typeof namespace !== 'string' || namespace === '') errors.push(required('metadata.namespace'));
    else
      errors.push(
        ...dnsLabelFindings(namespace).map((text) => invalidValue('metadata.namespace', namespace, text)),
      );
  } else if (namespace !== undefined && namespace !== null && namespace !== '') {
    errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  }
  return [
    ...errors,
    ...labelErrors(own(metadata, 'labels')),
    ...annotationErrors(own(metadata, 'annotations')),
  ];
}

/** Keys of `data` and its like: `field` is `data`, `binaryData` or `stringData`. */
export function configDataErrors(value: unknown, field: string): readonly FieldError[] {
  return mapErrors(value, field, (key) =>
    configKeyFindings(key).map((text) => invalidValue(`${field}[${key}]`, key, text)),
  );
}
