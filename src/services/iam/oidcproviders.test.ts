import { describe, expect, test } from 'vitest';
import { account, createWorld, start } from './testworld.ts';

const url = 'oidc.eks.us-east-1.amazonaws.com/id/5D9C';
const arnOf = (name: string): string => `arn:aws:iam::${account}:oidc-provider/${name}`;
const OpenIDConnectProviderArn = arnOf(url);

async function createOidcWorld(input: object = {}) {
  const world = await createWorld();
  await world.call('CreateOpenIDConnectProvider', { Url: `https://${url}`, ...input });
  const get = () => world.call('GetOpenIDConnectProvider', { OpenIDConnectProviderArn });
  return { ...world, get };
}

describe('refusals', () => {
  test.each([
    'oidc.example.com',
    'http://oidc.example.com',
    'HTTPS://oidc.example.com',
    'https://',
    'https:///path',
    'https://oidc.example.com:8443',
    'https://oidc.example.com:443/',
    'https://user@oidc.example.com',
    'https://user:secret@oidc.example.com',
    'https://oidc.example.com?tenant=1',
    'https://oidc.example.com/#top',
    'https://oidc.example.com/*',
    'https://oidc.example.com/a?b',
    'https://*.example.com',
    'https://oidc..example.com',
    'https://[::1]',
    'https://oidc.example.com/a b',
    'https://oidc.example.com/\n',
    `https://oidc.example.com/\${aws:username}`,
    'https://oidc.exämple.com',
    ' https://oidc.example.com',
  ])('the URL %j', async (Url) => {
    const world = await createWorld();
    await expect(world.call('CreateOpenIDConnectProvider', { Url })).rejects.toMatchObject({
      code: 'ValidationError',
      message: 'Invalid Open ID Connect Provider URL',
    });
  });

  test('a URL that is registered, but for its case and its last slash', async () => {
    const world = await createOidcWorld();
    await expect(world.call('CreateOpenIDConnectProvider', { Url: `https://${url}` })).rejects.toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: `Provider with url https://${url} already exists.`,
    });
    for (const other of [url.toLowerCase(), `${url}/`]) {
      expect(await world.call('CreateOpenIDConnectProvider', { Url: `https://${other}` })).toEqual({
        OpenIDConnectProviderArn: arnOf(other),
      });
    }
  });

  type Case = readonly [operation: string, input: object, code: string, message: string | RegExp];
  const hex = 'a'.repeat(40);
  const cases: readonly Case[] = [
    ['CreateOpenIDConnectProvider', { Url: `https://${'a'.repeat(248)}` }, 'ValidationError', /length less/],
    [
      'CreateOpenIDConnectProvider',
      { Url: 'https://a', ClientIDList: [''] },
      'ValidationError',
      /clientIDList\.1\.member/,
    ],
    [
      'CreateOpenIDConnectProvider',
      { Url: 'https://a', ClientIDList: ['a', 'b'.repeat(256)] },
      'ValidationError',
      /clientIDList\.2\.member/,
    ],
    [
      'CreateOpenIDConnectProvider',
      { Url: 'https://a', ClientIDList: Array.from({ length: 101 }, (_, index) => `${index}`) },
      'LimitExceededException',
      'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100',
    ],
    ...['CreateOpenIDConnectProvider', 'UpdateOpenIDConnectProviderThumbprint'].flatMap(
      (operation): Case[] => [
        [operation, { ThumbprintList: ['a'.repeat(39)] }, 'ValidationError', /thumbprintList\.1\.member/],
        [operation, { ThumbprintList: ['g'.repeat(40)] }, 'ValidationError', /thumbprintList\.1\.member/],
        [
          operation,
          { ThumbprintList: [hex, hex, hex, hex, hex, hex] },
          'InvalidInputException',
          'Thumbprint list must contain fewer than 5 entries.',
        ],
      ],
    ),
    ['UpdateOpenIDConnectProviderThumbprint', {}, 'ValidationError', /thumbprintList/],
    ['AddClientIDToOpenIDConnectProvider', {}, 'ValidationError', /clientID/],
    ...[
      'GetOpenIDConnectProvider',
      'AddClientIDToOpenIDConnectProvider',
      'RemoveClientIDFromOpenIDConnectProvider',
      'UpdateOpenIDConnectProviderThumbprint',
      'ListOpenIDConnectProviderTags',
    ].flatMap((operation): Case[] =>
      [
        arnOf('gone.example.com'),
        arnOf(url.toLowerCase()),
        `arn:aws:iam::444455556666:oidc-provider/${url}`,
      ].map((arn) => [
        operation,
        { OpenIDConnectProviderArn: arn, ClientID: 'a', ThumbprintList: [] },
        'NoSuchEntityException',
        `OpenIDConnect Provider not found for arn ${arn}`,
      ]),
    ),
  ];
  test.each(cases)('%s %j', async (operation, input, code, message) => {
    const world = await createOidcWorld();
    const call = world.call(operation, { Url: 'https://a', OpenIDConnectProviderArn, ...input });
    await expect(call).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test('the 101st client id, over several calls', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `${index}`);
    const world = await createOidcWorld({ ClientIDList: ids });
    const add = (ClientID: string) =>
      world.call('AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn, ClientID });
    await expect(add('one more')).rejects.toMatchObject({ code: 'LimitExceededException' });
    await add('99');
  });

  test('the 101st provider, also of 110 that are made at the same moment', async () => {
    const world = await createWorld();
    const results = await Promise.allSettled(
      Array.from({ length: 110 }, (_, index) =>
        world.call('CreateOpenIDConnectProvider', { Url: `https://p${index}.example.com` }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
    await expect(
      world.call('CreateOpenIDConnectProvider', { Url: 'https://more.example.com' }),
    ).rejects.toMatchObject({ message: 'Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100' });
  });
});

test('a provider is shown without its scheme, with all it was given', async () => {
  const Tags = [{ Key: 'team', Value: 'a' }];
  const world = await createOidcWorld({
    ClientIDList: ['sts.amazonaws.com', 'sts.amazonaws.com'],
    ThumbprintList: ['A'.repeat(40), 'a'.repeat(40)],
    Tags,
  });
  expect(await world.get()).toEqual({
    Url: url,
    ClientIDList: ['sts.amazonaws.com'],
    ThumbprintList: ['a'.repeat(40)],
    CreateDate: new Date(start),
    Tags,
  });
  expect(await world.call('ListOpenIDConnectProviders', {})).toEqual({
    OpenIDConnectProviderList: [{ Arn: OpenIDConnectProviderArn }],
  });
});

test('client ids and thumbprints are changed; what is there already, or gone already, is no error', async () => {
  const world = await createOidcWorld({ ThumbprintList: ['a'.repeat(40)] });
  const named = { OpenIDConnectProviderArn };
  for (const ClientID of ['app', 'app', 'web']) {
    await world.call('AddClientIDToOpenIDConnectProvider', { ...named, ClientID });
  }
  for (const ClientID of ['web', 'web', 'App']) {
    await world.call('RemoveClientIDFromOpenIDConnectProvider', { ...named, ClientID });
  }
  await world.call('UpdateOpenIDConnectProviderThumbprint', { ...named, ThumbprintList: ['B'.repeat(40)] });
  expect(await world.get()).toMatchObject({ ClientIDList: ['app'], ThumbprintList: ['b'.repeat(40)] });
});

test('racing changes are all kept', async () => {
  const world = await createOidcWorld();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(
    ids.map((ClientID) =>
      world.call('AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn, ClientID }),
    ),
  );
  const { ClientIDList } = (await world.get()) as { ClientIDList: string[] };
  expect([...ClientIDList].sort()).toEqual(ids);
});

test('deleting twice is no error', async () => {
  const world = await createOidcWorld();
  for (const _ of [1, 2]) await world.call('DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn });
  await expect(world.get()).rejects.toMatchObject({ code: 'NoSuchEntityException' });
});

test('each operation is judged on the provider, with the tags it has and gets', async () => {
  const Tags = [{ Key: 'Team', Value: 'a' }];
  const world = await createOidcWorld({ Tags });
  const given = new Map<string, unknown>([
    ['aws:requesttag/team', 'a'],
    ['aws:tagkeys', ['Team']],
  ]);
  const resource = { arn: OpenIDConnectProviderArn, context: new Map([['aws:resourcetag/team', 'a']]) };
  expect(await world.target('CreateOpenIDConnectProvider', { Url: `https://${url}`, Tags })).toEqual({
    action: 'iam:CreateOpenIDConnectProvider',
    resources: [OpenIDConnectProviderArn],
    context: given,
  });
  for (const operation of [
    'GetOpenIDConnectProvider',
    'DeleteOpenIDConnectProvider',
    'AddClientIDToOpenIDConnectProvider',
    'RemoveClientIDFromOpenIDConnectProvider',
    'UpdateOpenIDConnectProviderThumbprint',
    'ListOpenIDConnectProviderTags',
    'UntagOpenIDConnectProvider',
  ]) {
    expect(await world.target(operation, { OpenIDConnectProviderArn })).toMatchObject({
      action: `iam:${operation}`,
      resources: [resource],
    });
  }
  expect(await world.target('TagOpenIDConnectProvider', { OpenIDConnectProviderArn, Tags })).toMatchObject({
    resources: [resource],
    context: given,
  });
  expect(await world.target('ListOpenIDConnectProviders', {})).toMatchObject({ resources: ['*'] });
});
