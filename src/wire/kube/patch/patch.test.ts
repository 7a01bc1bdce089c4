import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../../test/processortime.ts';
import { isObject, type JsonValue } from '../json.ts';
import { jsonPatch } from './jsonpatch.ts';
import { mergePatch } from './mergepatch.ts';
import { strategicMergePatch } from './strategicmergepatch.ts';

const code = (value: number) => expect.objectContaining({ status: expect.objectContaining({ code: value }) });

interface RecordedPatch {
  readonly original: JsonValue;
  readonly patch: JsonValue;
  readonly result: JsonValue;
}

/** Results of `kubectl patch --local --type=strategic` (1.33) on generated pods; empty members left out on both sides. */
const recorded = JSON.parse(
  readFileSync(new URL('../../../../test/cases/kube/strategic-merge-patches.json', import.meta.url), 'utf8'),
) as readonly RecordedPatch[];

function withoutEmpty(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(withoutEmpty);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, withoutEmpty(item)] as const)
      .filter(([, item]) => item !== null && JSON.stringify(item) !== '{}' && JSON.stringify(item) !== '[]'),
  );
}

test.each(recorded)('what kubectl made of patch %# is what we make of it', ({ original, patch, result }) => {
  expect(withoutEmpty(strategicMergePatch(original, patch, 'core.v1.Pod'))).toEqual(result);
});

describe('JSON patch', () => {
  const document = { metadata: { name: 'a', labels: { x: '1' } }, list: [1, 2, 3], 'a/b': 1, 'm~n': 2 };

  test.each<[string, JsonValue, JsonValue]>([
    ['add a member', [{ op: 'add', path: '/b', value: 1 }], { ...document, b: 1 }],
    ['add an element', [{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
    ['append', [{ op: 'add', path: '/list/-', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
    ['remove', [{ op: 'remove', path: '/list/0' }], { ...document, list: [2, 3] }],
    [
      'replace',
      [{ op: 'replace', path: '/metadata/name', value: 'b' }],
      { ...document, metadata: { name: 'b', labels: { x: '1' } } },
    ],
    [
      'escapes',
      [
        { op: 'replace', path: '/a~1b', value: 2 },
        { op: 'test', path: '/m~0n', value: 2 },
      ],
      { ...document, 'a/b': 2 },
    ],
    ['copy', [{ op: 'copy', from: '/metadata/labels', path: '/copy' }], { ...document, copy: { x: '1' } }],
    [
      'move',
      [
        { op: 'move', from: '/list', path: '/moved' },
        { op: 'test', path: '/moved/0', value: 1 },
      ],
      { metadata: document.metadata, 'a/b': 1, 'm~n': 2, moved: [1, 2, 3] },
    ],
    [
      'a passing test',
      [{ op: 'test', path: '/metadata', value: { labels: { x: '1' }, name: 'a' } }],
      document,
    ],
    ['nothing', [], document],
    ['the root', [{ op: 'replace', path: '', value: { a: 1 } }], { a: 1 }],
  ])('%s', (_, patch, expected) => {
    const before = structuredClone(document);
    expect(jsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each<[string, JsonValue]>([
    ['an object', {}],
    ['an operation that is a string', ['add']],
    ['an unknown operation', [{ op: 'merge', path: '/a' }]],
    ['the library-internal operation', [{ op: '_get', path: '/metadata' }]],
    ['no path', [{ op: 'remove' }]],
    ['a path without a slash', [{ op: 'remove', path: 'a' }]],
    ['an add without value', [{ op: 'add', path: '/a' }]],
    ['a move without from', [{ op: 'move', path: '/a' }]],
    ['an inherited operation name', [{ op: 'toString', path: '/a' }]],
  ])('%s is refused with 400', (_, patch) => {
    expect(() => jsonPatch(document, patch)).toThrow(code(400));
  });

  test.each<[string, JsonValue]>([
    ['a failed test', [{ op: 'test', path: '/metadata/name', value: 'z' }]],
    ['a test of what is absent', [{ op: 'test', path: '/none', value: 'z' }]],
    ['a removal of what is absent', [{ op: 'remove', path: '/none' }]],
    ['a replacement of what is absent', [{ op: 'replace', path: '/none', value: 1 }]],
    ['an add below what is absent', [{ op: 'add', path: '/none/x', value: 1 }]],
    ['an index past the end', [{ op: 'add', path: '/list/9', value: 1 }]],
    ['an index that is no number', [{ op: 'add', path: '/list/x', value: 1 }]],
    ['a step into a scalar', [{ op: 'add', path: '/metadata/name/x', value: 1 }]],
    ['a copy from nowhere', [{ op: 'copy', from: '/none', path: '/b' }]],
    ['__proto__', [{ op: 'add', path: '/__proto__/polluted', value: true }]],
    ['constructor', [{ op: 'add', path: '/constructor/prototype/polluted', value: true }]],
    ['an inherited member', [{ op: 'replace', path: '/toString', value: 1 }]],
    ['a copy from the prototype', [{ op: 'copy', from: '/constructor', path: '/b' }]],
  ])('%s does not apply: 422, and nothing is polluted', (_, patch) => {
    expect(() => jsonPatch(document, patch)).toThrow(code(422));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each<[string, JsonValue]>([
    ['10001 operations', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }))],
    [
      'putting thousands in front of a long list',
      Array.from({ length: 10_000 }, () => ({ op: 'add', path: '/long/0', value: 1 })),
    ],
    ['copies that double', Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '', path: `/c${i}` }))],
    [
      'many moves of a large document',
      Array.from({ length: 9_000 }, () => ({ op: 'move', from: '/big', path: '/big' })),
    ],
  ])('%s is too large: 413', (_, patch) => {
    const long = Array.from({ length: 50_000 }, () => 1);
    const big = { a: 1, big: 'x'.repeat(50_000), long };
    expect(() => jsonPatch(big, patch)).toThrow(code(413));
  });
});

describe('JSON merge patch', () => {
  test.each<[JsonValue, JsonValue, JsonValue]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j (RFC 7386)', (original, patch, expected) => {
    expect(mergePatch(original, patch)).toEqual(expected);
  });

  test('__proto__ is a member like any other', () => {
    const patch = JSON.parse(
      '{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}',
    ) as JsonValue;
    const merged = mergePatch({ a: {} }, patch) as Record<string, object>;
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.keys(merged)).toEqual(['__proto__', 'a']);
  });
});

describe('strategic merge patch', () => {
  const podSpec = (spec: JsonValue): JsonValue => ({ spec });
  const pod = (original: JsonValue, patch: JsonValue): JsonValue =>
    (strategicMergePatch(podSpec(original), podSpec(patch), 'core.v1.Pod') as { spec: JsonValue }).spec;
  const two = {
    containers: [
      { name: 'a', image: 'i:1', args: ['x'] },
      { name: 'b', image: 'i:1' },
    ],
  };

  test.each<[string, JsonValue, JsonValue, JsonValue]>([
    [
      'an element is found by its key',
      two,
      { containers: [{ name: 'b', image: 'i:2' }] },
      { containers: [two.containers[0] as JsonValue, { name: 'b', image: 'i:2' }] },
    ],
    [
      'an unknown element stands where the patch has it, in front of what the patch does not name',
      two,
      { containers: [{ name: 'c' }] },
      { containers: [{ name: 'c' }, ...two.containers] },
    ],
    [
      '$patch: delete removes an element',
      two,
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [two.containers[1] as JsonValue] },
    ],
    [
      '$patch: replace in a list replaces it',
      two,
      { containers: [{ $patch: 'replace' }, { name: 'z' }] },
      { containers: [{ name: 'z' }] },
    ],
    [
      '$patch: replace in an element replaces it',
      { securityContext: { runAsUser: 1, runAsGroup: 2 } },
      { securityContext: { $patch: 'replace', runAsUser: 3 } },
      { securityContext: { runAsUser: 3 } },
    ],
    [
      '$patch: delete empties an object',
      { securityContext: { runAsUser: 1 } },
      { securityContext: { $patch: 'delete' } },
      { securityContext: {} },
    ],
    [
      '$patch: merge merges',
      { securityContext: { runAsUser: 1 } },
      { securityContext: { $patch: 'merge', runAsGroup: 2 } },
      { securityContext: { runAsUser: 1, runAsGroup: 2 } },
    ],
    ['null deletes', { nodeName: 'n', hostname: 'h' }, { nodeName: null }, { hostname: 'h' }],
    [
      'null of what is absent adds nothing',
      { hostname: 'h' },
      { nodeName: null, affinity: { nodeAffinity: null } },
      { hostname: 'h', affinity: {} },
    ],
    [
      'args are replaced, not merged',
      two,
      { containers: [{ name: 'a', args: ['y'] }] },
      { containers: [{ name: 'a', image: 'i:1', args: ['y'] }, two.containers[1] as JsonValue] },
    ],
    [
      'tolerations are replaced',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'b' }] },
      { tolerations: [{ key: 'b' }] },
    ],
    [
      'a map merges',
      { nodeSelector: { a: '1', b: '2' } },
      { nodeSelector: { b: '3', c: '4' } },
      { nodeSelector: { a: '1', b: '3', c: '4' } },
    ],
    [
      '$setElementOrder orders',
      two,
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [...two.containers].reverse() },
    ],
    [
      '$setElementOrder with a change keeps what only the server has in place',
      { containers: [{ name: 'injected' }, ...two.containers] },
      {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [{ name: 'a', image: 'i:2' }],
      },
      {
        containers: [
          { name: 'injected' },
          { name: 'b', image: 'i:1' },
          { name: 'a', image: 'i:2', args: ['x'] },
        ],
      },
    ],
    [
      '$retainKeys drops the other members of a volume',
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    ],
    [
      'a directive never reaches the result',
      {},
      {
        containers: [
          {
            name: 'a',
            env: [{ name: 'X', $patch: 'delete' }, { name: 'Y' }],
            '$setElementOrder/env': [{ name: 'Y' }],
          },
        ],
      },
      { containers: [{ name: 'a', env: [{ name: 'Y' }] }] },
    ],
  ])('%s (E11)', (_, original, patch, expected) => {
    const before = structuredClone(original);
    expect(pod(original, patch)).toEqual(expected);
    expect(original).toEqual(before);
  });

  test('two ports of one number stay two ports', () => {
    const original = {
      spec: {
        ports: [
          { port: 53, protocol: 'TCP', name: 't' },
          { port: 53, protocol: 'UDP', name: 'u' },
        ],
      },
    };
    const patch = { spec: { ports: [{ port: 53, name: 'tcp' }, { port: 80 }] } };
    expect(strategicMergePatch(original, patch, 'core.v1.Service')).toEqual({
      spec: {
        ports: [
          { port: 53, protocol: 'TCP', name: 'tcp' },
          { port: 53, protocol: 'UDP', name: 'u' },
          { port: 80 },
        ],
      },
    });
  });

  test('finalizers merge as a set and leave by $deleteFromPrimitiveList', () => {
    const original = { metadata: { finalizers: ['a/x', 'b/y', 'c/z'] } };
    expect(
      strategicMergePatch(original, { metadata: { finalizers: ['d/w', 'a/x'] } }, 'core.v1.Pod'),
    ).toEqual({
      metadata: { finalizers: ['d/w', 'a/x', 'b/y', 'c/z'] },
    });
    const patch = {
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['b/y'],
        '$setElementOrder/finalizers': ['c/z', 'a/x'],
      },
    };
    expect(strategicMergePatch(original, patch, 'core.v1.Pod')).toEqual({
      metadata: { finalizers: ['c/z', 'a/x'] },
    });
  });

  test.each([
    ['rbac.v1.Role', 'rules', [{ verbs: ['get'] }], [{ verbs: ['list'] }]],
    ['rbac.v1.RoleBinding', 'subjects', [{ kind: 'User', name: 'a' }], [{ kind: 'User', name: 'b' }]],
    ['core.v1.ServiceAccount', 'imagePullSecrets', [{ name: 'a' }], [{ name: 'b' }]],
  ])('%s.%s is replaced as a whole (E11)', (type, field, before, after) => {
    const merged = strategicMergePatch({ [field]: before }, { [field]: after }, type);
    expect(merged).toEqual({ [field]: type === 'core.v1.ServiceAccount' ? [...after] : after });
  });

  test.each([
    ['core.v1.PodSpec', 'containers', 'name'],
    ['core.v1.PodSpec', 'initContainers', 'name'],
    ['core.v1.PodSpec', 'ephemeralContainers', 'name'],
    ['core.v1.PodSpec', 'volumes', 'name'],
    ['core.v1.PodSpec', 'imagePullSecrets', 'name'],
    ['core.v1.PodSpec', 'hostAliases', 'ip'],
    ['core.v1.PodSpec', 'topologySpreadConstraints', 'topologyKey'],
    ['core.v1.Container', 'env', 'name'],
    ['core.v1.Container', 'ports', 'containerPort'],
    ['core.v1.Container', 'volumeMounts', 'mountPath'],
    ['core.v1.Container', 'volumeDevices', 'devicePath'],
    ['core.v1.ServiceSpec', 'ports', 'port'],
    ['core.v1.NodeStatus', 'addresses', 'type'],
    ['core.v1.PodStatus', 'conditions', 'type'],
    ['core.v1.ServiceAccount', 'secrets', 'name'],
    ['meta.v1.ObjectMeta', 'ownerReferences', 'uid'],
  ])('%s.%s merges by %s (E11)', (type, field, key) => {
    const merged = strategicMergePatch(
      { [field]: [{ [key]: 'x', a: 1 }] },
      { [field]: [{ [key]: 'x', b: 2 }] },
      type,
    );
    expect(merged).toEqual({ [field]: [{ [key]: 'x', a: 1, b: 2 }] });
  });

  test.each<[string, JsonValue]>([
    ['an unknown $patch', { spec: { $patch: 'explode' } }],
    ['an unknown $patch in an element', { spec: { containers: [{ name: 'a', $patch: 'explode' }] } }],
    ['an element without its merge key', { spec: { containers: [{ image: 'x' }] } }],
    ['an element that is a string', { spec: { containers: ['a'] } }],
    ['a delete without a key', { spec: { containers: [{ $patch: 'delete' }] } }],
    [
      'an order that lacks what is set',
      { spec: { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] } },
    ],
    ['an order that is not a list', { spec: { '$setElementOrder/containers': 'a' } }],
    ['a directive for a list that does not merge', { spec: { '$setElementOrder/tolerations': [] } }],
    ['a directive for an unknown field', { spec: { '$deleteFromPrimitiveList/none': ['a'] } }],
    ['$retainKeys without a key that is set', { spec: { $retainKeys: ['a'], hostname: 'h' } }],
    ['a list', []],
    ['null', null],
  ])('%s is refused with 400', (_, patch) => {
    expect(() => strategicMergePatch({ spec: { ...two } }, patch, 'core.v1.Pod')).toThrow(code(400));
  });

  test('without types every list is replaced and objects still merge', () => {
    expect(
      strategicMergePatch(
        { a: [{ name: 'x' }], b: { c: 1 } },
        { a: [{ name: 'y' }], b: { d: 2 } },
        undefined,
      ),
    ).toEqual({
      a: [{ name: 'y' }],
      b: { c: 1, d: 2 },
    });
  });

  test('__proto__ pollutes nothing', () => {
    const patch = JSON.parse(
      '{"metadata": {"labels": {"__proto__": {"polluted": true}}, "__proto__": {"polluted": true}}}',
    ) as JsonValue;
    strategicMergePatch({ metadata: { labels: {} } }, patch, 'core.v1.Pod');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('merging long lists takes time in proportion', () => {
    const list = (image: string): JsonValue =>
      Array.from({ length: 20_000 }, (_, index) => ({ name: `c${index}`, image }));
    const spent = processorTimer();
    pod({ containers: list('a') }, { containers: list('b'), '$setElementOrder/containers': list('b') });
    expect(spent()).toBeLessThan(2_000);
  });
});

test('a JSON patch cannot nest deeper than a body may, one operation beneath another', () => {
  const deep = (levels: number): JsonValue => (levels === 0 ? 0 : { a: deep(levels - 1) });
  const patch = Array.from({ length: 40 }, (_, at) => ({
    op: 'add',
    path: `/spec${'/a'.repeat(100 * at)}`,
    value: deep(100),
  }));
  expect(() => jsonPatch({}, patch)).toThrow(
    expect.objectContaining({ status: expect.objectContaining({ code: 413 }) }),
  );
  expect(jsonPatch({}, patch.slice(0, 1))).toEqual({ spec: deep(100) });
});

test('the selector of a disruption budget is replaced as a whole, as its type says', () => {
  const before = { spec: { minAvailable: 1, selector: { matchLabels: { a: '1', b: '2' } } } };
  const patch = { spec: { selector: { matchLabels: { a: '3' } } } };
  expect(strategicMergePatch(before, patch, 'policy.v1.PodDisruptionBudget')).toEqual({
    spec: { minAvailable: 1, selector: { matchLabels: { a: '3' } } },
  });
});
