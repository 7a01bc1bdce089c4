import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { dnsSubdomainFindings, labelValueFindings, qualifiedNameFindings } from '../../wire/kube/names.ts';
import type { KubeObject } from '../objects/object.ts';

/** What a MutatingWebhookConfiguration and a ValidatingWebhookConfiguration are given and checked for, as upstream. */

/** Fills in the defaults of every webhook. */
export function completeConfiguration(object: KubeObject, kind: 'mutating' | 'validating'): KubeObject {
  if (!Array.isArray(object.webhooks)) return object;
  const webhooks = object.webhooks.map((webhook) => {
    if (!isObject(webhook)) return webhook;
    const { rules, clientConfig } = webhook;
    return {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      ...(kind === 'mutating' && { reinvocationPolicy: 'Never' }),
      ...present(webhook),
      ...(Array.isArray(rules) && {
        rules: rules.map((rule) => (isObject(rule) ? { scope: '*', ...present(rule) } : rule)),
      }),
      ...(isObject(clientConfig) &&
        isObject(clientConfig.service) && {
          clientConfig: { ...clientConfig, service: { port: 443, ...present(clientConfig.service) } },
        }),
    };
  });
  return { ...object, webhooks };
}

/** A null member is an absent one. */
function present(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** Everything that is wrong with a completed configuration. The types of its fields are right already. */
export function validateConfiguration(object: KubeObject): readonly FieldError[] {
  const names = new Set<string>();
  return items(object.webhooks).flatMap((webhook, index) => {
    const field = `webhooks[${index}]`;
    if (!isObject(webhook)) return [invalidValue(field, webhook, 'must be an object')];
    const errors = [...validateWebhook(webhook, field)];
    const { name } = webhook;
    if (typeof name === 'string' && name !== '') {
      if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    return errors;
  });
}

function validateWebhook(webhook: JsonObject, field: string): readonly FieldError[] {
  const { sideEffects, timeoutSeconds } = webhook;
  const errors: FieldError[] = [...nameErrors(webhook.name, `${field}.name`)];
  for (const [index, rule] of items(webhook.rules).entries()) {
    errors.push(...ruleErrors(isObject(rule) ? rule : {}, `${field}.rules[${index}]`));
  }
  const oneOf = (member: string, supported: readonly string[]): void => {
    const value = webhook[member];
    if (value !== undefined && !supported.includes(printed(value))) {
      errors.push(notSupported(`${field}.${member}`, value, supported));
    }
  };
  oneOf('failurePolicy', ['Fail', 'Ignore']);
  oneOf('matchPolicy', ['Equivalent', 'Exact']);
  if (sideEffects === undefined || sideEffects === null) {
    errors.push(required(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  } else oneOf('sideEffects', ['None', 'NoneOnDryRun']);
  if (typeof timeoutSeconds === 'number' && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    errors.push(
      invalidValue(
        `${field}.timeoutSeconds`,
        timeoutSeconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    );
  }
  errors.push(
    ...selectorErrors(webhook.namespaceSelector, `${field}.namespaceSelector`),
    ...selectorErrors(webhook.objectSelector, `${field}.objectSelector`),
  );
  oneOf('reinvocationPolicy', ['IfNeeded', 'Never']);
  errors.push(...clientErrors(webhook.clientConfig, `${field}.clientConfig`));
  for (const [index, condition] of items(webhook.matchConditions).entries()) {
    errors.push(...conditionErrors(condition, `${field}.matchConditions[${index}]`));
  }
  errors.push(...versionErrors(items(webhook.admissionReviewVersions), `${field}.admissionReviewVersions`));
  return errors;
}

function nameErrors(name: JsonValue | undefined, field: string): readonly FieldError[] {
  if (typeof name !== 'string' || name === '') return [required(field)];
  const findings = dnsSubdomainFindings(name);
  if (findings.length > 0) return [invalidValue(field, name, findings.join(','))];
  return name.split('.').length < 3
    ? [invalidValue(field, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

function ruleErrors(rule: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const checked = (member: string, what: string): readonly JsonValue[] => {
    const values = items(rule[member]);
    const here = `${field}.${member}`;
    if (values.length === 0) errors.push(required(here));
    if (values.length > 1 && values.includes('*')) {
      errors.push(invalidValue(here, values, `if '*' is present, must not specify other ${what}`));
    }
    return values;
  };
  for (const [index, operation] of checked('operations', 'operations').entries()) {
    if (!operations.includes(printed(operation))) {
      errors.push(notSupported(`${field}.operations[${index}]`, operation, operations));
    }
  }
  checked('apiGroups', 'API groups');
  for (const [index, version] of checked('apiVersions', 'API versions').entries()) {
    if (version === '') errors.push(required(`${field}.apiVersions[${index}]`));
  }
  errors.push(...resourceErrors(items(rule.resources).map(printed), `${field}.resources`));
  const { scope } = rule;
  const scopes = ['*', 'Cluster', 'Namespaced'];
  if (scope !== undefined && !scopes.includes(printed(scope))) {
    errors.push(notSupported(`${field}.scope`, scope, scopes));
  }
  return errors;
}

function resourceErrors(resources: readonly string[], field: string): readonly FieldError[] {
  if (resources.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const wholes = new Set<string>();
  const everywhere = new Set<string>();
  let hasPlain = false;
  for (const [index, pattern] of resources.entries()) {
    const here = `${field}[${index}]`;
    if (pattern === '') {
      errors.push(required(here));
      continue;
    }
    const slash = pattern.indexOf('/');
    if (slash < 0) {
      hasPlain = pattern !== '*';
      continue;
    }
    const resource = pattern.slice(0, slash);
    const subresource = pattern.slice(slash + 1);
    if (wholes.has(resource)) {
      errors.push(invalidValue(here, pattern, `if '${resource}/*' is present, must not specify ${pattern}`));
    }
    if (everywhere.has(subresource)) {
      errors.push(
        invalidValue(here, pattern, `if '*/${subresource}' is present, must not specify ${pattern}`),
      );
    }
    if (subresource === '*') wholes.add(resource);
    if (resource === '*') everywhere.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && hasPlain) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(field, resources, detail));
  }
  return errors;
}

function selectorErrors(selector: JsonValue | undefined, field: string): readonly FieldError[] {
  if (!isObject(selector)) return [];
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(isObject(selector.matchLabels) ? selector.matchLabels : {})) {
    const here = `${field}.matchLabels`;
    errors.push(...qualifiedNameFindings(key).map((finding) => invalidValue(here, key, finding)));
    errors.push(...labelValueFindings(printed(value)).map((finding) => invalidValue(here, value, finding)));
  }
  for (const [index, expression] of items(selector.matchExpressions).entries()) {
    const here = `${field}.matchExpressions[${index}]`;
    const { key = '', operator = '', values: given } = isObject(expression) ? expression : {};
    const values = items(given);
    if (operator === 'In' || operator === 'NotIn') {
      const detail = "must be specified when `operator` is 'In' or 'NotIn'";
      if (values.length === 0) errors.push(required(`${here}.values`, detail));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      if (values.length > 0) errors.push(forbiddenField(`${here}.values`, detail));
    } else errors.push(invalidValue(`${here}.operator`, operator, 'not a valid selector operator'));
    errors.push(
      ...qualifiedNameFindings(printed(key)).map((finding) => invalidValue(`${here}.key`, key, finding)),
    );
    for (const [at, value] of values.entries()) {
      const findings = labelValueFindings(printed(value));
      errors.push(...findings.map((finding) => invalidValue(`${here}.values[${at}]`, value, finding)));
    }
  }
  return errors;
}

function clientErrors(client: JsonValue | undefined, field: string): readonly FieldError[] {
  const { url, service } = isObject(client) ? client : {};
  const hasUrl = typeof url === 'string';
  if (hasUrl === isObject(service)) {
    return [required(field, 'exactly one of url or service is required')];
  }
  return hasUrl ? urlErrors(url, `${field}.url`) : serviceErrors(service as JsonObject, `${field}.service`);
}

const urlForm = '; desired format: https://host[/path]';

function urlErrors(text: string, field: string): readonly FieldError[] {
  const url = URL.parse(text);
  if (url === null) {
    const isRelative = !/^[a-z][a-z0-9+.-]*:/i.test(text);
    if (!isRelative && !/^https:\/*$/i.test(text)) {
      return [
        required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL${urlForm}`),
      ];
    }
    return [
      ...(isRelative ? [invalidValue(field, '', `'https' is the only allowed URL scheme${urlForm}`)] : []),
      invalidValue(field, '', `host must be provided${urlForm}`),
    ];
  }
  const errors: FieldError[] = [];
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https') {
    errors.push(invalidValue(field, scheme, `'https' is the only allowed URL scheme${urlForm}`));
  }
  if (url.host === '') errors.push(invalidValue(field, '', `host must be provided${urlForm}`));
  if (url.username !== '' || url.password !== '') {
    // SECURITY: what may be a password is not repeated.
    errors.push(invalidValue(field, url.username, 'user information is not permitted in the URL'));
  }
  const fragment = url.hash.slice(1);
  if (fragment !== '') errors.push(invalidValue(field, fragment, 'fragments are not permitted in the URL'));
  const query = url.search.slice(1);
  if (query !== '') {
    errors.push(invalidValue(field, query, 'query parameters are not permitted in the URL'));
  }
  return errors;
}

function serviceErrors(service: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(`${field}.name`, 'service name is required'));
  if (!service.namespace) errors.push(required(`${field}.namespace`, 'service namespace is required'));
  for (const member of ['name', 'namespace']) {
    // COMPAT: upstream looks such a name up in vain; here it would spell another key.
    const value = service[member];
    if (typeof value === 'string' && value !== '') {
      const findings = dnsSubdomainFindings(value);
      errors.push(...findings.map((finding) => invalidValue(`${field}.${member}`, value, finding)));
    }
  }
  const { port, path } = service;
  if (typeof port === 'number' && (port < 1 || port > 65_535)) {
    const detail = 'port is not valid: must be between 1 and 65535, inclusive';
    errors.push(invalidValue(`${field}.port`, port, detail));
  }
  if (typeof path === 'string') errors.push(...pathErrors(path, `${field}.path`));
  return errors;
}

function pathErrors(path: string, field: string): readonly FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalidValue(field, path, 'segment[0] may not be empty')];
  const errors: FieldError[] = [];
  if (!path.startsWith('/')) errors.push(invalidValue(field, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    const findings = step === '' ? [] : dnsSubdomainFindings(step);
    if (step === '') errors.push(invalidValue(field, path, `segment[${index}] may not be empty`));
    errors.push(...findings.map((finding) => invalidValue(field, path, `segment[${index}]: ${finding}`)));
  }
  return errors;
}

function conditionErrors(condition: JsonValue, field: string): readonly FieldError[] {
  const { name = '', expression = '' } = isObject(condition) ? condition : {};
  const errors: FieldError[] = [];
  if (typeof expression !== 'string' || expression.trim() === '')
    errors.push(required(`${field}.expression`));
  if (typeof name !== 'string' || name === '') errors.push(required(`${field}.name`));
  else errors.push(...qualifiedNameFindings(name).map((text) => invalidValue(`${field}.name`, name, text)));
  return errors;
}

const reviewVersions = 'v1, v1beta1';

function versionErrors(versions: readonly JsonValue[], field: string): readonly FieldError[] {
  if (versions.length === 0) return [required(field, `must specify one of ${reviewVersions}`)];
  const errors: FieldError[] = [];
  const seen = new Set<JsonValue>();
  for (const [index, version] of versions.entries()) {
    const here = `${field}[${index}]`;
    if (seen.has(version)) errors.push(invalidValue(here, version, 'duplicate version'));
    else if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(String(version))) {
      errors.push(invalidValue(here, version, versionRule));
    }
    seen.add(version);
  }
  if (!seen.has('v1') && !seen.has('v1beta1')) {
    errors.push(invalidValue(field, versions, `must include at least one of ${reviewVersions}`));
  }
  return errors;
}

const versionRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** What whoever writes a configuration should know of how it is read here. */
export function configurationWarnings(
  object: KubeObject,
  mayReach: (host: string) => boolean,
): readonly string[] {
  return items(object.webhooks).flatMap((webhook) => {
    if (!isObject(webhook)) return [];
    const { name, matchConditions, clientConfig } = webhook;
    const warnings: string[] = [];
    if (items(matchConditions).length > 0) {
      warnings.push(
        `webhook ${printed(name)}: matchConditions are not evaluated; it is called whenever its rules and selectors match`,
      );
    }
    const url = isObject(clientConfig) && typeof clientConfig.url === 'string' ? clientConfig.url : '';
    const host = URL.parse(url)?.hostname;
    if (host !== undefined && !mayReach(host)) {
      warnings.push(
        `webhook ${printed(name)}: ${host} is not this machine and will not be called; the server's operator allows it with --admission-webhook-host`,
      );
    }
    return warnings;
  });
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
