import { expect, test } from 'vitest';
import { arnOrAll } from './arns.ts';

test.each([
  ['arn:aws:iam::111122223333:role/team/dev', 'arn:aws:iam::111122223333:role/team/dev'],
  ['arn:aws:iam::444455556666:role/theirs', 'arn:aws:iam::444455556666:role/theirs'],
  ['arn:aws:iam', '*'],
  ['dev', '*'],
  ['', '*'],
  [undefined, '*'],
])('a call about %s is authorized on %s', (arn, resource) => {
  expect(arnOrAll(arn)).toBe(resource);
});
