import type { SnapshotUser } from '../../snapshot/snapshot.ts';
import { testArn, testClusterArn, testEntry, testTakenAt, testUser } from '../../testworld.ts';
import type { AccessUse } from '../../usage/use.ts';
import type { Example, Examples } from '../example.ts';
import { exampleRole, trust } from '../testworld.ts';

const days = (count: number): number => testTakenAt - count * 86_400_000;
const ops = testArn('role/ops');
const view = { AmazonEKSViewPolicy: ['default'] };

const withKey = (key: Partial<NonNullable<SnapshotUser['accessKeys']>[number]>): Example => ({
  account: {
    users: [
      testUser('ada', {
        accessKeys: [{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', status: 'Active', ...key }],
        ...{ mfaDevices: 1, hasPassword: false },
      }),
    ],
  },
});
const admin = (mfaDevices: number): Example => ({
  account: { users: [testUser('ada', { mfaDevices, hasPassword: true, accessKeys: [] })] },
  cluster: { accessEntries: [testEntry(testArn('user/ada'), { AmazonEKSClusterAdminPolicy: [] })] },
});
const person = (mfaDevices: number): Example => ({
  account: { users: [testUser('ada', { mfaDevices, hasPassword: true, accessKeys: [] })] },
});
const root = (what: { readonly accessKeys: number; readonly mfa: boolean }): Example => ({
  account: { root: what },
});

const provider = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com';
const providers = [{ arn: provider, url: 'oidc.example.com', clientIds: ['sts.amazonaws.com'] }];
const twoAudiences = providers.map((one) => ({ ...one, clientIds: [...one.clientIds, 'vault'] }));
const otherProvider = providers.map((one) => ({ ...one, arn: `${provider}.test` }));
const trusted = (principal: object, condition?: object, action?: string) =>
  exampleRole('ops', { trustPolicy: trust(principal, condition, action) });
const web = (more: object) =>
  trusted(
    { Federated: provider },
    { StringEquals: { 'oidc.example.com:sub': 'system:serviceaccount:default:api', ...more } },
    'sts:AssumeRoleWithWebIdentity',
  );
const aud = { 'oidc.example.com:aud': 'sts.amazonaws.com' };
const partner = 'arn:aws:iam::444455556666:root';
const ada = testArn('user/ada');

const used = (who: string): readonly AccessUse[] => [
  {
    at: days(3),
    who: { principalArn: who },
    did: {
      kind: 'kubernetes',
      cluster: testClusterArn,
      question: {
        ...{ kind: 'resource', verb: 'list', apiGroup: '', resource: 'pods' },
        ...{ subresource: '', namespace: 'default', name: '' },
      },
    },
    allowed: true,
  },
];
const opsEntry = { accessEntries: [testEntry(ops, view, { createdAt: days(200) })] };

export const iamExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-501': {
    triggers: withKey({ createdAt: days(400), lastUsedAt: days(1) }),
    passes: withKey({ createdAt: days(40), lastUsedAt: days(1) }),
  },
  'EW-ACC-502': {
    triggers: withKey({ createdAt: days(400), lastUsedAt: days(200) }),
    passes: withKey({ createdAt: days(80), lastUsedAt: days(2) }),
  },
  'EW-ACC-503': { triggers: admin(0), passes: admin(1) },
  'EW-ACC-504': { triggers: root({ accessKeys: 1, mfa: true }), passes: root({ accessKeys: 0, mfa: true }) },
  'EW-ACC-505': { triggers: root({ accessKeys: 0, mfa: false }), passes: root({ accessKeys: 0, mfa: true }) },
  'EW-ACC-506': { triggers: person(0), passes: person(1) },
  'EW-ACC-601': {
    triggers: { account: { roles: [trusted({ AWS: partner })] } },
    passes: {
      account: { roles: [trusted({ AWS: partner }, { StringEquals: { 'sts:ExternalId': 'a1b2c3' } })] },
    },
  },
  'EW-ACC-602': {
    triggers: { account: { roles: [web({})], oidcProviders: twoAudiences } },
    passes: { account: { roles: [web(aud)], oidcProviders: twoAudiences } },
  },
  'EW-ACC-603': {
    triggers: { account: { roles: [web(aud)], oidcProviders: otherProvider } },
    passes: { account: { roles: [web(aud)], oidcProviders: providers } },
  },
  'EW-ACC-604': {
    triggers: { account: { roles: [trusted({ AWS: 'AIDAFORMERUSEREXAMPL2' })] } },
    passes: { account: { roles: [trusted({ AWS: ada })], users: [testUser('ada')] } },
  },
  'EW-ACC-605': {
    triggers: {
      account: {
        roles: [{ ...trusted({ AWS: ada }), trustedPrincipalIds: { [ada]: 'AIDAFORMER' } }],
        users: [testUser('ada')],
      },
    },
    passes: {
      account: {
        roles: [{ ...trusted({ AWS: ada }), trustedPrincipalIds: { [ada]: 'AIDAADA' } }],
        users: [testUser('ada')],
      },
    },
  },
  'EW-ACC-606': {
    triggers: { cluster: { serviceAccounts: [{ namespace: 'default', name: 'api', roleArn: ops }] } },
    passes: {
      account: { roles: [web(aud)], oidcProviders: providers },
      cluster: {
        issuer: 'https://oidc.example.com',
        serviceAccounts: [{ namespace: 'default', name: 'api', roleArn: ops }],
      },
    },
  },
  'EW-ACC-701': {
    triggers: { account: { roles: [exampleRole('ops')] }, cluster: opsEntry, uses: used(ada) },
    passes: { account: { roles: [exampleRole('ops')] }, cluster: opsEntry, uses: used(ops) },
  },
  'EW-ACC-702': {
    triggers: { account: { roles: [exampleRole('ops', { lastUsedAt: days(120) })] }, cluster: opsEntry },
    passes: { account: { roles: [exampleRole('ops', { lastUsedAt: days(5) })] }, cluster: opsEntry },
  },
};
