import { describe, expect, test, vi } from 'vitest';
import type { IssuerKeys } from '../dependencies.ts';
import { createIssuerKeys, type IssuerKeysOptions } from './issuerkeys.ts';

const issuer = 'https://idp.example.com/realm';
const key = (kid: string) => ({ kty: 'RSA', kid, n: 'n', e: 'AQAB' });
const start = Date.parse('2026-11-21T03:00:00Z');
const minute = 60_000;

function createProvider(change: Partial<IssuerKeysOptions> = {}) {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: 'https://keys.example.com/jwks' },
    'https://keys.example.com/jwks': { keys: [key('a')] },
  };
  const issuerKeys = createIssuerKeys({
    localIssuers: async () => undefined,
    outboundIssuers: 'public',
    fetchJson: async (url) => {
      asked.push(url);
      await Promise.resolve();
      const answer = answers[url];
      if (answer === undefined) throw new Error('it answered 404');
      return answer as Record<string, unknown>;
    },
    ...change,
  });
  /** Ids of the keys, or why there are none. */
  const kidsOf = async (keyId: string, at = start, from = issuer, by: IssuerKeys = issuerKeys) => {
    const answer = await by.keysOf(from, keyId, at);
    return answer.outcome === 'keys' ? answer.keys.keys.map(({ kid }) => kid) : answer.outcome;
  };
  const inLine = issuerKeys.waiting(64);
  const kidsInLine = (keyId: string, at = start) => kidsOf(keyId, at, issuer, inLine);
  return { asked, answers, kidsOf, kidsInLine };
}

test('nobody is asked unless the operator allows it', async () => {
  const { asked, kidsOf } = createProvider({ outboundIssuers: 'none' });
  expect(await kidsOf('a')).toBe('notAsked');
  expect(asked).toEqual([]);
});

test('an issuer of this server is never asked over the network', async () => {
  const { asked, kidsOf } = createProvider({ localIssuers: async () => ({ keys: [key('own')] }) });
  expect(await kidsOf('a')).toEqual(['own']);
  expect(asked).toEqual([]);
});

describe('an issuer is not believed', () => {
  const discovery = `${issuer}/.well-known/openid-configuration`;
  test.each<[string, Record<string, unknown>]>([
    ['that is another', { [discovery]: { issuer: `${issuer}/`, jwks_uri: 'https://keys.example.com/jwks' } }],
    ['that names no keys', { [discovery]: { issuer } }],
    ['whose keys are no list', { 'https://keys.example.com/jwks': { keys: {} } }],
    ['whose keys are none', { 'https://keys.example.com/jwks': { keys: ['a'] } }],
    [
      'that has more keys than anybody needs',
      { 'https://keys.example.com/jwks': { keys: Array.from({ length: 101 }, () => key('a')) } },
    ],
    ['that does not answer', { [discovery]: undefined }],
  ])('%s', async (_name, change) => {
    const { answers, kidsOf } = createProvider();
    Object.assign(answers, change);
    expect(await kidsOf('a')).toBe('unreachable');
  });
});

test('keys are asked for anew after five minutes, and nobody waits for that', async () => {
  const { asked, answers, kidsOf } = createProvider();
  for (const at of [0, 1, 4.9]) expect(await kidsOf('a', start + at * minute)).toEqual(['a']);
  expect(asked).toHaveLength(2);
  answers['https://keys.example.com/jwks'] = { keys: [key('a'), key('b')] };
  expect(await kidsOf('a', start + 5 * minute)).toEqual(['a']);
  await vi.waitFor(() => expect(asked).toHaveLength(4));
  await vi.waitFor(async () => expect(await kidsOf('a', start + 5 * minute)).toEqual(['a', 'b']));
  expect(asked).toHaveLength(4);
});

test('of an issuer that does not answer any more keys are kept for ten minutes, and it is asked twice a minute', async () => {
  const { asked, answers, kidsOf } = createProvider();
  await kidsOf('a');
  answers[`${issuer}/.well-known/openid-configuration`] = undefined;
  for (const at of [5, 5.1, 5.4, 5.5, 5.9]) {
    expect(await kidsOf('a', start + at * minute)).toEqual(['a']);
    await new Promise(setImmediate);
  }
  expect(asked).toHaveLength(4);
  expect(await kidsOf('a', start + 9.9 * minute)).toEqual(['a']);
  expect(await kidsOf('a', start + 10 * minute)).toBe('unreachable');
});

test('thousands of tokens after a start are judged by one answer', async () => {
  const gate = Promise.withResolvers<void>();
  const { asked, kidsOf } = createProvider({
    localIssuers: () => gate.promise.then(() => undefined),
  });
  const all = Array.from({ length: 4000 }, () => kidsOf('a'));
  gate.resolve();
  expect(new Set((await Promise.all(all)).map(String))).toEqual(new Set(['a']));
  expect(asked).toHaveLength(2);
});

test('a key id nobody knows asks again after half a minute, not at once', async () => {
  const { asked, answers, kidsOf } = createProvider();
  await kidsOf('a');
  for (let count = 0; count < 100; count++)
    expect(await kidsOf(`forged-${count}`, start + 29_000)).toEqual(['a']);
  expect(asked).toHaveLength(2);
  answers['https://keys.example.com/jwks'] = { keys: [key('b')] };
  expect(await kidsOf('b', start + 30_000)).toEqual(['b']);
  expect(asked).toHaveLength(4);
});

test('an issuer that does not answer is asked again after ten seconds', async () => {
  const { asked, kidsOf } = createProvider();
  const away = 'https://away.example.com';
  for (const at of [0, 1000, 9999]) {
    expect(await kidsOf('a', start + at, away)).toBe('unreachable');
  }
  expect(asked).toHaveLength(1);
  expect(await kidsOf('a', start + 10_000, away)).toBe('unreachable');
  expect(asked).toHaveLength(2);
});

test('an issuer that fails when a forged key id asks keeps its keys until they are ten minutes old', async () => {
  const { asked, answers, kidsOf } = createProvider();
  await kidsOf('a');
  answers['https://keys.example.com/jwks'] = undefined;
  expect(await kidsOf('forged', start + 9 * minute)).toEqual(['a']);
  expect(asked).toHaveLength(4);
  expect(await kidsOf('a', start + 9 * minute)).toEqual(['a']);
  expect(await kidsOf('forged', start + 9 * minute + 29_000)).toEqual(['a']);
  expect(asked).toHaveLength(4);
  expect(await kidsOf('a', start + 10 * minute)).toBe('unreachable');
});

test('a call that is overtaken by another takes its answer', async () => {
  const { asked, kidsOf } = createProvider();
  const later = kidsOf('a', start + 5);
  expect(await kidsOf('a', start)).toEqual(['a']);
  await later;
  expect(await kidsOf('a', start)).toEqual(['a']);
  expect(asked).toHaveLength(2);
});

test('as many issuers as ten accounts have are each asked once', async () => {
  let asks = 0;
  const { kidsOf } = createProvider({
    fetchJson: async () => {
      asks++;
      throw new Error('it answered 404');
    },
  });
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 1000; count++) {
      expect(await kidsOf('a', start, `https://idp${count}.example.com`)).toBe('unreachable');
    }
  }
  expect(asks).toBe(1000);
});

test('many tokens at once ask once', async () => {
  const { asked, kidsOf } = createProvider();
  await Promise.all(Array.from({ length: 50 }, () => kidsOf('a')));
  expect(asked).toHaveLength(2);
});

test('of a flood of forged key ids 64 wait in line for a slow issuer, the others go by the keys there are', async () => {
  const gate = Promise.withResolvers<void>();
  let isSlow = false;
  const { kidsInLine: kidsOf } = createProvider({
    fetchJson: async (url) => {
      if (isSlow) await gate.promise;
      return url.endsWith('openid-configuration')
        ? { issuer, jwks_uri: 'https://keys.example.com/jwks' }
        : { keys: [key('a')] };
    },
  });
  await kidsOf('a');
  isSlow = true;
  const later = start + minute;
  let waiting = 64;
  const flood = Array.from({ length: 64 }, (_, count) =>
    kidsOf(`forged-${count}`, later).finally(() => waiting--),
  );
  expect(await kidsOf('forged', later)).toEqual(['a']);
  expect(await kidsOf('a', later)).toEqual(['a']);
  expect(waiting).toBe(64);
  gate.resolve();
  await Promise.all(flood);
});

test('of a flood of tokens whose issuer was never heard, those that do not wait in line are told to come again', async () => {
  const gate = Promise.withResolvers<Record<string, unknown>>();
  const { kidsInLine: kidsOf } = createProvider({ fetchJson: () => gate.promise });
  const flood = Array.from({ length: 64 }, () => kidsOf('a'));
  expect(await kidsOf('a')).toBe('unreachable');
  gate.reject(new Error('it answered 503'));
  expect(new Set(await Promise.all(flood))).toEqual(new Set(['unreachable']));
});

test('when the clock is set back, what is kept is asked again', async () => {
  const { asked, kidsOf } = createProvider();
  await kidsOf('a');
  await kidsOf('a', start - minute);
  expect(asked).toHaveLength(4);
});
