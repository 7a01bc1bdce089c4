import { describe, expect, test } from 'vitest';
import { createPageTokens } from './pagetoken.ts';

const key = new Uint8Array(32).fill(7);
const tokens = createPageTokens(key);

describe('page tokens', () => {
  test('a token with any character changed opens nothing', () => {
    const token = tokens.seal('ListUsers', 'alice');
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'A' ? 'B' : 'A';
      expect(
        tokens.open('ListUsers', token.slice(0, index) + other + token.slice(index + 1)),
      ).toBeUndefined();
    }
  });

  test.each([
    ['another scope', (token: string) => tokens.open('ListRoles', token)],
    ['another key', (token: string) => createPageTokens(new Uint8Array(32).fill(8)).open('ListUsers', token)],
    ['a cut token', (token: string) => tokens.open('ListUsers', token.slice(0, -4))],
    ['padding', (token: string) => tokens.open('ListUsers', `${token}=`)],
    ['a space, as made from + by a careless proxy', (token: string) => tokens.open('ListUsers', `${token} `)],
    ['nothing', () => tokens.open('ListUsers', '')],
    ['text', () => tokens.open('ListUsers', 'alice')],
    ['a flood', () => tokens.open('ListUsers', 'A'.repeat(100_000))],
  ])('%s opens nothing', (_, open) => {
    expect(open(tokens.seal('ListUsers', 'alice'))).toBeUndefined();
  });

  test.each(['', 'alice', 'iam/111122223333/user/ålice\u0000', 'x'.repeat(2048)])(
    'position %j returns',
    (position) => {
      expect(tokens.open('ListUsers', tokens.seal('ListUsers', position))).toBe(position);
    },
  );

  test('tokens are url-safe, do not show the position and differ for one position (protocol-facts 23)', () => {
    const token = tokens.seal('ListUsers', 'alice-alice-alice');
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('alice');
    expect(tokens.seal('ListUsers', 'alice-alice-alice')).not.toBe(token);
  });

  test('a short key is refused', () => {
    expect(() => createPageTokens(new Uint8Array(15))).toThrow(RangeError);
  });
});
