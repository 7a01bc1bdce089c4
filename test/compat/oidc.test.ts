/** OpenID Connect providers with the stock AWS CLI, as eksctl and Terraform register a cluster's issuer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createUser } from './world.ts';

let scene: Scene;
let admin: Shell;
let issuer: string;
let arn: string;

beforeAll(async () => {
  scene = await openScene();
  admin = openShell(scene.directory, scene.connection, scene.connection);
  await createCluster(scene.root, scene.connection, 'main', 'API');
  const { cluster } = await admin.awsJson<{ cluster: { identity: { oidc: { issuer: string } } } }>(
    ...['eks', 'describe-cluster', '--name', 'main'],
  );
  issuer = cluster.identity.oidc.issuer;
  arn = `arn:aws:iam::${scene.connection.accountId}:oidc-provider/${issuer.replace('https://', '')}`;
}, 120_000);

afterAll(() => scene?.close());

/** `ok`, or the error's code. */
async function outcome(shell: Shell, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  return code === 0 ? 'ok' : (/\((\w+)\)/.exec(stderr)?.[1] ?? stderr);
}

const creating = (url: string, ...more: readonly string[]): readonly string[] => [
  ...[
    'iam',
    'create-open-id-connect-provider',
    '--url',
    url,
    '--client-id-list',
    'sts.amazonaws.com',
    ...more,
  ],
];
const named = (operation: string, ...more: readonly string[]): readonly string[] => [
  ...['iam', operation, '--open-id-connect-provider-arn', arn, ...more],
];

test('the issuer of a cluster is registered by who may, once', async () => {
  const registrar = openShell(
    scene.directory,
    scene.connection,
    await createUser(
      scene.root,
      'registrar',
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'],
            Resource: 'arn:aws:iam::*:oidc-provider/oidc.eks.*',
            Condition: { StringEquals: { 'aws:RequestTag/team': 'a' } },
          },
        ],
      }),
    ),
  );
  expect(await outcome(registrar, ...creating(issuer))).toBe('AccessDenied');
  const tags = ['--tags', 'Key=team,Value=a'];
  expect(await outcome(registrar, ...creating('https://oidc.example.com', ...tags))).toBe('AccessDenied');
  expect(await outcome(registrar, ...creating(issuer, ...tags))).toBe('ok');
  expect(await outcome(admin, ...creating(issuer))).toBe('EntityAlreadyExists');
  expect(await outcome(admin, ...creating('https://oidc.example.com:8443'))).toBe('ValidationError');
  expect(await outcome(registrar, ...named('get-open-id-connect-provider'))).toBe('AccessDenied');
});

test('its audiences and thumbprints are kept', async () => {
  const thumbprint = '9e99a48a9960b14926bb7f3b02e22da2b0ab7280';
  await admin.awsJson(...named('add-client-id-to-open-id-connect-provider', '--client-id', 'app'));
  await admin.awsJson(...named('remove-client-id-from-open-id-connect-provider', '--client-id', 'gone'));
  await admin.awsJson(
    ...named('update-open-id-connect-provider-thumbprint', '--thumbprint-list', thumbprint),
  );
  expect(await admin.awsJson(...named('get-open-id-connect-provider'))).toEqual({
    Url: issuer.replace('https://', ''),
    ClientIDList: ['sts.amazonaws.com', 'app'],
    ThumbprintList: [thumbprint],
    CreateDate: expect.any(String),
    Tags: [{ Key: 'team', Value: 'a' }],
  });
});

test('it is deleted, and deleting it again is no error', async () => {
  for (const _ of [1, 2])
    expect(await outcome(admin, ...named('delete-open-id-connect-provider'))).toBe('ok');
  expect(await outcome(admin, ...named('get-open-id-connect-provider'))).toBe('NoSuchEntity');
});
