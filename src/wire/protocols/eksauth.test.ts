import { expect, test } from 'vitest';
import { encodeRequest } from './client.ts';
import { authFailure } from './commonerrors.ts';
import { decodeInput } from './decode.ts';
import { encodeError, encodeOutput } from './encode.ts';
import { AwsError } from './errors.ts';
import type { HttpRequest } from './http.ts';
import { routeRequest } from './route.ts';

const input = { clusterName: 'prod', token: 'header.claims.signature' };

function sent(value: object): HttpRequest {
  const { headers, ...encoded } = encodeRequest('eks-auth', 'AssumeRoleForPodIdentity', value);
  return { ...encoded, headers: Object.entries(headers) };
}

test('EKS Auth has its own service beside the paths of EKS (J13)', () => {
  const route = routeRequest(sent(input));
  expect(route).toMatchObject({
    kind: 'operation',
    service: 'eks-auth',
    operation: 'AssumeRoleForPodIdentity',
  });
  if (route.kind !== 'operation') return;
  expect(decodeInput(route, sent(input))).toEqual(input);
});

test('a missing token is refused', () => {
  const request = { ...sent(input), body: Buffer.from('{}') };
  const route = routeRequest(request);
  if (route.kind !== 'operation') throw new Error('not routed');
  expect(() => decodeInput(route, request)).toThrow(AwsError);
});

test('the answer has the members of J14, the expiration in epoch seconds', () => {
  const route = routeRequest(sent(input));
  if (route.kind !== 'operation') throw new Error('not routed');
  const output = {
    subject: { namespace: 'team-a', serviceAccount: 'shop' },
    audience: 'pods.eks.amazonaws.com',
    podIdentityAssociation: { associationArn: 'arn', associationId: 'a-1' },
    assumedRoleUser: { arn: 'arn', assumeRoleId: 'AROA:s' },
    credentials: {
      sessionToken: 't',
      secretAccessKey: 's',
      accessKeyId: 'ASIA',
      expiration: new Date('2026-01-15T12:00:00Z'),
    },
  };
  const { status, body } = encodeOutput(route, output, 'id');
  expect(status).toBe(200);
  expect(JSON.parse(String(body))).toEqual({
    ...output,
    credentials: { ...output.credentials, expiration: 1768478400 },
  });
});

test.each([
  ['AccessDeniedException', 400],
  ['ExpiredTokenException', 400],
  ['InvalidTokenException', 400],
  ['ResourceNotFoundException', 404],
  ['InternalServerException', 500],
])('%s answers %i (J15)', (code, status) => {
  const route = routeRequest(sent(input));
  expect(encodeError(route, new AwsError(code, 'text'), 'id')).toMatchObject({
    status,
    headers: { 'x-amzn-errortype': code },
  });
});

test('the expired session of who signs is not told as the expired token of a pod: agents keep what they have then', () => {
  const route = routeRequest(sent(input));
  const error = authFailure('expiredToken', 'restJson1');
  expect(encodeError(route, error, 'id')).toMatchObject({
    status: 403,
    headers: { 'x-amzn-errortype': 'ExpiredTokenException' },
  });
});

test('our own fault has the name of its model (J15)', () => {
  const { status, headers } = encodeError(routeRequest(sent(input)), new Error('secret'), 'id');
  expect({ status, code: headers['x-amzn-errortype'] }).toEqual({
    status: 500,
    code: 'InternalServerException',
  });
});
