import { describe, expect, test } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import { isObject, type JsonObject, type JsonValue, sameJson } from '../json.ts';
import { KubeStatusError } from '../status.ts';
import { compareFields } from './compare.ts';
import { applyConflict } from './conflict.ts';
import { clearsManagers, decodeManagers, encodeManagers, sameManagers } from './entries.ts';
import { configurationErrors, fieldSetOf } from './extract.ts';
import { encodeFields } from './fieldsv1.ts';
import { applyForKubectl } from './lastapplied.ts';
import { type Managers, maximumManagers } from './managers.ts';
import {
  type ApplyResult,
  applyConfiguration,
  unknownManagers,
  updateManagers,
  type Writer,
} from './ownership.ts';
import { shapeOfKind } from './shape.ts';

const configMap = shapeOfKind('core.v1.ConfigMap');
const deployment = shapeOfKind('apps.v1.Deployment');
const role = shapeOfKind('rbac.v1.Role');
const untyped = shapeOfKind(undefined);

const writer = (manager: string, subresource = ''): Writer => ({
  manager,
  apiVersion: 'v1',
  subresource,
  time: '2026-01-02T03:04:05Z',
});

const pod = (containers: JsonValue, others: JsonObject = {}): JsonObject => ({
  spec: { template: { spec: { containers, ...others } } },
});

describe('what an applied configuration owns (kubernetes-facts E13)', () => {
  test.each<[string, typeof configMap, JsonObject, JsonObject]>([
    ['keys of a map', configMap, { data: { a: '1' } }, { 'f:data': { 'f:a': {} } }],
    ['an empty map', configMap, { data: {} }, { 'f:data': {} }],
    ['a null', configMap, { data: null }, { 'f:data': {} }],
    ['an atomic list', role, { rules: [{ verbs: ['get'] }] }, { 'f:rules': {} }],
    [
      'elements of a list by key',
      deployment,
      pod([{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }]),
      {
        'f:spec': {
          'f:template': {
            'f:spec': {
              'f:containers': {
                'k:{"name":"c"}': {
                  '.': {},
                  'f:image': {},
                  'f:name': {},
                  'f:ports': {
                    'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                  },
                },
              },
            },
          },
        },
      },
    ],
    [
      'elements of a set',
      configMap,
      { metadata: { finalizers: ['a/b'] } },
      { 'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} } } },
    ],
    [
      'an atomic type',
      deployment,
      { spec: { selector: { matchLabels: { app: 'x' } } } },
      { 'f:spec': { 'f:selector': {} } },
    ],
    [
      'an unknown kind: maps are granular, lists are not',
      untyped,
      { spec: { list: [{ name: 'a' }], map: { x: 1 } } },
      { 'f:spec': { '.': {}, 'f:list': {}, 'f:map': { '.': {}, 'f:x': {} } } },
    ],
  ])('%s', (_, shape, config, fields) => {
    expect(encodeFields(fieldSetOf(shape, config))).toEqual(fields);
  });

  test('who creates an object by POST also owns the containers, except structs that are always there', () => {
    const object = { ...pod([{ name: 'c', image: 'i' }]), metadata: { labels: { app: 'x' } } };
    const { added } = compareFields(deployment, {}, object);
    expect(encodeFields(added)).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': { '.': {}, 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
          },
        },
      },
    });
  });
});

describe('what a configuration must not hold', () => {
  test.each<[string, JsonObject, readonly string[]]>([
    ['an undeclared field', { spec: { foo: 1 } }, ['.spec.foo: field not declared in schema']],
    [
      'one inside a list',
      pod([{ name: 'c', images: 'x' }]),
      ['.spec.template.spec.containers[name="c"].images: field not declared in schema'],
    ],
    [
      'one of the prototype',
      { spec: JSON.parse('{"__proto__":{}}') },
      ['.spec.__proto__: field not declared in schema'],
    ],
    [
      'two elements of one key',
      pod([{ name: 'c' }, { name: 'c' }]),
      ['.spec.template.spec.containers: duplicate entries for key [name="c"]'],
    ],
    [
      'an element without key',
      pod([{ image: 'i' }]),
      [
        `.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
      ],
    ],
    [
      'nothing wrong',
      { apiVersion: 'apps/v1', kind: 'Deployment', ...pod([{ name: 'c' }, { name: 'd' }]) },
      [],
    ],
  ])('%s', (_, config, errors) => {
    expect(configurationErrors(deployment, config)).toEqual(errors);
  });

  test('a thousand errors are told in twenty', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]));
    expect(configurationErrors(deployment, { spec: many })).toHaveLength(20);
  });
});

interface World {
  readonly live: JsonObject;
  readonly managers: Managers;
}
const empty: World = { live: {}, managers: [] };

function apply(
  world: World,
  manager: string,
  config: JsonObject,
  options: { force?: boolean; shape?: typeof configMap } = {},
): ApplyResult {
  const { force = false, shape = configMap } = options;
  return applyConfiguration({ shape, config, force, ...world, writer: writer(manager) });
}

function applied(
  world: World,
  manager: string,
  config: JsonObject,
  options: { force?: boolean; shape?: typeof configMap } = {},
): World {
  const result = apply(world, manager, config, options);
  if (result.outcome === 'conflict') throw applyConflict(result.conflicts);
  return { live: result.object, managers: result.managers };
}

function updated(world: World, manager: string, live: JsonObject, shape = configMap): World {
  const changes = compareFields(shape, world.live, live);
  return { live, managers: updateManagers(world.managers, writer(manager), changes) };
}

const owners = ({ managers }: World): Record<string, JsonObject> =>
  Object.fromEntries(managers.map((one) => [`${one.manager} ${one.operation}`, encodeFields(one.fields)]));

function refusal(run: () => unknown): KubeStatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof KubeStatusError) return error;
  }
  throw new Error('it was not refused');
}

describe('conflicts (kubernetes-facts E13, E14)', () => {
  const base = applied(empty, 'a', { data: { x: '1', y: '2' } });

  test('another value of an owned field is one', () => {
    const { status } = refusal(() => applied(base, 'b', { data: { x: '9' } }));
    expect(status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Apply failed with 1 conflict: conflict with "a": .data.x',
      reason: 'Conflict',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.x' }],
      },
      code: 409,
    });
  });

  test('several are listed by owner; updaters show their version and subresource', () => {
    const patched = updated(base, 'kubectl-edit', { data: { x: '1', y: '2', z: '3' } });
    const scaled: World = {
      ...patched,
      managers: [
        ...patched.managers,
        {
          ...writer('hpa', 'scale'),
          operation: 'Update',
          fields: fieldSetOf(configMap, { data: { x: '1' } }),
        },
      ],
    };
    expect(refusal(() => applied(scaled, 'b', { data: { x: '8', y: '9', z: '9' } })).message).toBe(
      'Apply failed with 4 conflicts: conflicts with "a":\n- .data.x\n- .data.y\nconflicts with "hpa" with subresource "scale" using v1:\n- .data.x\nconflicts with "kubectl-edit" using v1:\n- .data.z',
    );
  });

  test('the same value is none: both own it', () => {
    const both = applied(base, 'b', { data: { x: '1' } });
    expect(owners(both)).toEqual({
      'a Apply': { 'f:data': { 'f:x': {}, 'f:y': {} } },
      'b Apply': { 'f:data': { 'f:x': {} } },
    });
    // Neither may now change it alone.
    expect(apply(both, 'a', { data: { x: '7', y: '2' } }).outcome).toBe('conflict');
  });

  test('force takes the field from its owner', () => {
    const forced = applied(base, 'b', { data: { x: '9' } }, { force: true });
    expect(forced.live).toEqual({ data: { x: '9', y: '2' } });
    expect(owners(forced)).toEqual({
      'a Apply': { 'f:data': { 'f:y': {} } },
      'b Apply': { 'f:data': { 'f:x': {} } },
    });
  });

  test('a conflict changes nothing', () => {
    const before = JSON.stringify([base.live, encodeManagers(base.managers)]);
    apply(base, 'b', { data: { x: '9' } });
    expect(JSON.stringify([base.live, encodeManagers(base.managers)])).toBe(before);
  });

  test('an atomic list is one field, whatever in it differs', () => {
    const rules = (verb: string): JsonObject => ({
      rules: [{ verbs: [verb], resources: ['pods'], apiGroups: [''] }],
    });
    const mine = applied(empty, 'a', rules('get'), { shape: role });
    expect(refusal(() => applied(mine, 'b', rules('list'), { shape: role })).message).toMatch(/: \.rules$/);
  });

  test('a null does not take away quietly what others own', () => {
    expect(apply(base, 'b', { data: { x: null } }).outcome).toBe('conflict');
    expect(applied(base, 'b', { data: null }).live).toEqual(base.live);
  });

  test('fields of an object nobody recorded the managers of belong to before-first-apply', () => {
    const live: JsonObject = { data: { x: '1' } };
    const managers = unknownManagers(configMap, live, writer('a'));
    expect(refusal(() => applied({ live, managers }, 'a', { data: { x: '2' } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    );
  });

  test('a thousand conflicts are counted, and five hundred told', () => {
    const data = (value: string) => ({
      data: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, value])),
    });
    const { status } = refusal(() => applied(applied(empty, 'a', data('1')), 'b', data('2')));
    expect(status.message).toMatch(/^Apply failed with 1000 conflicts: /);
    expect(status.details?.causes).toHaveLength(500);
  });
});

describe('what is listed no more', () => {
  test('goes when nobody else owns it', () => {
    const base = applied(empty, 'a', { data: { x: '1', y: '2' } });
    expect(applied(base, 'a', { data: { y: '2' } }).live).toEqual({ data: { y: '2' } });
    expect(applied(base, 'a', {}).live).toEqual({});
  });

  test('stays with another owner, whether by apply or by update', () => {
    const base = applied(empty, 'a', { data: { x: '1', y: '2' } });
    const both = applied(base, 'b', { data: { x: '1' } });
    expect(applied(both, 'a', {}).live).toEqual({ data: { x: '1' } });
    const patched = updated(base, 'c', { data: { x: '5', y: '2' } });
    expect(applied(patched, 'a', {}).live).toEqual({ data: { x: '5' } });
  });

  test('a list element goes as a whole, and one that another owns stays with what is theirs', () => {
    const shape = deployment;
    const base = applied(
      empty,
      'a',
      pod([
        { name: 'c', image: 'i' },
        { name: 'd', image: 'j' },
      ]),
      { shape },
    );
    const both = applied(base, 'b', pod([{ name: 'd', env: [{ name: 'E', value: '1' }] }]), { shape });
    const less = applied(both, 'a', pod([]), { shape });
    expect(less.live).toEqual(pod([{ name: 'd', env: [{ name: 'E', value: '1' }] }]));
  });

  test('what an update took away is not brought back by who owned it, and is no conflict for others', () => {
    const base = applied(empty, 'a', { data: { x: '1', y: '2' } });
    const gone = updated(base, 'c', { data: { y: '2' } });
    expect(owners(gone)).toEqual({ 'a Apply': { 'f:data': { 'f:y': {} } } });
    expect(applied(gone, 'b', { data: { x: '3' } }).live).toEqual({ data: { y: '2', x: '3' } });
  });
});

describe('order of lists', () => {
  const list = (...names: string[]) => pod(names.map((name) => ({ name })));
  const named = (world: World): readonly string[] =>
    (
      world.live as { spec: { template: { spec: { containers: { name: string }[] } } } }
    ).spec.template.spec.containers.map(({ name }) => name);
  test.each<[string, string[], string[], string[]]>([
    ['new ones come last', ['a', 'b'], ['c'], ['a', 'b', 'c']],
    ['shared ones take the order of the configuration', ['a', 'b', 'x'], ['b', 'a'], ['b', 'x', 'a']],
    ['others stay between the shared', ['a', 's', 'b'], ['x', 's'], ['a', 'x', 's', 'b']],
    ['the same again', ['a', 'b', 'c'], ['a', 'b', 'c'], ['a', 'b', 'c']],
  ])('%s', (_, live, config, expected) => {
    const base: World = { live: list(...live), managers: [] };
    const result = named(applied(base, 'm', list(...config), { shape: deployment }));
    expect(result).toEqual(expected);
  });
});

describe('other writes (kubernetes-facts E13)', () => {
  test('a changed field moves to who changed it', () => {
    const base = applied(empty, 'a', { data: { x: '1', y: '2' } });
    expect(owners(updated(base, 'b', { data: { x: '9', y: '2', z: '3' } }))).toEqual({
      'a Apply': { 'f:data': { 'f:y': {} } },
      'b Update': { 'f:data': { 'f:x': {}, 'f:z': {} } },
    });
  });

  test('metadata that the server writes belongs to nobody', () => {
    const object: JsonObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'n',
        namespace: 's',
        uid: 'u',
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: 'x',
        labels: { a: 'b' },
      },
    };
    expect(owners(updated(empty, 'b', object))).toEqual({
      'b Update': { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
    });
    expect(owners(applied(empty, 'a', object))).toEqual({
      'a Apply': { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    });
  });

  test('of more than ten updaters the oldest become one', () => {
    let world = empty;
    const data: Record<string, string> = {};
    for (let index = 0; index < 25; index += 1) {
      data[`k${index}`] = 'v';
      world = updated(world, `m${String(index).padStart(2, '0')}`, { data: { ...data } });
      expect(world.managers.length).toBeLessThanOrEqual(10);
    }
    const names = world.managers.map(({ manager }) => manager).sort();
    expect(names[0]).toBe('ancient-changes');
    const all = world.managers.flatMap(({ fields }) => Object.keys(encodeFields(fields)['f:data'] ?? {}));
    expect(all.filter((key) => key !== '.')).toHaveLength(25);
  });
});

describe('entries', () => {
  const entry: JsonObject = {
    manager: 'm',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-02T03:04:05Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': {} },
    subresource: 'status',
  };

  test('are read and written again, members in Kubernetes’ order', () => {
    expect(JSON.stringify(encodeManagers(decodeManagers([entry]) ?? []))).toBe(JSON.stringify([entry]));
  });

  test('appliers come first, then by time, then by name', () => {
    const at = (manager: string, operation: string, time: string): JsonObject => ({
      ...entry,
      manager,
      operation,
      time,
    });
    const entries = [
      at('b', 'Update', '2026-01-01T00:00:00Z'),
      at('a', 'Update', '2026-01-01T00:00:00Z'),
      at('z', 'Update', '2025-01-01T00:00:00Z'),
      at('x', 'Apply', '2027-01-01T00:00:00Z'),
    ];
    expect(encodeManagers(decodeManagers(entries) ?? []).map(({ manager }) => manager)).toEqual([
      'x',
      'z',
      'a',
      'b',
    ]);
  });

  test.each<[string, JsonValue]>([
    ['no list', {}],
    ['an entry that is no object', ['x']],
    ['another operation', [{ ...entry, operation: 'Delete' }]],
    ['no apiVersion', [{ ...entry, apiVersion: '' }]],
    ['another fieldsType', [{ ...entry, fieldsType: 'FieldsV2' }]],
    ['malformed fields', [{ ...entry, fieldsV1: { x: {} } }]],
    ['a long manager', [{ ...entry, manager: 'm'.repeat(129) }]],
    ['a long subresource', [{ ...entry, subresource: 's'.repeat(257) }]],
    ['a time that is none', [{ ...entry, time: 'now' }]],
    [
      'too many',
      Array.from({ length: maximumManagers + 1 }, (_, index) => ({ ...entry, manager: `m${index}` })),
    ],
  ])('%s is not read', (_, value) => {
    expect(decodeManagers(value)).toBeUndefined();
  });

  test.each<[JsonValue, boolean]>([
    [[], true],
    [[{}], true],
    [[entry], false],
    [null, false],
    [{}, false],
  ])('%j clears: %j', (value, clears) => {
    expect(clearsManagers(value)).toBe(clears);
  });
});

describe('from client-side apply to server-side apply', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const config = (x: string): JsonObject => ({ data: { x } });
  const live: JsonObject = {
    metadata: { annotations: { [annotation]: JSON.stringify(config('1')) } },
    data: { x: '1' },
  };
  const { managers } = updated(empty, 'kubectl-client-side-apply', live);
  const request = { shape: configMap, managers, config: config('2'), force: false };

  test('what was applied before and is unchanged is no conflict for kubectl', () => {
    const result = applyForKubectl({ ...request, live, writer: writer('kubectl') });
    expect(result).toMatchObject({ outcome: 'applied', object: { data: { x: '2' } } });
    if (result.outcome === 'conflict') throw new Error('it was refused');
    expect(result.object.metadata).toEqual({
      annotations: { [annotation]: `${JSON.stringify(config('2'))}\n` },
    });
  });

  test.each<[string, JsonObject, string]>([
    ['for another manager', live, 'flux'],
    ['when somebody changed it since', { ...live, data: { x: '7' } }, 'kubectl'],
    [
      'when the annotation is unreadable',
      { ...live, metadata: { annotations: { [annotation]: '{' } } },
      'kubectl',
    ],
  ])('it is one %s', (_, object, manager) => {
    expect(applyForKubectl({ ...request, live: object, writer: writer(manager) }).outcome).toBe('conflict');
  });
});

/** A small seeded generator: the same seed gives the same objects everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const seed = seedOfRun();

describe(`laws of apply on random deployments (seed ${seed})`, () => {
  const random = randomFrom(seed);
  const maybe = (value: () => JsonObject): JsonObject => (random(2) === 0 ? {} : value());
  const map = (): JsonObject =>
    Object.fromEntries(
      ['a', 'b', '__proto__'].filter(() => random(2)).map((key) => [key, String(random(2))]),
    );
  const container = (name: string): JsonObject => ({
    name,
    ...maybe(() => ({ image: `i${random(3)}` })),
    ...maybe(() => ({ args: [String(random(3))] })),
    ...maybe(() => ({
      env: ['E', 'F'].filter(() => random(2)).map((key) => ({ name: key, value: String(random(2)) })),
    })),
    ...maybe(() => ({ ports: [{ containerPort: 80 + random(2), ...maybe(() => ({ protocol: 'TCP' })) }] })),
  });
  const config = (): JsonObject => ({
    metadata: {
      ...maybe(() => ({ labels: map() })),
      ...maybe(() => ({ finalizers: ['f/a', 'f/b'].filter(() => random(2)) })),
    },
    spec: {
      ...maybe(() => ({ replicas: random(3) })),
      ...maybe(() => ({ selector: { matchLabels: map() } })),
      ...maybe(() => ({
        template: { spec: { containers: ['c', 'd', 'e'].filter(() => random(2)).map(container) } },
      })),
    },
  });
  const rounds = Array.from({ length: 400 }, () => {
    const base = [0, 1, 2].reduce<World>(
      (world, index) => applied(world, `m${index}`, config(), { shape: deployment, force: true }),
      random(2) === 0 ? empty : updated(empty, 'poster', config(), deployment),
    );
    return { base, config: config(), other: config() };
  });
  const forced = (world: World, manager: string, given: JsonObject): World =>
    applied(world, manager, given, { shape: deployment, force: true });
  const withoutNothing = (value: JsonValue): JsonValue => {
    if (!isObject(value)) return value;
    const kept = Object.entries(value)
      .map(([key, item]) => [key, withoutNothing(item)] as const)
      .filter(
        ([, item]) =>
          !(isObject(item) && Object.keys(item).length === 0) && !(Array.isArray(item) && item.length === 0),
      );
    return Object.fromEntries(kept);
  };

  test('applying the same twice changes nothing, neither the object nor its owners', () => {
    for (const { base, config: given } of rounds) {
      const once = forced(base, 'x', given);
      const twice = applied(once, 'x', given, { shape: deployment });
      expect(sameJson(twice.live, once.live), JSON.stringify([once.live, twice.live])).toBe(true);
      expect(sameManagers(twice.managers, once.managers)).toBe(true);
    }
  });

  test('after an apply the object holds what the configuration says', () => {
    for (const { base, config: given } of rounds) {
      const { live } = forced(base, 'x', given);
      const { added, modified } = compareFields(
        deployment,
        live,
        applied({ live, managers: [] }, 'y', given, { shape: deployment }).live,
      );
      expect([added.size, modified.size]).toEqual([0, 0]);
    }
  });

  test('without force an apply succeeds exactly when it takes nothing from anybody', () => {
    for (const { base, config: given } of rounds) {
      const result = apply(base, 'x', given, { shape: deployment });
      const after = forced(base, 'x', given);
      if (result.outcome === 'applied') {
        expect(sameJson(result.object, after.live)).toBe(true);
        continue;
      }
      const lost = base.managers.some((one) => {
        const now = after.managers.find(
          (two) => two.manager === one.manager && two.operation === one.operation,
        );
        return now === undefined || !sameManagers([one], [now]);
      });
      expect(lost).toBe(true);
    }
  });

  test('what one manager alone applied on an empty object goes when it lists nothing', () => {
    for (const { config: given } of rounds) {
      const gone = forced(forced(empty, 'x', given), 'x', {});
      expect(withoutNothing(gone.live)).toEqual({});
      expect(gone.managers).toEqual([]);
    }
  });

  test('of two managers with fields of their own the order does not matter, and each takes only its own away', () => {
    const first: JsonObject = { metadata: { labels: { one: '1' } }, spec: { replicas: 2 } };
    for (const { config: given } of rounds) {
      const second: JsonObject = { spec: { template: (given.spec as JsonObject).template ?? {} } };
      const ab = applied(applied(empty, 'a', first, { shape: deployment }), 'b', second, {
        shape: deployment,
      });
      const ba = applied(applied(empty, 'b', second, { shape: deployment }), 'a', first, {
        shape: deployment,
      });
      expect(sameJson(ab.live, ba.live)).toBe(true);
      expect(owners(ab)).toEqual(owners(ba));
      const less = applied(ab, 'a', {}, { shape: deployment });
      expect(withoutNothing(less.live)).toEqual(withoutNothing(second));
    }
  });
});
