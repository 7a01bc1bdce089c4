import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import { addAnonymousKeys, addPrincipalKeys, type CallFacts, callKeys } from './context.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  own,
  roleRecord,
  userRecord,
  withSessionToken,
} from './testworld.ts';

const ada = userRecord('ada', { path: '/team/' });
const dev = roleRecord('dev', { path: '/team/' });
const noon = Date.UTC(2026, 10, 21, 12, 0, 0, 900);
const issuedAt = noon - 600_900;
const expiresAt = noon + 1;
const call: CallFacts = {
  now: noon,
  region: 'eu-west-1',
  partition: 'aws',
  source: {
    sourceIp: '192.0.2.7',
    secureTransport: true,
    userAgent: 'aws-cli/2',
    referer: 'https://r.example',
  },
};

function keysOf(caller: Principal, ownTags: readonly { Key: string; Value: string }[] = []): RequestContext {
  const keys = callKeys(call, 'eks:ListClusters');
  addPrincipalKeys(keys, caller, call.now, ownTags);
  return keys;
}

const provider = `arn:aws:iam::${own}:oidc-provider/oidc.example.com`;
const session = (caller: Principal, change: object = {}): Principal => ({
  ...caller,
  session: { issuedAt, expiresAt, ...change },
});
const callers = {
  rootKey: asRoot,
  rootSession: withSessionToken(asRoot, { issuedAt }),
  userKey: asUser(ada),
  userSession: withSessionToken(asUser(ada), { issuedAt }),
  userMfaSession: withSessionToken(asUser(ada), { issuedAt, mfaAuthenticatedAt: noon - 300_500 }),
  roleSession: session(asSession(dev), { sourceIdentity: 'ada', mfaAuthenticatedAt: issuedAt }),
  webIdentity: session(asSession(dev), { federatedProvider: provider, webIdentitySubject: 'pod' }),
  federatedUser: asFederated(ada, { issuedAt, mfaAuthenticatedAt: issuedAt }),
} as const;
type Caller = keyof typeof callers;

/** For each key its value per caller; a caller that is not listed must not have the key (iam-facts F.1, F.2, F.3). */
const everybody = <T>(value: T): Record<Caller, T> =>
  Object.fromEntries(Object.keys(callers).map((caller) => [caller, value])) as Record<Caller, T>;
const issued = new Date(issuedAt).toISOString().replace(/\.\d+/, '');
const table: Record<string, Partial<Record<Caller, string>>> = {
  'aws:currenttime': everybody('2026-11-21T12:00:00Z'),
  'aws:epochtime': everybody(String(Math.floor(noon / 1000))),
  'aws:securetransport': everybody('true'),
  'aws:sourceip': everybody('192.0.2.7'),
  'aws:useragent': everybody('aws-cli/2'),
  'aws:referer': everybody('https://r.example'),
  'aws:requestedregion': everybody('eu-west-1'),
  'aws:principalisawsservice': everybody('false'),
  'aws:viaawsservice': everybody('false'),
  'aws:principalaccount': everybody(own),
  'aws:principaltype': {
    rootKey: 'Account',
    rootSession: 'Account',
    userKey: 'User',
    userSession: 'User',
    userMfaSession: 'User',
    roleSession: 'AssumedRole',
    webIdentity: 'AssumedRole',
    federatedUser: 'FederatedUser',
  },
  'aws:userid': {
    rootKey: own,
    rootSession: own,
    userKey: ada.principalId,
    userSession: ada.principalId,
    userMfaSession: ada.principalId,
    roleSession: `${dev.principalId}:s-1`,
    webIdentity: `${dev.principalId}:s-1`,
    federatedUser: `${own}:guest`,
  },
  'aws:username': { userKey: 'ada', userSession: 'ada', userMfaSession: 'ada' },
  'aws:principalarn': {
    rootKey: `arn:aws:iam::${own}:root`,
    rootSession: `arn:aws:iam::${own}:root`,
    userKey: `arn:aws:iam::${own}:user/team/ada`,
    userSession: `arn:aws:iam::${own}:user/team/ada`,
    userMfaSession: `arn:aws:iam::${own}:user/team/ada`,
    roleSession: `arn:aws:iam::${own}:role/team/dev`,
    webIdentity: `arn:aws:iam::${own}:role/team/dev`,
    federatedUser: `arn:aws:sts::${own}:federated-user/guest`,
  },
  'aws:multifactorauthpresent': {
    rootSession: 'false',
    userSession: 'false',
    userMfaSession: 'true',
    roleSession: 'false',
    webIdentity: 'false',
    federatedUser: 'false',
  },
  'aws:multifactorauthage': { userMfaSession: '300' },
  'aws:tokenissuetime': {
    rootSession: issued,
    userSession: issued,
    userMfaSession: issued,
    roleSession: issued,
    webIdentity: issued,
    federatedUser: issued,
  },
  'aws:federatedprovider': { webIdentity: provider },
  'aws:sourceidentity': { roleSession: 'ada' },
};

test.each(Object.entries(table))('%s', (key, expected) => {
  const found = Object.entries(callers).flatMap(([name, caller]) => {
    const value = keysOf(caller).get(key);
    return value === undefined ? [] : [[name, value]];
  });
  expect(Object.fromEntries(found)).toEqual(expected);
});

test.each(Object.keys(callers))('%s has no key beyond the table', (name) => {
  const keys = [...keysOf(callers[name as Caller]).keys()];
  expect(keys.filter((key) => !Object.hasOwn(table, key))).toEqual([]);
});

describe('aws:PrincipalTag', () => {
  const ownTags = [
    { Key: 'Team', Value: 'blue' },
    { Key: 'stage', Value: 'Test' },
  ];
  const tagsOf = (keys: RequestContext) => [...keys].filter(([key]) => key.startsWith('aws:principaltag/'));

  test('is the session’s where both have the key, whatever its case (I7)', () => {
    const caller = session(asSession(dev), { tags: [{ Key: 'TEAM', Value: 'Red' }] });
    expect(tagsOf(keysOf(caller, ownTags))).toEqual([
      ['aws:principaltag/team', 'Red'],
      ['aws:principaltag/stage', 'Test'],
    ]);
  });

  test('is the user’s with a key and with credentials of GetSessionToken', () => {
    for (const caller of [callers.userKey, callers.userSession, callers.federatedUser]) {
      expect(tagsOf(keysOf(caller, ownTags))).toHaveLength(2);
    }
  });
});

test('nobody signed: type and ids are anonymous, and MFA was not used', () => {
  const keys = callKeys(call, 'sts:AssumeRoleWithWebIdentity');
  addAnonymousKeys(keys);
  expect(keys.get('aws:principaltype')).toBe('Anonymous');
  expect(keys.get('aws:userid')).toBe('anonymous');
  expect(keys.get('aws:principalaccount')).toBe('anonymous');
  expect(keys.get('aws:multifactorauthpresent')).toBe('false');
  expect(keys.has('aws:principalarn')).toBe(false);
});

test('headers that were not sent are no keys', () => {
  const source = { sourceIp: '2001:db8::1', secureTransport: false };
  const keys = callKeys({ ...call, source }, 'eks:ListClusters');
  expect(keys.has('aws:useragent') || keys.has('aws:referer')).toBe(false);
  expect(keys.get('aws:securetransport')).toBe('false');
  expect(keys.get('aws:sourceip')).toBe('2001:db8::1');
});

test.each<[string, string, string]>([
  ['iam:ListUsers', 'aws', 'us-east-1'],
  ['iam:ListUsers', 'aws-cn', 'cn-north-1'],
  ['iam:ListUsers', 'aws-us-gov', 'us-gov-west-1'],
  ['iam:PassRole', 'aws', 'eu-west-1'],
  ['sts:AssumeRole', 'aws', 'eu-west-1'],
  ['eks:ListClusters', 'aws', 'eu-west-1'],
])('aws:RequestedRegion of %s in %s is %s', (action, partition, region) => {
  expect(callKeys({ ...call, partition }, action).get('aws:requestedregion')).toBe(region);
});

test('a clock that stepped back makes no negative age', () => {
  const caller = withSessionToken(asUser(ada), { mfaAuthenticatedAt: noon + 5000 });
  expect(keysOf(caller).get('aws:multifactorauthage')).toBe('0');
});
