import { expect, test } from 'vitest';
import { accountOfAccessKeyId, newAccessKeyId } from './accesskeyid.ts';

const random = {
  bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  uuid: () => crypto.randomUUID(),
};

test.each([
  '',
  'AKIAIOSFODNN7EXAMPLE',
  'ASIAQNZGKIQY56JQ7WM',
  'ASIAQNZGKIQY56JQ7WMLA',
  'AIDAQNZGKIQY56JQ7WML',
  'asiaqnzgkiqy56jq7wml',
  'ASIA7777777777777777',
])('%j tells no account', (id) => expect(accountOfAccessKeyId(id)).toBeUndefined());

test('an id made by AWS is read (I18)', () => {
  expect(accountOfAccessKeyId('ASIAQNZGKIQY56JQ7WML')).toBe('029608264753');
});

test.each(['000000000000', '000000000001', '111122223333', '999999999999'])(
  'an id of account %s tells it and differs from the last one',
  (accountId) => {
    const ids = Array.from({ length: 100 }, () => newAccessKeyId('ASIA', accountId, random));
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) {
      expect(id).toMatch(/^ASIA[A-Z2-7]{16}$/);
      expect(accountOfAccessKeyId(id)).toBe(accountId);
    }
  },
);

test('no id is made for what is no account', () => {
  expect(() => newAccessKeyId('ASIA', '1234', random)).toThrow(RangeError);
});
