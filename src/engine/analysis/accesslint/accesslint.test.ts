import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
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
