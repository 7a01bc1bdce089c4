import { expect, test } from 'vitest';
import { AwsError } from '../wire/protocols/errors.ts';
import { refuseInvalid, validateMember } from './validation.ts';

const name = { required: true, min: 2, max: 4, pattern: '[\\w+=,.@-]+' };

test.each([
  ['ab', []],
  ['a', ['Member must have length greater than or equal to 2']],
  ['abcde', ['Member must have length less than or equal to 4']],
  ['a b', ['Member must satisfy regular expression pattern: [\\w+=,.@-]+']],
  ['ab\n', ['Member must satisfy regular expression pattern: [\\w+=,.@-]+']],
  [
    'é',
    [
      'Member must have length greater than or equal to 2',
      'Member must satisfy regular expression pattern: [\\w+=,.@-]+',
    ],
  ],
  [
    '',
    [
      'Member must have length greater than or equal to 2',
      'Member must satisfy regular expression pattern: [\\w+=,.@-]+',
    ],
  ],
])('the string %j breaks the rules %j', (value, rules) => {
  expect(validateMember('userName', value, name)).toEqual(
    rules.map((rule) => `Value '${value}' at 'userName' failed to satisfy constraint: ${rule}`),
  );
});

test.each([
  [900, []],
  [
    899,
    ["Value '899' at 'n' failed to satisfy constraint: Member must have value greater than or equal to 900"],
  ],
  [
    43201,
    ["Value '43201' at 'n' failed to satisfy constraint: Member must have value less than or equal to 43200"],
  ],
  [
    Number.NaN,
    [
      "Value 'NaN' at 'n' failed to satisfy constraint: Member must have value greater than or equal to 900",
      "Value 'NaN' at 'n' failed to satisfy constraint: Member must have value less than or equal to 43200",
    ],
  ],
])('the number %d answers %j', (value, failures) => {
  expect(validateMember('n', value, { min: 900, max: 43200 })).toEqual(failures);
});

test('a missing required member is printed as null without quotes', () => {
  expect(validateMember('roleArn', undefined, { required: true, min: 20 })).toEqual([
    "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
  ]);
  expect(validateMember('roleArn', undefined, { min: 20 })).toEqual([]);
});

test('a long value is not quoted whole: a small request must not be answered with a long text', () => {
  const failures = validateMember('a', '"'.repeat(1_000_000), name);
  expect(failures).toHaveLength(2);
  for (const failure of failures) expect(failure.length).toBeLessThan(1200);
  expect(failures[0]).toContain(`Value '${'"'.repeat(1024)}...' at 'a'`);
});

test('enums and lists are judged too', () => {
  expect(validateMember('status', 'on', { enum: ['Active', 'Inactive'] })).toEqual([
    "Value 'on' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
  ]);
  expect(validateMember('tags', [1, 2], { max: 1 })).toEqual([
    "Value '[1, 2]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 1",
  ]);
});

test('several failures become one ValidationError that counts them (H9)', () => {
  expect(() => refuseInvalid([])).not.toThrow();
  const failures = [...validateMember('a', 'x', name), ...validateMember('b', undefined, name)];
  expect(() => refuseInvalid(failures)).toThrow(
    new AwsError(
      'ValidationError',
      "2 validation errors detected: Value 'x' at 'a' failed to satisfy constraint: Member must have length greater than or equal to 2; Value null at 'b' failed to satisfy constraint: Member must not be null",
    ),
  );
});

test('of very many failures the first are told, and how many there are', () => {
  const failures = Array.from({ length: 100_000 }, (_, at) => `failure ${at}`);
  let message = '';
  try {
    refuseInvalid(failures);
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain('100000 validation errors detected: failure 0; failure 1;');
  expect(message.length).toBeLessThan(10_000);
});
