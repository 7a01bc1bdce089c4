import { expect, test } from 'vitest';
import { matcherArnOf } from './matcher.ts';

test.each([
  {},
  { permissionSet: '' },
  { permissionSet: 'ViewOnly' },
  { permissionSet: '11112222333/ViewOnly' },
  { permissionSet: '111122223333/' },
  { permissionSet: '111122223333/View*' },
  { permissionSet: '111122223333/a/b' },
  { permissionSet: `111122223333/${'x'.repeat(33)}` },
])('%o names no roles', (options) => expect(() => matcherArnOf(options)).toThrow());

test('a permission set is named by account and set, a pattern by its ARN', () => {
  expect(matcherArnOf({ permissionSet: '111122223333/View_Only' })).toBe(
    'arn:aws:iam::111122223333:role/AWSReservedSSO_View_Only_*',
  );
  expect(matcherArnOf({ pattern: 'arn:aws:iam::111122223333:role/dev-*' })).toBe(
    'arn:aws:iam::111122223333:role/dev-*',
  );
});
