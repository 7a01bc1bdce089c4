import { expect, test } from 'vitest';
import { parseStsResponse } from './stsresponse.ts';

const answer = (result: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    GetCallerIdentityResponse: { GetCallerIdentityResult: result, ResponseMetadata: { RequestId: 'r' } },
  });
const user = {
  Account: '111122223333',
  Arn: 'arn:aws:iam::111122223333:user/team/alice',
  UserId: 'AIDAEXAMPLEEXAMPLEEXA',
};
const session = {
  Account: '111122223333',
  Arn: 'arn:aws:sts::111122223333:assumed-role/ops/alice',
  UserId: 'AROAEXAMPLEEXAMPLEEXA:bob',
};

test.each([
  ['not JSON', 200, 'xxxx', 'sts_bad_json'],
  ['XML', 200, '<GetCallerIdentityResponse/>', 'sts_bad_json'],
  ['an array', 200, '[]', 'sts_bad_json'],
  ['null', 200, 'null', 'sts_bad_arn'],
  ['a result one level too high', 200, JSON.stringify({ GetCallerIdentityResult: user }), 'sts_bad_arn'],
  ['inherited members', 200, '{"__proto__":{"GetCallerIdentityResponse":{}}}', 'sts_bad_arn'],
  ['a number for the account', 200, answer({ ...user, Account: 111122223333 }), 'sts_bad_arn'],
  ["another account than the ARN's", 200, answer({ ...user, Account: '444455556666' }), 'sts_bad_arn'],
  ['a group', 200, answer({ ...user, Arn: 'arn:aws:iam::111122223333:group/x' }), 'sts_bad_arn'],
  ['another service', 200, answer({ ...user, Arn: 'arn:aws:ec2::111122223333:user/x' }), 'sts_bad_arn'],
  ['an empty user id', 200, answer({ ...user, UserId: '' }), 'sts_bad_user_id'],
  [
    'a role without a session',
    200,
    answer({ ...session, UserId: 'AROAEXAMPLEEXAMPLEEXA' }),
    'sts_bad_user_id',
  ],
  [
    'a role with an empty session',
    200,
    answer({ ...session, UserId: 'AROAEXAMPLEEXAMPLEEXA:' }),
    'sts_bad_user_id',
  ],
  ['a role with two sessions', 200, answer({ ...session, UserId: 'a:b:c' }), 'sts_bad_user_id'],
  ['403', 403, ' ', 'sts_status'],
  ['a redirect', 302, '', 'sts_status'],
  ['no service', 503, 'Service Unavailable', 'sts_status'],
  ['429', 429, '', 'sts_throttled'],
  ['400 Throttling', 400, '{"Error":{"Code":"Throttling"}}', 'sts_throttled'],
])('%s is no identity', (_name, status, body, error) => {
  expect(parseStsResponse({ status, body })).toMatchObject({ ok: false, error });
});

test.each([
  [400, 'IncompleteSignature', 'refused'],
  [403, 'AccessDenied', 'refused'],
  [403, '', 'none'],
  [403, undefined, 'none'],
  [400, 7, 'none'],
  [400, 'RequestLimitExceeded', 'none'],
  [400, 'InternalFailure', 'none'],
  [403, 'ServiceUnavailable', 'none'],
  [400, 'RequestAbortedException', 'none'],
  [400, 'RequestTimeout', 'none'],
  [302, 'AccessDenied', 'none'],
  [404, 'AccessDenied', 'none'],
  [500, 'AccessDenied', 'none'],
  [429, 'AccessDenied', 'none'],
])('status %d with code %j is the verdict %s', (status, Code, verdict) => {
  expect(parseStsResponse({ status, body: JSON.stringify({ Error: { Code } }) })).toMatchObject({ verdict });
});

test('throttling is told by the code, and by the text only where there is no code', () => {
  const error = (status: number, body: string) => parseStsResponse({ status, body });
  expect(error(403, '{"Error":{"Code":"SignatureDoesNotMatch","Message":"Throttling"}}')).toMatchObject({
    error: 'sts_status',
    verdict: 'refused',
  });
  expect(error(400, '{\\"Error\\": Throttling')).toMatchObject({ error: 'sts_throttled' });
});

test("STS's own code is kept for the record", () => {
  expect(parseStsResponse({ status: 403, body: '{"Error":{"Code":"ExpiredToken"}}' })).toMatchObject({
    code: 'ExpiredToken',
  });
});

test('a user keeps the path and has no session', () => {
  expect(parseStsResponse({ status: 200, body: answer(user) })).toEqual({
    ok: true,
    identity: {
      arn: user.Arn,
      canonicalArn: user.Arn,
      accountId: '111122223333',
      userId: user.UserId,
      sessionName: '',
    },
  });
});

test('a session becomes its role, and the session name is the one in the user id', () => {
  expect(parseStsResponse({ status: 200, body: answer(session) })).toEqual({
    ok: true,
    identity: {
      arn: session.Arn,
      canonicalArn: 'arn:aws:iam::111122223333:role/ops',
      accountId: '111122223333',
      userId: 'AROAEXAMPLEEXAMPLEEXA',
      sessionName: 'bob',
    },
  });
});
