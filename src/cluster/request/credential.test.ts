import { describe, expect, test } from 'vitest';
import { readCredential } from './credential.ts';

const protocol = (token: string): string =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;

describe('credentials (kubernetes-facts B31, B32)', () => {
  test.each([
    ['basic', [['authorization', 'Basic YTpi']]],
    ['a scheme alone', [['authorization', 'Bearer']]],
    ['an empty header', [['authorization', '']]],
    [
      'two tokens',
      [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
    ],
    [
      'a header and a subprotocol',
      [
        ['authorization', 'Bearer a'],
        ['upgrade', 'websocket'],
        ['sec-websocket-protocol', `v5.channel.k8s.io, ${protocol('a')}`],
      ],
    ],
    [
      'a subprotocol alone',
      [
        ['upgrade', 'websocket'],
        ['sec-websocket-protocol', protocol('a')],
      ],
    ],
    [
      'a padded subprotocol',
      [
        ['upgrade', 'websocket'],
        ['sec-websocket-protocol', `v5.channel.k8s.io, ${protocol('a')}==`],
      ],
    ],
  ] as const)('%s is unreadable, not anonymous', (_, lines) => {
    expect(readCredential(lines)).toEqual({ kind: 'unreadable' });
  });

  test.each([
    ['Bearer', [['authorization', 'Bearer tok']]],
    ['bearer', [['authorization', 'bearer tok']]],
    ['a third word', [['authorization', 'Bearer tok more']]],
    [
      'a subprotocol',
      [
        ['upgrade', 'WebSocket'],
        ['sec-websocket-protocol', `v5.channel.k8s.io, ${protocol('tok')}`],
      ],
    ],
  ] as const)('%s carries the token', (_, lines) => {
    expect(readCredential(lines)).toEqual({ kind: 'token', token: 'tok' });
  });

  test('a subprotocol without an upgrade is no credential', () => {
    expect(readCredential([['sec-websocket-protocol', `x, ${protocol('tok')}`]])).toEqual({ kind: 'none' });
  });
});
