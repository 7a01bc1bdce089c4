import { expect, test } from 'vitest';
import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { createClusterKeys } from './clusterkeys.ts';

const url = 'https://kubernetes.example.com';
const key = { kty: 'RSA', kid: 'a', n: 'n', e: 'AQAB' };

function createKeys() {
  const asked: unknown[][] = [];
  const keysOf = createClusterKeys({
    issuerKeys: {
      keysOf: async (...asking) => {
        asked.push(asking);
        return { outcome: 'unreachable' };
      },
    },
  });
  const of = (cluster: Partial<ClusterRecord>, issuer = url) =>
    keysOf({ kind: 'connected', ...cluster }, issuer, 'a', 1);
  return { asked, of };
}

test('of a cluster whose issuer nobody told or is another, and of a built-in one, nobody is asked', async () => {
  const { asked, of } = createKeys();
  const notAsked = { outcome: 'notAsked' };
  expect(await of({})).toEqual(notAsked);
  expect(await of({ kind: 'builtIn', tokenIssuer: { url, keys: [key] } })).toEqual(notAsked);
  for (const keys of [undefined, [key]]) {
    const tokenIssuer = { url, ...(keys && { keys }) };
    expect(await of({ tokenIssuer }, 'https://other.example.com')).toEqual(notAsked);
  }
  expect(asked).toEqual([]);
});

test('keys that were handed over are all there are, and are one object', async () => {
  const { asked, of } = createKeys();
  const tokenIssuer = { url, keys: [key] };
  const answer = await of({ tokenIssuer });
  expect(answer).toEqual({ outcome: 'keys', keys: { keys: [key] } });
  const again = await of({ tokenIssuer });
  expect('keys' in again && 'keys' in answer && again.keys === answer.keys).toBe(true);
  expect(asked).toEqual([]);
});

test('without them the issuer is asked, and never for what other clusters of the account handed over', async () => {
  const { asked, of } = createKeys();
  expect(await of({ tokenIssuer: { url } })).toEqual({ outcome: 'unreachable' });
  expect(asked).toEqual([[url, 'a', 1]]);
});
