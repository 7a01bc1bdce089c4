import { expect, test } from 'vitest';
import { subjectOf } from '../iamworld/allowers.ts';
import { createIamWorld } from '../iamworld/iamworld.ts';
import { policyText as policy } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  testAccountId,
  testArn,
  testCluster,
  testClusterArn,
  testProvider,
  testRole,
  testSnapshot,
  testWorld,
} from '../testworld.ts';
import { createWorld } from '../world/world.ts';
import { api, apiAccount, firstStep } from './testworld.ts';
import { createTrusts } from './trusts.ts';
import { createWebIdentity } from './webidentity.ts';

const host = 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123';
const provider = `arn:aws:iam::${testAccountId}:oidc-provider/${host}`;
const irsa = (sub: string | undefined, operator = 'StringEquals') =>
  policy({
    ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
    ...(sub !== undefined && {
      Condition: { [operator]: { 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123:sub': sub } },
    }),
  });
const app = testArn('role/app');

test.for<readonly [string, string | undefined, string, Partial<SnapshotCluster>?]>([
  [
    'annotated',
    'webIdentity sometimes',
    irsa('system:serviceaccount:payments:api'),
    { serviceAccounts: [{ ...apiAccount, roleArn: app }] },
  ],
  [
    'of the issuer',
    'webIdentity always',
    irsa('system:serviceaccount:payments:api'),
    { issuer: `https://${host}` },
  ],
  ['not annotated', 'webIdentity sometimes', irsa('system:serviceaccount:payments:api')],
  ['by pattern', 'webIdentity sometimes', irsa('system:serviceaccount:payments:*', 'StringLike')],
  ['any of the provider', 'webIdentity sometimes', irsa(undefined)],
  ['one of another namespace', undefined, irsa('system:serviceaccount:other:api')],
  ['a star that is no pattern', undefined, irsa('system:serviceaccount:payments:*')],
  ['in another region', undefined, irsa('system:serviceaccount:payments:api'), { region: 'eu-west-1' }],
  [
    'in a region that files do not tell',
    'webIdentity sometimes',
    irsa('system:serviceaccount:payments:api'),
    { region: 'unknown-region' },
  ],
  [
    'a forge',
    undefined,
    irsa('system:serviceaccount:payments:api').replaceAll(
      'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123',
      'token.forge.example.com',
    ),
  ],
])('to a role by a token: %s: %s', ([, expected, trustPolicy, cluster]) => {
  const what = {
    account: { roles: [testRole('app', { trustPolicy })], oidcProviders: [testProvider(host)] },
    cluster: { serviceAccounts: [apiAccount], ...cluster },
  };
  expect(firstStep(`iam:${app}`, api, what)).toBe(expected);
});

const forAudience = (aud: string) =>
  policy({
    ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
    Condition: {
      StringEquals: { [`${host}:sub`]: 'system:serviceaccount:payments:api', [`${host}:aud`]: aud },
    },
  });

test.for<readonly [string, string, readonly string[] | undefined, string | undefined]>([
  ['the usual', 'sts.amazonaws.com', ['sts.amazonaws.com'], 'webIdentity always'],
  ['another that the provider takes', 'vault', ['sts.amazonaws.com', 'vault'], 'webIdentity sometimes'],
  ['another that it does not take', 'vault', ['sts.amazonaws.com'], undefined],
  ['another, and nobody knows what it takes', 'vault', undefined, 'webIdentity sometimes'],
  ['the usual, which it does not take', 'sts.amazonaws.com', ['vault'], undefined],
])('to a role by a token for an audience: %s', ([, audience, clientIds, expected]) => {
  const what = {
    account: {
      roles: [testRole('app', { trustPolicy: forAudience(audience) })],
      oidcProviders: clientIds ? [{ arn: provider, url: `https://${host}`, clientIds }] : [],
    },
    ...(clientIds === undefined && { gaps: [{ area: 'iam', reason: 'a test' } as const] }),
    cluster: { issuer: `https://${host}`, serviceAccounts: [{ ...apiAccount, roleArn: app }] },
  };
  expect(firstStep(`iam:${app}`, api, what)).toBe(expected);
});

test('an annotation that is mistaken hides no role of the real issuer', () => {
  const other = testArn('role/other');
  const roles = [
    testRole('app', { trustPolicy: irsa('system:serviceaccount:payments:api') }),
    testRole('other', {
      trustPolicy: irsa('system:serviceaccount:payments:api').replaceAll('ABCDEF0123', 'FEDCBA'),
    }),
  ];
  const oidcProviders = ['ABCDEF0123', 'FEDCBA'].map((id) =>
    testProvider(`oidc.eks.us-east-1.amazonaws.com/id/${id}`),
  );
  const serviceAccounts = [{ ...apiAccount, roleArn: other }];
  expect(
    firstStep(`iam:${app}`, api, { account: { roles, oidcProviders }, cluster: { serviceAccounts } }),
  ).toBe('webIdentity sometimes');
});

test('an annotation in one cluster hides no role of the issuer of another', () => {
  const trustPolicy = irsa('system:serviceaccount:payments:api');
  const account = { roles: [testRole('app', { trustPolicy })], oidcProviders: [testProvider(host)] };
  const clusters = [
    { name: 'first', serviceAccounts: [apiAccount] },
    { name: 'second', serviceAccounts: [{ ...apiAccount, roleArn: app }] },
  ].map((one) => testCluster({ ...one, arn: testClusterArn.replace(/[^/]*$/, one.name) }));
  const world = createWorld({ ...testSnapshot({ account }), clusters });
  const iam = createIamWorld(world);
  const found = createWebIdentity(world, { iam, trusts: createTrusts(world, iam) });
  const certainties = world.clusters.map((cluster) =>
    found.waysOf(cluster, apiAccount).map(({ certainty }) => certainty),
  );
  expect(certainties).toEqual([['sometimes'], ['sometimes']]);
});

test('a provider that an account does not have vouches for nobody', () => {
  const trustPolicy = irsa('system:serviceaccount:payments:api');
  const account = { roles: [testRole('app', { trustPolicy })] };
  const cluster = { serviceAccounts: [{ ...apiAccount, roleArn: app }] };
  expect(firstStep(`iam:${app}`, api, { account, cluster })).toBe(undefined);
  const gaps = [{ area: 'iam', reason: 'a test' } as const];
  expect(firstStep(`iam:${app}`, api, { account, cluster, gaps })).toBe('webIdentity sometimes');
});

test('the index of names loses nobody whom a trust policy lets in', () => {
  const values = [
    'system:serviceaccount:payments:api',
    ...['system:serviceaccount:payments:*', 'system:serviceaccount:*:api', 'system:*', '*', '*:api'],
    ...['system:serviceaccount:pay*', 'system:serviceaccount:?:api'],
  ];
  const operators = [
    ...['StringEquals', 'StringLike', 'StringEqualsIfExists', 'StringNotLike', 'StringEqualsIgnoreCase'],
    ...['ForAnyValue:StringLike', 'ForAllValues:StringEquals', 'StringNotEquals'],
  ];
  const policies = [
    irsa(undefined),
    ...operators.flatMap((operator) => values.map((value) => irsa(value, operator))),
  ];
  const roles = policies.map((trustPolicy, at) =>
    testRole(`r${at}`, { principalId: `AROA${at}`, trustPolicy }),
  );
  const { world, cluster } = testWorld({
    account: { roles, oidcProviders: [testProvider(host)] },
    cluster: { issuer: `https://${host}` },
  });
  const iam = createIamWorld(world);
  const found = createWebIdentity(world, { iam, trusts: createTrusts(world, iam) });
  let all = 0;
  for (const namespace of ['payments', 'pay', 'a', 'other']) {
    for (const name of ['api', 'web']) {
      const account = { namespace, name };
      const each = world.principals.all.flatMap((principal) => {
        const way = found.wayTo(cluster, account, subjectOf(principal));
        return way === undefined ? [] : [`${way.role.arn} ${way.certainty}`];
      });
      const told = found.waysOf(cluster, account).map(({ role, certainty }) => `${role.arn} ${certainty}`);
      expect(told.toSorted(), `${namespace}/${name}`).toEqual(each.toSorted());
      all += each.length;
    }
  }
  expect(all).toBeGreaterThan(100);
});
