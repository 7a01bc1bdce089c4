import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  delimited,
  encodeMessage,
  encodeObject,
  envelope,
  number,
  tag,
  text,
} from '../../../test/cases/kube/encodeprotobuf.ts';
import type { JsonValue } from './json.ts';
import { isScalar, type Message, type MessageField, messageNamed, messageNames } from './messages.ts';
import { decodeProtobuf } from './protobuf.ts';
import { goDuration } from './protobufspecials.ts';
import { resourceDefinitions } from './resources.ts';
import { KubeStatusError } from './status.ts';
import { checkObject } from './unknownfields.ts';

interface Recorded {
  readonly command: string;
  readonly path: string;
  readonly base64: string;
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../test/cases/kube/protobuf-bodies.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

function bodyOf(command: string): Uint8Array {
  const found = recorded.find((one) => one.command.startsWith(command));
  if (found === undefined) throw new Error(`not recorded: ${command}`);
  return Buffer.from(found.base64, 'base64');
}

test.each(recorded)('kubectl $command decodes without an unknown field (D0.2, D0.3)', ({ base64 }) => {
  const decoded = decodeProtobuf(Buffer.from(base64, 'base64'));
  expect(decoded.unknownFields).toEqual([]);
  const definition = resourceDefinitions.find((one) => one.kind === decoded.kind);
  expect(checkObject(definition?.messageType, decoded.object)).toEqual({ unknownFields: [], wrongTypes: [] });
});

test.each([
  [
    'create rolebinding readers',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'readers', namespace: 'team-a' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' },
        { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'devs' },
        { kind: 'ServiceAccount', name: 'bot', namespace: 'team-a' },
      ],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    },
  ],
  [
    'create role reader',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader', namespace: 'team-a' },
      rules: [
        { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'], resourceNames: ['p1'] },
      ],
    },
  ],
  [
    'create token bot',
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['sts.example.com'],
        boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's1', uid: '6f1c' },
        expirationSeconds: 3600,
      },
      status: { token: '', expirationTimestamp: null },
    },
  ],
  [
    'create configmap settings',
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'team-a' },
      data: { empty: '', mode: 'on' },
    },
  ],
  [
    'create poddisruptionbudget keep',
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'keep', namespace: 'team-a' },
      spec: { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  ],
])('kubectl %s decodes to its JSON', (command, object) => {
  expect(decodeProtobuf(bodyOf(command)).object).toEqual(object);
});

/** A small seeded generator: the same seed gives the same objects everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const seed = 20_261_121;

function someValue(type: string, random: () => number, depth: number): JsonValue {
  switch (type) {
    case 'string':
      return `s${Math.floor(random() * 1e6)}é`;
    case 'bytes':
      return Buffer.from(`b${random()}`).toString('base64');
    case 'bool':
      return true;
    case 'int32':
      return Math.floor(random() * 2 ** 31) * (random() < 0.5 ? -1 : 1) || 1;
    case 'int64':
      return Math.floor(random() * Number.MAX_SAFE_INTEGER) * (random() < 0.5 ? -1 : 1) || 1;
    case 'meta.v1.Time':
      return '2026-11-21T03:10:49Z';
    case 'meta.v1.MicroTime':
      return '2026-11-21T03:10:49.000123Z';
    case 'meta.v1.Duration':
      return `${1 + Math.floor(random() * 59)}s`;
    case 'resource.Quantity':
    case 'resource.QuantityValue':
      return '250m';
    case 'intstr.IntOrString':
      return random() < 0.5 ? 8080 : 'http';
    case 'runtime.RawExtension':
    case 'meta.v1.FieldsV1':
      return { 'f:spec': { n: 1 } };
    default:
      return someMessage(type, random, depth);
  }
}

function someField(field: MessageField, random: () => number, depth: number): JsonValue {
  const one = (): JsonValue => someValue(field.type, random, depth + 1);
  if (field.shape === 'list') return [one(), one()];
  return field.shape === 'map' ? { key: one(), 'other/key': one() } : one();
}

function someMessage(type: string, random: () => number, depth: number): JsonValue {
  const message = messageNamed(type) as Message;
  const [only] = message.fields;
  if (message.fields.length === 1 && only?.name === 'items' && only.type === 'string') return ['a', ''];
  const fields = [...message.byJsonName.values()].filter(
    (field) => field.name !== '-' && (depth < 3 || isScalar(field.type)),
  );
  const entries = fields.map((field) => [field.name, someField(field, random, depth)] as const);
  // An empty object is not sent back for fields that are no pointers; a case of its own covers that.
  return Object.fromEntries(entries.filter(([, value]) => JSON.stringify(value) !== '{}'));
}

test(`every kind of the data survives the way there and back (seed ${seed})`, () => {
  const random = randomFrom(seed);
  const kinds = messageNames().filter((name) => messageNamed(name)?.byJsonName.has('metadata'));
  expect(kinds.length).toBeGreaterThan(100);
  for (const name of kinds) {
    const [pkg = '', version = '', kind = ''] = name.split('.');
    if (pkg === 'meta') continue;
    const apiVersion = pkg === 'core' ? version : `${pkg}/${version}`;
    const object = { apiVersion, kind, ...(someMessage(name, random, 0) as object) };
    const decoded = decodeProtobuf(encodeObject(object));
    expect(decoded.object, name).toEqual(object);
    expect(decoded.unknownFields, name).toEqual([]);
  }
});

const podMetadata = (bytes: readonly number[]): Uint8Array => envelope('v1', 'Pod', delimited(1, bytes));

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['JSON', Buffer.from('{"kind":"Pod"}')],
  ['only the prefix', Uint8Array.from([0x6b, 0x38, 0x73, 0x00])],
  ['a truncated varint', podMetadata([...tag(7, 0), 0x80])],
  ['a varint of eleven bytes', podMetadata([...tag(7, 0), ...Array<number>(10).fill(0x80), 1])],
  ['a varint of 65 bits', podMetadata([...tag(7, 0), ...Array<number>(9).fill(0xff), 2])],
  ['an integer JSON cannot hold', podMetadata(number(7, 2n ** 60n))],
  ['an int32 out of range', envelope('apps/v1', 'Deployment', delimited(2, number(1, 2 ** 40)))],
  ['a length past the end', podMetadata([...tag(1, 2), 100, 0x61])],
  ['a length of 2^40', podMetadata([...tag(1, 2), ...number(1, 2 ** 40).slice(1)])],
  ['field number 0', podMetadata([0x02, 0x00])],
  ['a group', podMetadata([...tag(1, 3), ...tag(1, 4)])],
  ['a string where a number belongs', podMetadata(text(7, 'x'))],
  ['a number where a string belongs', podMetadata(number(1, 5))],
  ['a fixed64 where a string belongs', podMetadata([...tag(1, 1), 0, 0, 0, 0, 0, 0, 0, 0])],
  ['text that is not UTF-8', podMetadata(delimited(1, [0xff, 0xfe]))],
  ['a name given twice', podMetadata([...text(1, 'a'), ...text(1, 'b')])],
  ['a truncated unknown field', podMetadata([...tag(99, 5), 0, 0])],
  ['a kind without types', envelope('example.com/v1', 'Widget', [])],
  ['a kind that names a prototype', envelope('v1', 'constructor', [])],
  ['a compressed body', envelope('v1', 'Pod', [], text(3, 'gzip'))],
  ['a JSON body in the envelope', envelope('v1', 'Pod', [], text(4, 'application/json'))],
  ['a time outside the calendar', podMetadata(delimited(8, number(1, 10n ** 15n)))],
  [
    'embedded JSON that does not parse',
    envelope('v1', 'List', [...delimited(2, delimited(1, Buffer.from('{')))]),
  ],
])('a body that is %s is refused with 400', (_, body) => {
  const refusal = (() => {
    try {
      return decodeProtobuf(body);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(KubeStatusError);
  expect((refusal as KubeStatusError).status).toMatchObject({ code: 400, reason: 'BadRequest' });
});

test('a JSON schema in a definition is what it is in JSON', () => {
  const json = (value: unknown): number[] => [...delimited(1, Buffer.from(JSON.stringify(value)))];
  const double = (field: number, value: number): number[] => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return [...tag(field, 1), ...bytes];
  };
  const properties = (key: string, schema: readonly number[]): number[] => [
    ...delimited(29, [...text(1, key), ...delimited(2, schema)]),
  ];
  const schema = [
    ...text(5, 'object'),
    ...properties('free', [...delimited(30, number(1, 1))]),
    ...properties('closed', [...delimited(30, [])]),
    ...properties('map', [...delimited(30, delimited(2, text(5, 'string')))]),
    ...properties('list', [...delimited(24, delimited(1, text(5, 'integer')))]),
    ...properties('size', [
      ...double(9, 1.5),
      ...delimited(8, json({ a: [1] })),
      ...delimited(20, json('x')),
    ]),
    ...number(38, 1),
  ];
  const version = [...text(1, 'v1'), ...number(2, 1), ...delimited(4, delimited(1, schema))];
  const body = envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', [
    ...delimited(2, [...text(1, 'example.com'), ...delimited(7, version)]),
  ]);
  const { object } = decodeProtobuf(Uint8Array.from(body));
  expect(object.spec).toEqual({
    group: 'example.com',
    versions: [
      {
        name: 'v1',
        served: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              free: { additionalProperties: true },
              closed: { additionalProperties: false },
              map: { additionalProperties: { type: 'string' } },
              list: { items: { type: 'integer' } },
              size: { maximum: 1.5, default: { a: [1] }, enum: ['x'] },
            },
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
      },
    ],
  });
});

test('envelopes inside envelopes end at a depth, not at the stack', () => {
  let body: Uint8Array = envelope('v1', 'Pod', []);
  for (let depth = 0; depth < 200; depth += 1) {
    body = envelope('apps/v1', 'ControllerRevision', delimited(2, delimited(1, body)));
  }
  expect(() => decodeProtobuf(body)).toThrow('nested too deeply');
});

test('random bytes never do worse than a 400', () => {
  const random = randomFrom(seed);
  const base = Buffer.from(bodyOf('create deployment web'));
  for (let round = 0; round < 3_000; round += 1) {
    const body = Buffer.from(base.subarray(0, 4 + Math.floor(random() * base.length)));
    for (let hit = 0; hit < 3; hit += 1) {
      body[4 + Math.floor(random() * (body.length - 4))] = Math.floor(random() * 256);
    }
    try {
      decodeProtobuf(body);
    } catch (error) {
      if (!(error instanceof KubeStatusError))
        throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
});

test('fields of a newer client are dropped and named', () => {
  const decoded = decodeProtobuf(podMetadata([...text(1, 'p'), ...text(99, 'new'), ...number(98, 1)]));
  expect(decoded.object).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } });
  expect(decoded.unknownFields).toEqual(['metadata.#99', 'metadata.#98']);
});

test('empty values stay only where the Go field is a pointer (D0.3)', () => {
  const secret = envelope('v1', 'Secret', [
    ...delimited(1, [...text(1, 's'), ...text(2, ''), ...number(7, 0)]),
    ...number(5, 0),
  ]);
  expect(decodeProtobuf(secret).object).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    immutable: false,
  });
});

test('a map key __proto__ is a key and changes no prototype', () => {
  const entry = delimited(11, [...text(1, '__proto__'), ...text(2, 'x')]);
  const { object } = decodeProtobuf(podMetadata(entry));
  const labels = (object.metadata as { labels: object }).labels;
  expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
  expect(Object.keys(labels)).toEqual(['__proto__']);
});

test('a map entry without a value has the empty value', () => {
  expect(decodeProtobuf(podMetadata(delimited(11, text(1, 'k')))).object.metadata).toEqual({
    labels: { k: '' },
  });
});

test('options of a delete decode for any group version', () => {
  const raw = encodeMessage('meta.v1.DeleteOptions', { propagationPolicy: 'Foreground', dryRun: ['All'] });
  for (const apiVersion of ['v1', 'apps/v1', 'meta.k8s.io/v1']) {
    expect(decodeProtobuf(envelope(apiVersion, 'DeleteOptions', raw)).object).toEqual({
      apiVersion,
      kind: 'DeleteOptions',
      propagationPolicy: 'Foreground',
      dryRun: ['All'],
    });
  }
});

test.each([
  [0n, '0s'],
  [1n, '1ns'],
  [1_500n, '1.5µs'],
  [200_000_000n, '200ms'],
  [1_500_000_000n, '1.5s'],
  [90_000_000_000n, '1m30s'],
  [5_400_000_000_000n, '1h30m0s'],
  [-1_000_000_000n, '-1s'],
])('a duration of %i ns prints as %s', (nanos, expected) => {
  expect(goDuration(nanos)).toBe(expected);
});
