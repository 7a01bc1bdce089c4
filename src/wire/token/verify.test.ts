import { describe, expect, test } from 'vitest';
import {
  exampleLookup,
  exampleNow,
  exampleSession,
  exampleSessionToken,
  exampleUser,
  signingScope,
} from '../sigv4/examples.ts';
import { presign } from '../sigv4/sign.ts';
import { createToken, execCredential, type TokenRequest } from './create.ts';
import { tokenErrorMessages } from './errors.ts';
import { tokenPrefix } from './parse.ts';
import { type TokenVerification, verifyToken } from './verify.ts';

const options = (changes: Partial<TokenVerification> = {}): TokenVerification => ({
  now: exampleNow,
  clusterId: 'prod',
  partition: 'aws',
  lookup: exampleLookup,
  ...changes,
});
const token = (changes: Partial<TokenRequest> = {}): string =>
  createToken({
    credentials: signingScope(exampleUser).credentials,
    region: 'eu-west-1',
    clusterName: 'prod',
    now: exampleNow,
    ...changes,
  });
const sessionToken = (changes: Partial<TokenRequest> = {}): string =>
  token({
    credentials: signingScope(exampleSession, { sessionToken: exampleSessionToken }).credentials,
    ...changes,
  });
const rewritten = (text: string, change: (url: string) => string): string =>
  tokenPrefix +
  Buffer.from(change(Buffer.from(text.slice(tokenPrefix.length), 'base64url').toString())).toString(
    'base64url',
  );
/** Signed like a token, with other headers or parameters than a token has. */
const custom = (changes: {
  headers?: Record<string, string>;
  service?: string;
  region?: string;
  host?: string;
  version?: string;
}): string => {
  const host = changes.host ?? 'sts.eu-west-1.amazonaws.com';
  const query = presign(
    {
      method: 'GET',
      host,
      path: '/',
      parameters: [
        ['Action', 'GetCallerIdentity'],
        ['Version', changes.version ?? '2011-06-15'],
      ],
      headers: { 'x-k8s-aws-id': 'prod', ...changes.headers },
      expiresSeconds: 60,
    },
    signingScope(exampleUser, { service: changes.service ?? 'sts', region: changes.region ?? 'eu-west-1' }),
  );
  return tokenPrefix + Buffer.from(`https://${host}/?${query}`).toString('base64url');
};

describe('AWS may be asked about a token', () => {
  const of = (accessKeyId: string, session?: string, changes: Partial<TokenRequest> = {}): string =>
    token({
      credentials: {
        accessKeyId,
        secretAccessKey: 'anything',
        ...(session !== undefined && { sessionToken: session }),
      },
      ...changes,
    });
  const held = exampleUser.principal.accessKeyId;
  const ownEndpoint = 'http://127.0.0.1:4700';
  test.each<[string, string, TokenVerification, boolean]>([
    ['of a key nobody here knows', of('AKIASOMEBODYELSE0001'), options(), true],
    ['of a session that was not made here', of('ASIASOMEBODYELSE0001', 'of AWS'), options(), true],
    ['of a key that is held here', of(held), options(), false],
    ['of a key that is held here, with a session token', of(held, 'made up'), options(), false],
    ['of an inactive key', of(held), options({ lookup: async () => ({ status: 'inactive' }) }), false],
    ['of a deleted user', of(held), options({ lookup: async () => ({ status: 'principalGone' }) }), false],
    [
      'that was made for this server',
      of('AKIASOMEBODYELSE0001', undefined, { origin: ownEndpoint }),
      options({ ownEndpoints: [ownEndpoint] }),
      false,
    ],
  ])('%s', async (_name, text, verification, isAsked) => {
    const verdict = await verifyToken(text, verification);
    expect(verdict.ok).toBe(false);
    expect('elsewhere' in verdict).toBe(isAsked);
  });
});

describe('refused tokens', () => {
  const later = exampleNow + 3_600_000;
  const cases: readonly (readonly [string, string, TokenVerification, string])[] = [
    ['nothing at all', '', options(), 'bad_prefix'],
    ['15 minutes and a second old', token(), options({ now: exampleNow + 901_000 }), 'expired'],
    ['dated more than 5 minutes ahead', token(), options({ now: exampleNow - 301_000 }), 'bad_date'],
    ['another cluster', token(), options({ clusterId: 'staging' }), 'bad_signature'],
    [
      'another cluster that we know',
      token(),
      options({ clusterId: 'staging', otherClusterIds: ['dev', 'prod'] }),
      'wrong_cluster',
    ],
    ['a cluster that differs in case', token(), options({ clusterId: 'Prod' }), 'bad_signature'],
    ['an unknown key', rewritten(token(), (url) => url.replace('AKIA', 'AKIB')), options(), 'unknown_key'],
    [
      'a key of ours under another key id',
      rewritten(token(), (url) => url.replace('AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE')),
      options(),
      'bad_session_token',
    ],
    ['an inactive key', token(), options({ lookup: async () => ({ status: 'inactive' }) }), 'inactive_key'],
    [
      'a deleted user',
      token(),
      options({ lookup: async () => ({ status: 'principalGone' }) }),
      'principal_gone',
    ],
    [
      'a session without its token',
      token({ credentials: signingScope(exampleSession).credentials }),
      options(),
      'bad_session_token',
    ],
    [
      'a session token in another case',
      rewritten(sessionToken(), (url) => url.replace('FwoG', 'FWOG')),
      options(),
      'bad_session_token',
    ],
    ['an ended session', sessionToken({ now: later }), options({ now: later }), 'session_expired'],
    [
      'a key marked as expired',
      token(),
      options({ lookup: async () => ({ status: 'expired', credential: exampleUser }) }),
      'session_expired',
    ],
    [
      'an ended session with a bad signature',
      rewritten(sessionToken({ now: later }), (url) =>
        url.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      ),
      options({ now: later }),
      'bad_signature',
    ],
    [
      'a forged signature',
      rewritten(token(), (url) => url.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`)),
      options(),
      'bad_signature',
    ],
    [
      'a signature in upper case',
      rewritten(token(), (url) => url.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())),
      options(),
      'bad_signature',
    ],
    [
      'no signature',
      rewritten(token(), (url) => url.replace(/&X-Amz-Signature=.*/, '')),
      options(),
      'bad_signature',
    ],
    [
      'no credential',
      rewritten(token(), (url) => url.replace(/&X-Amz-Credential=[^&]*/, '')),
      options(),
      'bad_credential',
    ],
    [
      'an empty key id',
      rewritten(token(), (url) => url.replace('AKIAIOSFODNN7EXAMPLE', '')),
      options(),
      'bad_credential',
    ],
    [
      'a key id that is a path',
      rewritten(token(), (url) => url.replace('AKIAIOSFODNN7EXAMPLE', '..%2f..')),
      options(),
      'bad_credential',
    ],
    [
      'another algorithm',
      rewritten(token(), (url) => url.replace('HMAC', 'ECDSA-P256')),
      options(),
      'bad_algorithm',
    ],
    ['another version', custom({ version: '2010-05-08' }), options(), 'bad_version'],
    [
      'no version',
      rewritten(token(), (url) => url.replace('&Version=2011-06-15', '')),
      options(),
      'bad_version',
    ],
    ['signed for another service', custom({ service: 'iam' }), options(), 'bad_scope'],
    ['signed for another region than the host', custom({ region: 'us-west-2' }), options(), 'bad_scope'],
    ['the global host signed for a region', custom({ host: 'sts.amazonaws.com' }), options(), 'bad_scope'],
    [
      'scope of another day',
      rewritten(token(), (url) => url.replace('%2F20260115%2F', '%2F20260114%2F')),
      options(),
      'bad_scope',
    ],
    [
      'host not signed',
      rewritten(token(), (url) => url.replace('host%3Bx-k8s', 'x-k8s')),
      options(),
      'bad_signed_headers',
    ],
    [
      'a signed header the server does not send',
      custom({ headers: { 'x-extra': '1' } }),
      options(),
      'bad_signed_headers',
    ],
    [
      'signed headers out of order',
      rewritten(token(), (url) => url.replace('host%3Bx-k8s-aws-id', 'x-k8s-aws-id%3Bhost')),
      options(),
      'bad_signed_headers',
    ],
    [
      'another accept header than the server sends',
      custom({ headers: { accept: 'text/xml' } }),
      options(),
      'bad_signature',
    ],
    [
      'a parameter name STS does not know in that case',
      rewritten(token(), (url) => url.replace('X-Amz-Date', 'x-amz-date')),
      options(),
      'misspelled_param',
    ],
    [
      'another expiry than signed',
      rewritten(token(), (url) => url.replace('Expires=60', 'Expires=900')),
      options(),
      'bad_signature',
    ],
    [
      'another host than signed',
      rewritten(token({ host: 'sts.eu-west-1.api.aws' }), (url) => url.replace('api.aws', 'amazonaws.com')),
      options(),
      'bad_signature',
    ],
    [
      'our endpoint, where it is not ours',
      token({ origin: 'http://127.0.0.1:4700' }),
      options({ ownEndpoints: ['http://127.0.0.1:4701'] }),
      'bad_scheme',
    ],
    [
      'our endpoint, signed for another port',
      rewritten(token({ origin: 'http://127.0.0.1:4701' }), (url) => url.replace('4701', '4700')),
      options({ ownEndpoints: ['http://127.0.0.1:4700'] }),
      'bad_signature',
    ],
  ];
  test.each(cases)('%s', async (_name, text, verification, error) => {
    const verdict = await verifyToken(text, verification);
    expect(verdict).toMatchObject({ ok: false, error });
    if (!verdict.ok) expect(verdict.message).toBe(tokenErrorMessages[verdict.error]);
  });

  test('the key of another user does not open the first one', async () => {
    const lookup: TokenVerification['lookup'] = async () => ({
      status: 'known',
      credential: { ...exampleUser, secretAccessKey: 'another' },
    });
    expect(await verifyToken(token(), options({ lookup }))).toMatchObject({ error: 'bad_signature' });
  });

  test('no single changed byte of a token goes unnoticed', async () => {
    const url = Buffer.from(sessionToken().slice(tokenPrefix.length), 'base64url').toString();
    for (let at = 0; at < url.length; at++) {
      for (const flip of [1, 2, 4, 16, 32]) {
        const changed = url.slice(0, at) + String.fromCharCode(url.charCodeAt(at) ^ flip) + url.slice(at + 1);
        // `%2f` is another spelling of the same value.
        if (changed.toLowerCase() === url.toLowerCase() && url[at - 2] === '%') continue;
        const verdict = await verifyToken(
          tokenPrefix + Buffer.from(changed).toString('base64url'),
          options(),
        );
        if (verdict.ok) throw new Error(`accepted byte ${at} changed: ${changed}`);
      }
    }
  });

  test('a failing look-up is no verdict', async () => {
    const lookup = async () => Promise.reject(new Error('store closed'));
    await expect(verifyToken(token(), options({ lookup }))).rejects.toThrow('store closed');
  });

  test('malformed tokens cause no look-up', async () => {
    let asked = 0;
    const lookup: TokenVerification['lookup'] = async () => {
      asked++;
      return { status: 'unknown' };
    };
    for (const text of [
      'x',
      'k8s-aws-v1.AAAA',
      rewritten(token(), (url) => url.replace('AKIAIOSFODNN7EXAMPLE', 'a%2fb')),
    ]) {
      await verifyToken(text, options({ lookup }));
    }
    expect(asked).toBe(0);
  });
});

describe('accepted tokens', () => {
  const user = exampleUser.principal;
  const cases: readonly (readonly [string, string, TokenVerification])[] = [
    ['as the AWS CLI writes it', token(), options()],
    ['exactly 15 minutes old, past X-Amz-Expires', token(), options({ now: exampleNow + 900_000 })],
    ['5 minutes ahead', token(), options({ now: exampleNow - 300_000 })],
    ['the global host with us-east-1', token({ host: 'sts.amazonaws.com', region: 'us-east-1' }), options()],
    ['a FIPS host', token({ host: 'sts-fips.eu-west-1.amazonaws.com' }), options()],
    ['a dual-stack host', token({ host: 'sts.eu-west-1.api.aws' }), options()],
    ['China', token({ region: 'cn-north-1' }), options({ partition: 'aws-cn' })],
    [
      'the accept header the authenticator sends',
      custom({ headers: { accept: 'application/json' } }),
      options(),
    ],
    [
      'our own endpoint',
      token({ origin: 'http://127.0.0.1:4700' }),
      options({ ownEndpoints: ['http://127.0.0.1:4700'] }),
    ],
    [
      'our own endpoint on the default port, which clients do not sign',
      token({ origin: 'http://localhost:80' }),
      options({ ownEndpoints: ['http://localhost:80'] }),
    ],
    [
      'parameters in another order and spelling',
      rewritten(token(), (url) => {
        const [address = '', text = ''] = url.split('?');
        return `${address}?${text.replaceAll('%2F', '/').split('&').reverse().join('&')}`;
      }),
      options(),
    ],
  ];
  test.each(cases)('%s', async (_name, text, verification) => {
    expect(await verifyToken(text, verification)).toEqual({
      ok: true,
      principal: user,
      accessKeyId: user.accessKeyId,
      signedAt: exampleNow,
    });
  });

  test('a session with its token', async () => {
    expect(await verifyToken(sessionToken(), options())).toMatchObject({
      ok: true,
      principal: exampleSession.principal,
    });
  });
});

describe('exec credentials (token-facts 2.2)', () => {
  const version = (execInfo: string | undefined) =>
    execCredential({ token: 't', now: exampleNow, execInfo }).apiVersion;

  test.each([
    [undefined, 'v1beta1'],
    ['', 'v1beta1'],
    ['{', 'v1beta1'],
    ['null', 'v1beta1'],
    ['[]', 'v1beta1'],
    ['{"apiVersion":1}', 'v1beta1'],
    ['{"apiVersion":"client.authentication.k8s.io/v9"}', 'v1beta1'],
    ['{"apiVersion":"client.authentication.k8s.io/v1"}', 'v1'],
    ['{"apiVersion":"client.authentication.k8s.io/v1alpha1"}', 'v1alpha1'],
  ])('KUBERNETES_EXEC_INFO %j gives %s', (execInfo, expected) => {
    expect(version(execInfo)).toBe(`client.authentication.k8s.io/${expected}`);
  });

  test('it ends a minute before the token does, in whole seconds', () => {
    expect(JSON.stringify(execCredential({ token: 't', now: exampleNow + 999, execInfo: undefined }))).toBe(
      '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{},"status":{"expirationTimestamp":"2026-01-15T12:14:00Z","token":"t"}}',
    );
  });
});
