import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';
import { completeConfiguration, validateConfiguration } from './configurations.ts';

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const sound: JsonObject = {
  name: 'one.example.com',
  clientConfig: { url: 'https://127.0.0.1:8443/x' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};

function errorsOf(changes: JsonObject): readonly string[] {
  const webhook = Object.fromEntries(
    Object.entries({ ...sound, ...changes }).filter(([, value]) => value !== null),
  );
  const object: KubeObject = { apiVersion: 'x/v1', kind: 'X', metadata: {}, webhooks: [webhook] };
  return validateConfiguration(completeConfiguration(object, 'mutating')).map(
    ({ field, text }) => `${field.replace('webhooks[0].', '')}: ${text}`,
  );
}
const service = (more: JsonObject): JsonObject => ({
  clientConfig: { service: { name: 's', namespace: 'n', ...more } },
});
const url = (text: string): JsonObject => ({ clientConfig: { url: text } });
const form = '; desired format: https://host[/path]';

describe('a configuration that Kubernetes refuses', () => {
  test.each<[JsonObject, readonly string[]]>([
    [{ name: null }, ['name: Required value']],
    [
      { name: 'one.com' },
      ['name: Invalid value: "one.com": should be a domain with at least three segments separated by dots'],
    ],
    [{ sideEffects: null }, ['sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [
      { sideEffects: 'Some' },
      ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [
      { admissionReviewVersions: null },
      ['admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      { admissionReviewVersions: ['v2'] },
      ['admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    ],
    [
      { admissionReviewVersions: ['v1', 'v1'] },
      ['admissionReviewVersions[1]: Invalid value: "v1": duplicate version'],
    ],
    [
      { timeoutSeconds: 0 },
      ['timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      { timeoutSeconds: 31 },
      ['timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      { failurePolicy: 'Maybe' },
      ['failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
    ],
    [
      { matchPolicy: 'Never' },
      ['matchPolicy: Unsupported value: "Never": supported values: "Equivalent", "Exact"'],
    ],
    [
      { reinvocationPolicy: 'Always' },
      ['reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"'],
    ],
    [{ clientConfig: {} }, ['clientConfig: Required value: exactly one of url or service is required']],
    [
      { clientConfig: { url: 'https://a', service: { name: 's', namespace: 'n' } } },
      ['clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      url('http://127.0.0.1'),
      [`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`],
    ],
    [
      url('127.0.0.1/x'),
      [
        `clientConfig.url: Invalid value: "": 'https' is the only allowed URL scheme${form}`,
        `clientConfig.url: Invalid value: "": host must be provided${form}`,
      ],
    ],
    [
      url('https://u:p@127.0.0.1'),
      ['clientConfig.url: Invalid value: "u": user information is not permitted in the URL'],
    ],
    [
      url('https://127.0.0.1?a=b'),
      ['clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL'],
    ],
    [
      url('https://127.0.0.1#f'),
      ['clientConfig.url: Invalid value: "f": fragments are not permitted in the URL'],
    ],
    [service({ name: '' }), ['clientConfig.service.name: Required value: service name is required']],
    [
      service({ port: 70_000 }),
      [
        'clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      service({ path: 'x' }),
      [
        `clientConfig.service.path: Invalid value: "x": must start with a '/'`,
        'clientConfig.service.path: Invalid value: "x": segment[0] may not be empty',
      ],
    ],
    [
      service({ path: '/a//b' }),
      ['clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty'],
    ],
    [{ rules: [{ ...rule, operations: [] }] }, ['rules[0].operations: Required value']],
    [
      { rules: [{ ...rule, operations: ['*', 'CREATE'] }] },
      [
        `rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
      ],
    ],
    [
      { rules: [{ ...rule, operations: ['READ'] }] },
      [
        'rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      ],
    ],
    [
      { rules: [{ ...rule, resources: ['pods/*', 'pods/status'] }] },
      [
        `rules[0].resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
      ],
    ],
    [
      { rules: [{ ...rule, resources: ['*/*', 'pods'] }] },
      [
        `rules[0].resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`,
      ],
    ],
    [
      { rules: [{ ...rule, resources: ['*', 'pods'] }] },
      [
        `rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      { rules: [{ ...rule, scope: 'All' }] },
      ['rules[0].scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"'],
    ],
    [
      { objectSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      [
        "objectSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } },
      [
        'namespaceSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
      ],
    ],
    [{ matchConditions: [{ name: 'a' }] }, ['matchConditions[0].expression: Required value']],
  ])('%j', (changes, expected) => {
    expect(errorsOf(changes)).toEqual(expected);
  });

  test('two webhooks of one name', () => {
    const object = { apiVersion: 'x/v1', kind: 'X', metadata: {}, webhooks: [sound, sound] };
    expect(validateConfiguration(object)).toEqual([
      {
        reason: 'FieldValueDuplicate',
        field: 'webhooks[1].name',
        text: 'Duplicate value: "one.example.com"',
      },
    ]);
  });
});

test.each<JsonObject>([
  {},
  { rules: null },
  { rules: [{ ...rule, resources: ['pods', 'pods/exec', '*/scale'] }] },
  url('https://[::1]:8443/a/b'),
  service({ path: '/' }),
  service({ path: '/a/b-c/', port: 8443 }),
  { admissionReviewVersions: ['v2', 'v1beta1'] },
])('%j is sound', (changes) => {
  expect(errorsOf(changes)).toEqual([]);
});

test.each(['mutating', 'validating'] as const)('a %s webhook is given its defaults', (kind) => {
  const webhooks = [{ ...sound, failurePolicy: null, ...service({}) }];
  const object = completeConfiguration({ apiVersion: 'x/v1', kind: 'X', metadata: {}, webhooks }, kind);
  expect(object.webhooks).toEqual([
    {
      ...sound,
      clientConfig: { service: { name: 's', namespace: 'n', port: 443 } },
      rules: [{ ...rule, scope: '*' }],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      ...(kind === 'mutating' && { reinvocationPolicy: 'Never' }),
    },
  ]);
});
