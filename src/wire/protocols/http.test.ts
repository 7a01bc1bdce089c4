import { expect, test } from 'vitest';
import { peerAddress } from './http.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  [undefined, ''],
])('a peer has one address, whatever the socket listens on: %s', (shown, address) => {
  expect(peerAddress(shown)).toBe(address);
});
