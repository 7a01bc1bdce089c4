import { expect, test } from 'vitest';
import { AnswerError, decodePatch, readVerdict } from './verdict.ts';

const read = (response: unknown, mutating = true, status = 200) =>
  readVerdict(
    {
      status,
      body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }),
    },
    { uid: 'u', version: 'v1', mutating },
  );
const patchOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const deep = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

test.each<[string, unknown]>([
  ['no answer', null],
  ['a list', []],
  ['a uid that is an object with a way to print itself', { uid: { toString: 1 }, allowed: true }],
  ['no uid', { allowed: true }],
  ['a number for `allowed`', { uid: 'u', allowed: 1 }],
  ['a text for the status', { uid: 'u', allowed: true, status: 'fine' }],
  ['a patch without its type', { uid: 'u', allowed: true, patch: patchOf([]) }],
  ['a type without a patch', { uid: 'u', allowed: true, patchType: 'JSONPatch' }],
  ['another type of patch', { uid: 'u', allowed: true, patch: patchOf([]), patchType: { toString: 1 } }],
  ['a patch that is a list already', { uid: 'u', allowed: true, patch: [], patchType: 'JSONPatch' }],
  ['an answer nested without end', { uid: 'u', allowed: true, extra: deep(500) }],
])('%s is no verdict', (_, response) => {
  expect(() => read(response)).toThrow(AnswerError);
});

test.each([
  ['no list', patchOf({})],
  ['no JSON', '!!'],
  ['nested without end', patchOf(deep(500))],
])(
  'a patch that is %s refuses the write of whoever may fail, too, and makes no refusal a failed call',
  (_, patch) => {
    expect(() => decodePatch(read({ uid: 'u', allowed: true, patch, patchType: 'JSONPatch' }).patch)).toThrow(
      'it is no JSON patch',
    );
    for (const patchType of ['JSONPatch', 'Other']) {
      expect(read({ uid: 'u', allowed: false, patch, patchType })).toMatchObject({
        allowed: false,
        patch: '',
      });
    }
  },
);

test('nothing but `true` allows', () => {
  expect(read({ uid: 'u' }).allowed).toBe(false);
  expect(read({ uid: 'u', allowed: false }).allowed).toBe(false);
  expect(read({ uid: 'u', allowed: true }).allowed).toBe(true);
});

test('what a webhook remarks is kept no longer than it is shown', () => {
  const long = 'x'.repeat(100_000);
  const auditAnnotations = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}${long}`, long]));
  const { warnings, ...verdict } = read({
    ...{ uid: 'u', allowed: true, auditAnnotations },
    warnings: Array.from({ length: 100 }, (_, n) => `${n}${long}`),
  });
  const lengths = (texts: readonly string[]) => [
    texts.length,
    Math.max(...texts.map(({ length }) => length)),
  ];
  expect([lengths(warnings), lengths(Object.values(verdict.auditAnnotations))]).toEqual([
    [32, 512],
    [32, 1024],
  ]);
});

test('what is of another type beside the verdict is left out', () => {
  const more = { warnings: ['a', 1, null], auditAnnotations: { a: 'b', c: 1 }, patch: null, patchType: null };
  expect(read({ uid: 'u', allowed: true, ...more })).toEqual({
    allowed: true,
    result: undefined,
    patch: '',
    warnings: ['a'],
    auditAnnotations: { a: 'b' },
  });
});
