import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createToken } from '../../wire/token/create.ts';
import { createSecretBox } from '../secretbox.ts';
import { maximumSessionTokenLength, openSession, type SessionClaims, sealSession } from './sessiontoken.ts';

const box = createSecretBox(new Uint8Array(32).fill(1));
const keyId = 'ASIAIOSFODNN7EXAMPLE';
const context = `session-token/${keyId}`;
const issuedAt = Date.parse('2026-11-21T03:00:00Z');

const claims: SessionClaims = {
  subject: {
    kind: 'assumedRole',
    accountId: '111122223333',
    roleName: 'Ops',
    principalId: 'AROAOPSAAAAAAAAAAAAAA',
    sessionName: 's-1',
  },
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  issuedAt,
  expiresAt: issuedAt + 3_600_000,
  attributes: {},
};

/** Incompressible text: the worst that can be asked for. */
const noise = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);

describe('claims', () => {
  test.each<SessionClaims['subject']>([
    { kind: 'root', accountId: '111122223333' },
    { kind: 'user', accountId: '111122223333', userName: 'ada', principalId: 'AIDAA' },
    claims.subject,
    {
      kind: 'federatedUser',
      accountId: '111122223333',
      federatedName: 'guest',
      userName: 'ada',
      principalId: 'AIDAA',
    },
  ])('of %o come back as they went in', (subject) => {
    const full: SessionClaims = {
      ...claims,
      subject,
      attributes: {
        mfaAuthenticatedAt: issuedAt,
        sourceIdentity: 'ada@example.com',
        tags: [
          { Key: 'Team', Value: 'ünïcode "quoted"' },
          { Key: 'empty', Value: '' },
        ],
        transitiveTagKeys: ['Team'],
        policies: { inline: '{"Version":"2012-10-17"}', arns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] },
        federatedProvider: 'arn:aws:iam::111122223333:oidc-provider/example.com',
        webIdentitySubject: 'system:serviceaccount:a:b',
      },
    };
    expect(openSession(box, keyId, sealSession(box, keyId, full))).toEqual(full);
    expect(openSession(box, keyId, sealSession(box, keyId, { ...claims, subject }))).toEqual({
      ...claims,
      subject,
    });
  });

  test('a session without policies and one with none allowed are not the same', () => {
    const none: SessionClaims = { ...claims, attributes: { policies: { arns: [] } } };
    expect(openSession(box, keyId, sealSession(box, keyId, none))?.attributes).toEqual({
      policies: { arns: [] },
    });
  });
});

describe('a token of the first format still opens', () => {
  test.each<[string, SessionClaims['subject']]>([
    ['["root","secret",1000,2000,"111122223333"]', { kind: 'root', accountId: '111122223333' }],
    [
      '["user","secret",1000,2000,"111122223333","ada","AIDAA"]',
      { kind: 'user', accountId: '111122223333', userName: 'ada', principalId: 'AIDAA' },
    ],
    ['["role","secret",1000,2000,"111122223333","Ops","AROAOPSAAAAAAAAAAAAAA","s-1"]', claims.subject],
  ])('%s', (text, subject) => {
    expect(openSession(box, keyId, box.seal(text, context))).toEqual({
      subject,
      secretAccessKey: 'secret',
      issuedAt: 1000,
      expiresAt: 2000,
      attributes: {},
    });
  });
});

describe('what another version wrote is not understood', () => {
  const packed = {
    s: ['role', '111122223333', 'Ops', 'AROAOPSAAAAAAAAAAAAAA', 's-1'],
    k: 'secret',
    t: [1, 3600],
  };
  const sealedBytes = (format: number, body: Uint8Array) =>
    box.sealBytes(Buffer.concat([Buffer.of(format, body.length >> 8, body.length & 255), body]), context);
  const sealed = (value: unknown, format = 2) => sealedBytes(format, deflateRawSync(JSON.stringify(value)));
  const sealedPlain = (value: unknown) => sealedBytes(3, Buffer.from(JSON.stringify(value)));

  test('the same with nothing changed is, compressed or not', () => {
    expect(openSession(box, keyId, sealed(packed))?.subject).toEqual(claims.subject);
    expect(openSession(box, keyId, sealedPlain(packed))?.subject).toEqual(claims.subject);
  });

  test.each<[string, string]>([
    ['another format', sealed(packed, 4)],
    ['a claim nobody knows, not compressed', sealedPlain({ ...packed, x: 'narrower' })],
    ['no format', sealed(packed, 0)],
    ['a claim nobody knows', sealed({ ...packed, x: 'narrower' })],
    ['a longer name', sealed({ ...packed, sk: 1 })],
    ['another kind of subject', sealed({ ...packed, s: ['service', '1', '2', '3', '4'] })],
    ['a subject with more', sealed({ ...packed, s: [...packed.s, 'x'] })],
    ['a subject with less', sealed({ ...packed, s: packed.s.slice(0, 4) })],
    ['no end', sealed({ ...packed, t: [1] })],
    ['an end that is no number', sealed({ ...packed, t: [1, '9'] })],
    ['no secret', sealed({ ...packed, k: undefined })],
    ['tags of another shape', sealed({ ...packed, g: [['a']] })],
    ['policies of another shape', sealed({ ...packed, p: { d: 'x' } })],
    ['policies with more', sealed({ ...packed, p: { a: [], z: 1 } })],
    ['a list', sealed([packed])],
    ['null', sealed(null)],
  ])('%s', (_name, token) => expect(openSession(box, keyId, token)).toBeUndefined());
});

/** Lengths on both sides of what is compressed, and of what fits at all. */
test('a session comes back as it went in, however long its tags are', () => {
  for (let length = 1; length <= 1500; length = Math.ceil(length * 1.05)) {
    const full = { ...claims, attributes: { tags: [{ Key: 'k', Value: 'ü'.repeat(length) }] } };
    const token = sealSession(box, keyId, full);
    expect(openSession(box, keyId, token)).toEqual(full);
    expect(token.length).toBeLessThan(1412);
  }
});

describe('a token', () => {
  test('of an ordinary session has 223 characters or a few more', () => {
    expect(sealSession(box, keyId, claims).length).toBeLessThan(230);
  });

  test('is never made longer than a cluster token can carry', () => {
    const attributes = { policies: { inline: noise(2600), arns: [] } };
    expect(() => sealSession(box, keyId, { ...claims, attributes })).toThrow('too long');
  });

  test('of the longest length fits a cluster token for the longest STS host', () => {
    const region = 'us-gov-northwest-1';
    let length = 1500;
    let sessionToken = '';
    for (; length < 2600; length++) {
      const attributes = { policies: { inline: noise(length), arns: [] } };
      try {
        sessionToken = sealSession(box, keyId, { ...claims, attributes });
      } catch {
        break;
      }
    }
    expect(sessionToken.length).toBeGreaterThan(maximumSessionTokenLength - 10);
    const token = createToken({
      credentials: { accessKeyId: keyId, secretAccessKey: claims.secretAccessKey, sessionToken },
      region,
      host: `sts-fips.${region}.api.amazonwebservices.com.cn`,
      clusterName: 'c'.repeat(100),
      now: issuedAt,
    });
    expect(token.length).toBeLessThanOrEqual(4096);
  });

  test('is as long as was asked for, and opens', () => {
    for (const minimumLength of [1, 500, 4096]) {
      const token = sealSession(box, keyId, claims, { minimumLength });
      expect(token.length).toBeGreaterThanOrEqual(minimumLength);
      expect(token.length).toBeLessThan(Math.max(230, minimumLength + 4));
      expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
      expect(openSession(box, keyId, token)).toEqual(claims);
    }
  });
});
