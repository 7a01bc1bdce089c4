import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import { bindingSubject, testArn, testEntry, testGrant } from '../testworld.ts';
import { type AccessLintOptions, lintAccess } from './accesslint.ts';
import type { Example } from './example.ts';
import { examples, exampleUsage, exampleWorld } from './examples.ts';
import { accessRules } from './rules.ts';

const options: AccessLintOptions = {
  served: new Map([['', new Set(['pods', 'secrets'])]]),
  digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 32),
};

const lint = (example: Example, change: Partial<AccessLintOptions> = {}) =>
  lintAccess(exampleWorld(example), {
    ...options,
    usage: exampleUsage(example.uses),
    suppressions: example.suppressions ?? [],
    ...change,
  });
const found = (example: Example, change: Partial<AccessLintOptions> = {}): readonly string[] =>
  lint(example, change).findings.map(({ id }) => id);

describe.each(accessRules.map((rule) => [rule.id, rule.name] as const))('%s %s', (id) => {
  const { triggers, passes } = examples[id] ?? { triggers: {}, passes: {} };

  test('is triggered by its example, and by nothing else when it is left out', () => {
    expect(found(triggers)).toContain(id);
    expect(found(triggers, { skip: new Set([id]) })).not.toContain(id);
  });

  test('is silent about the better form, in which nothing graver is found', () => {
    const answer = lint(passes);
    const grave = answer.findings.filter(({ severity }) => severity === 'error' || severity === 'security');
    expect(answer.findings.map((one) => one.id)).not.toContain(id);
    expect(grave.filter((one) => !examplesOfPower.has(id) || !one.id.startsWith('EW-ACC-1'))).toEqual([]);
  });
});

/** The better form of one power is sometimes a lesser other one. */
const examplesOfPower = new Set(accessRules.map(({ id }) => id).filter((id) => /^EW-ACC-1[12]/.test(id)));

test('ids are unique, in order and of one form, and each has an example', () => {
  const ids = accessRules.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(Object.keys(examples).sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^EW-ACC-[0-9]{3}$/);
});

test('a new cluster, with all that Kubernetes itself puts into it, is clean', () => {
  expect(lint({}).findings).toEqual([]);
});

test('who is known by the name in the cluster alone used the entry all the same', () => {
  const { triggers } = examples['EW-ACC-701'] ?? {};
  const uses = (triggers?.uses ?? []).map((use) => ({
    ...use,
    who: { username: 'arn:aws:sts::111122223333:assumed-role/ops/ada' },
  }));
  expect(found({ ...triggers, uses })).not.toContain('EW-ACC-701');
});

test('whoever adds themselves to a binding of Kubernetes itself is told of', () => {
  const rbac: RbacObject[] = [
    {
      kind: 'ClusterRoleBinding',
      name: 'cluster-admin',
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: ['Group:system:masters', 'User:eve'].map(bindingSubject),
    },
  ];
  expect(lint({ cluster: { rbac } }).findings).toMatchObject([{ id: 'EW-ACC-003', subject: 'User eve' }]);
});

test('no more of one rule is told than was asked for, and how many there are', () => {
  const rbac = Array.from({ length: 5 }, (_, at) =>
    testGrant(`all-${at}`, 'Group:devs', [allow('*', '*', '*')]),
  );
  const { findings, cut } = lint({ cluster: { rbac: rbac.flat() } }, { mostPerRule: 2 });
  expect(findings.filter(({ id }) => id === 'EW-ACC-003')).toHaveLength(2);
  expect(cut).toContainEqual({ id: 'EW-ACC-003', found: 5, told: 2 });
});

test('what could not be read is not called clean', () => {
  const gap = { area: 'rbac', reason: 'rbac was refused: Forbidden' } as const;
  const { notLookedAt, incomplete } = lint({ gaps: [gap] });
  expect(incomplete).toEqual([gap]);
  expect(notLookedAt).toContainEqual(
    expect.objectContaining({ reason: gap.reason, ids: expect.arrayContaining(['EW-ACC-201']) }),
  );
});

test('a name in a command stands in quotes: nothing in it is carried out', () => {
  const rbac: RbacObject[] = [
    {
      kind: 'ClusterRoleBinding',
      name: "x'; rm -rf ~ #",
      roleRef: { kind: 'ClusterRole', name: 'gone' },
      subjects: [],
    },
  ];
  const fixes = lint({ cluster: { rbac } }).findings.map(({ fix }) => fix);
  expect(fixes).toContain(`kubectl delete 'clusterrolebinding/x'\\''; rm -rf ~ #'`);
});

test('an entry that lets nobody in makes no administrator', () => {
  const stale = { accessEntries: [testEntry(testArn('role/gone'), { AmazonEKSClusterAdminPolicy: [] })] };
  expect(found({ cluster: stale })).toEqual(['EW-ACC-311']);
});
