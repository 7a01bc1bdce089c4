import type {
  AssociateIdentityProviderConfigResponse,
  DescribeClusterResponse,
  DescribeIdentityProviderConfigResponse,
  DisassociateIdentityProviderConfigResponse,
  ListUpdatesResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import { clusterKey } from '../../storage/records/keys.ts';
import { account, aNoon, createApiCluster, createWorld, outcomeOf, region, type World } from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const none =
  'ResourceNotFoundException: No config found for cluster: prod, config type: oidc, config name: idp';
const cluster = `arn:aws:eks:${region}:${account}:cluster/prod`;
const nobody = '00000000-0000-0000-0000-000000000000';
const configArn = `arn:aws:eks:${region}:${account}:identityproviderconfig/prod/oidc/idp/`;

const oidc = {
  identityProviderConfigName: 'idp',
  issuerUrl: 'https://login.example.com/realms/main',
  clientId: 'kubernetes',
};
const everything = {
  ...oidc,
  usernameClaim: 'email',
  usernamePrefix: 'oidc:',
  groupsClaim: 'groups',
  groupsPrefix: 'oidc:',
  requiredClaims: { hd: 'example.com' },
};

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world);
});

const associate = (
  change: object = {},
  input: object = {},
): Promise<AssociateIdentityProviderConfigResponse> =>
  world.call('AssociateIdentityProviderConfig', {
    clusterName: 'prod',
    oidc: { ...oidc, ...change },
    ...input,
  });
const named = (name = 'idp', type = 'oidc'): object => ({
  clusterName: 'prod',
  identityProviderConfig: { type, name },
});
const describeIt = (input = named()): Promise<DescribeIdentityProviderConfigResponse> =>
  world.call('DescribeIdentityProviderConfig', input);
const disassociate = (input: object = {}): Promise<DisassociateIdentityProviderConfigResponse> =>
  world.call('DisassociateIdentityProviderConfig', { ...named(), ...input });
const list = (input: object = {}) =>
  world.call('ListIdentityProviderConfigs', { clusterName: 'prod', ...input });

describe('a config that is refused', () => {
  const badName = `${invalid}The identityProviderConfigName must have 1 to 100 characters and match ^[0-9A-Za-z][A-Za-z0-9_-]*`;
  const badUrl = `${invalid}The issuerUrl must be an https URL without user, query and fragment`;
  const badText = (member: string): string =>
    `${invalid}The ${member} must have 1 to 255 printable characters`;
  const badPrefix = (member: string): string =>
    `${invalid}The ${member} must not contain system: or a part of it`;
  const long = 'a'.repeat(256);
  test.each<readonly [object, string]>([
    [{ identityProviderConfigName: '' }, badName],
    [{ identityProviderConfigName: 'a/b' }, badName],
    [{ identityProviderConfigName: 'a'.repeat(101) }, badName],
    [{ issuerUrl: 'http://login.example.com' }, badUrl],
    [{ issuerUrl: 'HTTPS://login.example.com' }, badUrl],
    [{ issuerUrl: 'https://login.example.com?tenant=a' }, badUrl],
    [{ issuerUrl: 'https://login.example.com/#a' }, badUrl],
    [{ issuerUrl: 'https://user@login.example.com' }, badUrl],
    [{ issuerUrl: 'https://login.example.com/\n' }, badUrl],
    [{ issuerUrl: 'https://' }, badUrl],
    [{ issuerUrl: `https://login.example.com/${long}` }, badUrl],
    [{ clientId: '' }, badText('clientId')],
    [{ clientId: long }, badText('clientId')],
    [{ clientId: 'a\u0000' }, badText('clientId')],
    [{ usernameClaim: '' }, badText('usernameClaim')],
    [{ usernamePrefix: '' }, badText('usernamePrefix')],
    [{ groupsClaim: '' }, badText('groupsClaim')],
    [{ groupsPrefix: '' }, badText('groupsPrefix')],
    [{ usernamePrefix: 'system:' }, badPrefix('usernamePrefix')],
    [{ usernamePrefix: 'oidc-system:' }, badPrefix('usernamePrefix')],
    [{ usernamePrefix: 'SYSTEM:' }, badPrefix('usernamePrefix')],
    [{ usernamePrefix: 'system' }, badPrefix('usernamePrefix')],
    [{ groupsPrefix: 'system:' }, badPrefix('groupsPrefix')],
    [{ groupsPrefix: 'sys' }, badPrefix('groupsPrefix')],
    [
      { requiredClaims: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`c${i}`, 'v'])) },
      `${invalid}At most 50 claims can be required`,
    ],
    [
      { requiredClaims: { ['a'.repeat(64)]: 'v' } },
      `${invalid}The name of a required claim has 1 to 63 printable characters`,
    ],
    [
      { requiredClaims: { a: 'v'.repeat(254) } },
      `${invalid}The value of a required claim has 1 to 253 printable characters`,
    ],
    [
      { requiredClaims: { a: '' } },
      `${invalid}The value of a required claim has 1 to 253 printable characters`,
    ],
  ])('%j', async (change, outcome) => {
    expect(await outcomeOf(associate(change))).toBe(outcome);
    expect(await list()).toEqual({ identityProviderConfigs: [] });
  });

  test('with the issuer of the cluster itself (F32), though not with that of another', async () => {
    await createApiCluster(world, 'other');
    const issuerOf = async (name: string): Promise<string | undefined> =>
      (await world.call<DescribeClusterResponse>('DescribeCluster', { name })).cluster?.identity?.oidc
        ?.issuer;
    const refusal = `${invalid}Incorrect Identity Provider URL configuration. The Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL`;
    const other = await issuerOf('other');
    expect(await outcomeOf(associate({ issuerUrl: await issuerOf('prod') }))).toBe(refusal);
    // Nor with the one that was named for a connected cluster.
    const key = clusterKey(account, region, 'other');
    const record = JSON.parse((await world.storage.get(key))?.value ?? '{}');
    const connected = { ...record, kind: 'connected', tokenIssuer: { url: oidc.issuerUrl } };
    await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(connected) }] });
    expect(await outcomeOf(associate({}, { clusterName: 'other' }))).toBe(refusal);
    expect(await outcomeOf(associate({ issuerUrl: other }))).toBe('ok');
  });

  test('beside another one: a cluster has one (K1)', async () => {
    await associate();
    expect(await outcomeOf(associate())).toBe(
      'ResourceInUseException: Identity provider config idp is already associated with cluster prod',
    );
    expect(await outcomeOf(associate({ identityProviderConfigName: 'second' }))).toBe(
      'InvalidRequestException: Cluster prod can have one identity provider config, and has idp',
    );
  });

  test('of two at once one', async () => {
    const outcomes = await Promise.all([
      outcomeOf(associate()),
      outcomeOf(associate({ identityProviderConfigName: 'second' })),
    ]);
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
  });

  test('on no cluster, or with tags that may not be given', async () => {
    expect(await outcomeOf(associate({}, { clusterName: 'gone' }))).toBe(
      'ResourceNotFoundException: No cluster found for name: gone.',
    );
    expect(await outcomeOf(associate({}, { tags: { 'aws:a': '' } }))).toBe(
      `${invalid}The tag key aws:a is invalid, it cannot start with aws:`,
    );
    world.refused.add('eks:TagResource');
    expect(await outcomeOf(associate({}, { tags: { a: 'b' } }))).toBe(
      'AccessDeniedException: no eks:TagResource',
    );
    expect(await list()).toEqual({ identityProviderConfigs: [] });
  });
});

test.each([
  ['another name', named('other'), none.replace('name: idp', 'name: other')],
  ['another type', named('idp', 'saml'), `${invalid}The type of an identity provider config must be oidc`],
])('%s is neither shown nor taken away', async (_name, input, outcome) => {
  await associate();
  expect(await outcomeOf(describeIt(input))).toBe(outcome);
  expect(await outcomeOf(disassociate(input))).toBe(outcome);
  expect(await outcomeOf(describeIt())).toBe('ok');
});

test('a config is active at once, with an update that tells of it', async () => {
  const answer = await associate(everything, { tags: { env: 'dev' } });
  expect(answer).toEqual({
    update: {
      id: expect.any(String),
      status: 'Successful',
      type: 'AssociateIdentityProviderConfig',
      params: [{ type: 'IdentityProviderConfig', value: '[{"type":"oidc","name":"idp"}]' }],
      createdAt: new Date(aNoon),
      errors: [],
    },
    tags: { env: 'dev' },
  });
  expect(await describeIt()).toEqual({
    identityProviderConfig: {
      oidc: {
        ...everything,
        identityProviderConfigArn: expect.stringMatching(new RegExp(`^${configArn}[0-9a-f-]{36}$`)),
        clusterName: 'prod',
        tags: { env: 'dev' },
        status: 'ACTIVE',
      },
    },
  });
  expect(await list()).toEqual({ identityProviderConfigs: [{ type: 'oidc', name: 'idp' }] });
  expect(await world.call('DescribeUpdate', { name: 'prod', updateId: answer.update?.id })).toEqual({
    update: answer.update,
  });
});

test('the page of a list is checked though there is only one', async () => {
  expect(await outcomeOf(list({ maxResults: 0 }))).toBe(`${invalid}maxResults must be between 1 and 100`);
  expect(await outcomeOf(list({ nextToken: 'x' }))).toBe(`${invalid}The nextToken parameter is not valid`);
});

test('a disassociated config is gone, and another takes its place', async () => {
  await associate();
  expect((await disassociate()).update).toMatchObject({
    type: 'DisassociateIdentityProviderConfig',
    status: 'Successful',
  });
  expect(await outcomeOf(describeIt())).toBe(none);
  expect(await outcomeOf(disassociate())).toBe(none);
  await associate({ identityProviderConfigName: 'second' });
  const { updateIds }: ListUpdatesResponse = await world.call('ListUpdates', { name: 'prod' });
  expect(updateIds).toHaveLength(3);
});

describe('a repeated request (A14)', () => {
  const clientRequestToken = 't';

  test('answers the same update', async () => {
    const first = await associate(everything, { clientRequestToken, tags: { a: 'b' } });
    expect(await associate(everything, { clientRequestToken, tags: { a: 'b' } })).toEqual(first);
    const gone = await disassociate({ clientRequestToken });
    expect(await disassociate({ clientRequestToken })).toEqual(gone);
  });

  test('with another wish is refused', async () => {
    await associate({}, { clientRequestToken });
    expect(await outcomeOf(associate({ clientId: 'other' }, { clientRequestToken }))).toMatch(
      /^ResourceInUseException/,
    );
  });

  test('that comes late does not bring back what was disassociated since', async () => {
    const first = await associate({}, { clientRequestToken });
    await disassociate();
    expect(await associate({}, { clientRequestToken })).toEqual(first);
    expect(await list()).toEqual({ identityProviderConfigs: [] });
  });
});

test('a config of a deleted cluster is not the next one’s', async () => {
  await associate();
  await world.call('DeleteCluster', { name: 'prod' });
  expect(await world.storage.count('identity-provider-config/')).toBe(0);
  await createApiCluster(world);
  expect(await list()).toEqual({ identityProviderConfigs: [] });
});

test('a connected cluster has them as well', async () => {
  const connectorConfig = { provider: 'OTHER', roleArn: `arn:aws:iam::${account}:role/agent` };
  await world.call('RegisterCluster', { name: 'edge', connectorConfig });
  expect(await outcomeOf(associate({}, { clusterName: 'edge' }))).toBe('ok');
});

test('tags are kept under its own ARN', async () => {
  await associate({}, { tags: { a: '1' } });
  const { identityProviderConfig } = await describeIt();
  const resourceArn = identityProviderConfig?.oidc?.identityProviderConfigArn;
  await world.call('TagResource', { resourceArn, tags: { b: '2' } });
  await world.call('UntagResource', { resourceArn, tagKeys: ['a'] });
  expect(await world.call('ListTagsForResource', { resourceArn })).toEqual({ tags: { b: '2' } });
  expect((await describeIt()).identityProviderConfig?.oidc?.tags).toEqual({ b: '2' });
  for (const other of [`${configArn}${nobody}`, configArn, resourceArn?.replace('prod', 'other')]) {
    const call = world.call('TagResource', { resourceArn: other, tags: { b: '3' } });
    expect(await outcomeOf(call)).toBe('NotFoundException: Resource was not found');
  }
});

describe('what permission is judged on', () => {
  test('the cluster, to associate (E7) and to list', async () => {
    const input = { clusterName: 'prod', oidc: everything, tags: { Team: 'a' } };
    expect(await world.target('AssociateIdentityProviderConfig', input)).toEqual({
      action: 'eks:AssociateIdentityProviderConfig',
      resources: [cluster],
      context: new Map<string, unknown>([
        ['aws:requesttag/team', 'a'],
        ['aws:tagkeys', ['Team']],
        ['eks:issuerurl', oidc.issuerUrl],
        ['eks:clientid', oidc.clientId],
      ]),
    });
    expect(await world.judgedOn('ListIdentityProviderConfigs', { clusterName: 'prod' })).toEqual({
      action: 'eks:ListIdentityProviderConfigs',
      resources: [cluster],
    });
  });

  test.each(['DescribeIdentityProviderConfig', 'DisassociateIdentityProviderConfig'])(
    'the config with its tags: %s',
    async (operation) => {
      const absent = (name: string): object => ({
        action: `eks:${operation}`,
        resources: [`arn:aws:eks:${region}:${account}:identityproviderconfig/prod/oidc/${name}/${nobody}`],
      });
      expect(await world.judgedOn(operation, named())).toEqual(absent('idp'));
      await associate({}, { tags: { Team: 'a' } });
      const { identityProviderConfig } = await describeIt();
      expect(await world.target(operation, named())).toEqual({
        action: `eks:${operation}`,
        resources: [
          {
            arn: identityProviderConfig?.oidc?.identityProviderConfigArn,
            context: new Map([['aws:resourcetag/team', 'a']]),
          },
        ],
      });
      expect(await world.judgedOn(operation, named('other'))).toEqual(absent('other'));
      expect(await world.judgedOn(operation, named(`idp/${nobody}`))).toEqual(absent('-'));
    },
  );
});
