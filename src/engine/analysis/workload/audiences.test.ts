import { expect, test } from 'vitest';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { account, app, explainIn, inShort, issuerHost, podWorld, providerArn, sub } from './testworld.ts';
import { whoCanCall } from './whocancall.ts';

/** Trusts each audience under its own conditions. */
const trusting = (audiences: Readonly<Record<string, object>>): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: Object.entries(audiences).map(([audience, more]) => ({
      Effect: 'Allow',
      Principal: { Federated: providerArn },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { [`${issuerHost}:aud`]: audience, [`${issuerHost}:sub`]: sub }, ...more },
    })),
  });
const fromOffice = { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } };
const oidcProviders: SnapshotAccount['oidcProviders'] = [
  { arn: providerArn, url: issuerHost, clientIds: ['sts.amazonaws.com', 'app'] },
];
const annotated = { ...account, roleArn: app, audience: 'app' };

test.for<[string, string, Readonly<Record<string, object>>]>([
  ['its own', 'always', { app: {} }],
  ['its own, which depends', 'sometimes trust depends', { app: fromOffice }],
  [
    'its own, which depends, and another that does not',
    'sometimes trust depends',
    { 'sts.amazonaws.com': {}, app: fromOffice },
  ],
  ['another', 'never provider otherAudience', { 'sts.amazonaws.com': {} }],
])('containers have the token of the annotated audience; the role trusts %s', ([, expected, audiences]) => {
  const cluster = { serviceAccounts: [annotated] };
  const world = podWorld({ trustPolicy: trusting(audiences) }, cluster, { oidcProviders });
  expect(inShort(explainIn(world))).toBe(expected);
  const delivered = whoCanCall(world, { action: 's3:GetObject', resource: '*' }).rows.map(
    ({ isDelivered }) => isDelivered,
  );
  expect(delivered).toEqual([!expected.startsWith('never')]);
});
