import { expect, test } from 'vitest';
import { fieldSummaries } from '../data/fieldsummaries.ts';
import { kindSummaries } from '../kindsummaries.ts';
import { messageNamed } from '../messages.ts';
import { builtInResources } from '../resources.ts';
import { describeField, describeType } from './descriptions.ts';

test('every kind has a sentence', () => {
  const kinds = builtInResources.definitions.flatMap((one) => [
    one.kind,
    ...one.subresources.map(({ kind }) => kind).filter((kind) => !kind.endsWith('Options')),
  ]);
  expect([...new Set(kinds)].filter((kind) => !Object.hasOwn(kindSummaries, kind))).toEqual([]);
});

test('every sentence is about a type or a field there is', () => {
  const unknown = Object.keys(fieldSummaries).filter((name) => {
    if (messageNamed(name) !== undefined) return false;
    const dot = name.lastIndexOf('.');
    const message = messageNamed(name.slice(0, dot));
    const field = name.slice(dot + 1);
    // apiVersion and kind are of every object, and of no message of their own.
    return message?.byJsonName.has(field) !== true;
  });
  expect(unknown).toEqual([]);
});

test('a field does not say what its type says once more', () => {
  const types = new Set(
    Object.entries(fieldSummaries).flatMap(([name, text]) => (messageNamed(name) ? [text] : [])),
  );
  const twice = Object.entries(fieldSummaries).filter(
    ([name, text]) => messageNamed(name) === undefined && types.has(text),
  );
  expect(twice).toEqual([]);
});

test.each([
  ['apps.v1.Deployment', 'spec', 'What is wanted.'],
  ['apps.v1.DeploymentList', 'items', 'The objects of the list.'],
  ['core.v1.PodCondition', 'status', 'Whether it holds: True, False or Unknown.'],
  ['core.v1.ConfigMapVolumeSource', 'items', undefined],
  ['core.v1.Pod', 'constructor', undefined],
])('%s.%s: %s', (owner, field, expected) => {
  expect(describeField(owner, field)).toBe(expected);
});

test('a list says what it lists', () => {
  expect(describeType('core.v1.PodList')).toBe('A list of Pod objects.');
  expect(describeType('core.v1.Pod')).toBe(kindSummaries.Pod);
  expect(describeType('core.v1.AvoidPods')).toBeUndefined();
});
