/** ID tokens of an identity provider beside IAM, with the stock SDK, a provider of our own on loopback, and client-node. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  AssociateIdentityProviderConfigCommand,
  CreateAccessEntryCommand,
  DescribeClusterCommand,
  DescribeIdentityProviderConfigCommand,
  DescribeUpdateCommand,
  DisassociateIdentityProviderConfigCommand,
  ListIdentityProviderConfigsCommand,
  type OidcIdentityProviderConfigRequest,
  RegisterClusterCommand,
  TagResourceCommand,
} from '@aws-sdk/client-eks';
import { AuthenticationV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServerCertificate } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';
import { createApiServer } from '../webhooks/apiserver.ts';
import { clusterAddress, statusOf } from './kubernetes.ts';
import { entryway } from './process.ts';
import { associate as associatePolicy, openScene, type Scene } from './scene.ts';
import { type Clients, createCluster, createUser, outcome, roleArn, rootKeys } from './world.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A provider with discovery and keys over TLS; it can be told to fail. */
async function startProvider() {
  const directory = openTemporaryDirectory();
  const certificate = await createServerCertificate(directory, [], Date.now());
  const state = { fails: false, requests: 0 };
  let issuer = '';
  const server = createServer(
    { key: certificate.keyPem, cert: certificate.certificatePem },
    (request, response) => {
      state.requests++;
      if (state.fails) return response.writeHead(503).end();
      const isDiscovery = request.url === '/.well-known/openid-configuration';
      const body = isDiscovery
        ? { issuer, jwks_uri: `${issuer}/keys` }
        : { keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] };
      return response.end(JSON.stringify(body));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    state,
    caFile: directory.caCertificateFile,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await directory.dispose();
    },
  };
}

let provider: Awaited<ReturnType<typeof startProvider>>;
let scene: Scene;
let root: Clients;

beforeAll(async () => {
  provider = await startProvider();
  process.env.NODE_EXTRA_CA_CERTS = provider.caFile;
  try {
    scene = await openScene(['--oidc-issuers', 'private', '--webhook-listen', '127.0.0.1:0']);
  } finally {
    delete process.env.NODE_EXTRA_CA_CERTS;
  }
  ({ root } = scene);
  await createCluster(root, scene.connection, 'main', 'API');
}, 60_000);

afterAll(async () => {
  await scene?.close();
  await provider?.close();
});

const token = (claims: object = {}, key = rsa.privateKey): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: provider.issuer, aud: 'kubernetes', sub: 'ada', exp: now + 300, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .sign(key);
};

async function enter(cluster: string, idToken: string) {
  const { endpoint, caData } = await clusterAddress(root, cluster);
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: endpoint, caData }],
    users: [{ name: 'u', token: idToken }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const core = config.makeApiClient(CoreV1Api);
  return {
    listPods: () => statusOf(core.listNamespacedPod({ namespace: 'default' })),
    async whoAmI() {
      const api = config.makeApiClient(AuthenticationV1Api);
      const { status } = await api.createSelfSubjectReview({ body: {} });
      return status?.userInfo;
    },
  };
}
/** How a list of pods ends: 401 for nobody, 403 for somebody without rights. */
const listPods = async (idToken: string, cluster = 'main') => (await enter(cluster, idToken)).listPods();

const configOf = (change: Partial<OidcIdentityProviderConfigRequest> = {}) => ({
  identityProviderConfigName: 'idp',
  issuerUrl: provider.issuer,
  clientId: 'kubernetes',
  ...change,
});
const associate = (
  change: Partial<OidcIdentityProviderConfigRequest> = {},
  clusterName = 'main',
  { eks } = root,
) => eks.send(new AssociateIdentityProviderConfigCommand({ clusterName, oidc: configOf(change) }));
const naming = { clusterName: 'main', identityProviderConfig: { type: 'oidc', name: 'idp' } };
const disassociate = ({ eks } = root, clusterName = 'main') =>
  eks.send(new DisassociateIdentityProviderConfigCommand({ ...naming, clusterName }));

test('without an association an ID token is nobody’s', async () => {
  expect(await listPods(await token())).toBe(401);
  expect(provider.state.requests).toBe(0);
});

describe('an association is refused', () => {
  test('to who may not, or not for this issuer or client', async () => {
    const user = async (name: string, Condition: object, Action = 'eks:AssociateIdentityProviderConfig') => {
      const statement = { Effect: 'Allow', Action, Resource: '*', Condition };
      const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      return scene.as(await createUser(root, name, policy));
    };
    const denied = [
      await user('none', {}, 'eks:CreateAccessEntry'),
      await user('issuer', { StringEquals: { 'eks:issuerUrl': 'https://login.example.com' } }),
      await user('client', { StringNotEquals: { 'eks:clientId': 'kubernetes' } }),
    ];
    for (const clients of denied) {
      expect(await outcome(associate({}, 'main', clients))).toBe('AccessDeniedException');
    }
    expect(await listPods(await token())).toBe(401);
  });

  test.each<readonly [string, Partial<OidcIdentityProviderConfigRequest>]>([
    ['over plain HTTP', { issuerUrl: 'http://login.example.com' }],
    ['with a query', { issuerUrl: 'https://login.example.com?a=b' }],
    ['with a prefix of Kubernetes', { usernamePrefix: 'system:' }],
    ['with a group prefix of Kubernetes', { groupsPrefix: 'system:' }],
  ])('%s', async (_name, change) => {
    expect(await outcome(associate(change))).toBe('InvalidParameterException');
  });

  test('with the cluster’s own issuer (F32)', async () => {
    const { cluster } = await root.eks.send(new DescribeClusterCommand({ name: 'main' }));
    await expect(associate({ issuerUrl: cluster?.identity?.oidc?.issuer })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        'Incorrect Identity Provider URL configuration. The Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL',
    });
  });
});

describe('with an association', () => {
  let configArn = '';

  beforeAll(async () => {
    const { update, tags } = await root.eks.send(
      new AssociateIdentityProviderConfigCommand({
        clusterName: 'main',
        oidc: configOf({ groupsClaim: 'groups', requiredClaims: { hd: 'example.com' } }),
        tags: { team: 'a' },
      }),
    );
    expect(update).toMatchObject({ type: 'AssociateIdentityProviderConfig', status: 'Successful' });
    expect(tags).toEqual({ team: 'a' });
    const described = await root.eks.send(new DescribeUpdateCommand({ name: 'main', updateId: update?.id }));
    expect(described.update).toEqual(update);
  });

  const mine = (claims: object = {}) => token({ hd: 'example.com', ...claims });

  test.each<readonly [string, () => string | Promise<string>]>([
    ['for another client', () => mine({ aud: 'other' })],
    ['that has ended', () => mine({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['without the required claim', () => token()],
    ['of a stranger', () => token({ hd: 'example.com' }, stranger.privateKey)],
    ['of another issuer', () => mine({ iss: 'https://login.example.com' })],
    ['that makes its user an administrator', () => mine({ groups: ['system:masters'] })],
    [
      'without a signature',
      async () => {
        const [, body] = (await mine()).split('.');
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
      },
    ],
    [
      'signed with the public key as a secret',
      async () => {
        const [, body] = (await mine()).split('.');
        const input = `${Buffer.from('{"alg":"HS256","kid":"k1"}').toString('base64url')}.${body}`;
        const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' });
        return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      },
    ],
  ])('a token %s lets nobody in', async (_name, make) => {
    expect(await listPods(await make())).toBe(401);
  });

  test('its user is known by issuer and groups, and may nothing until RBAC says so', async () => {
    const ada = await enter('main', await mine({ groups: ['developers'] }));
    expect(await ada.whoAmI()).toMatchObject({
      username: `${provider.issuer}#ada`,
      groups: ['developers', 'system:authenticated'],
    });
    expect(await ada.listPods()).toBe(403);
    const admin = await scene.enter('main', rootKeys(scene.connection));
    await admin.config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace: 'default',
      body: {
        metadata: { name: 'developers' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'developers' }],
      },
    });
    expect(await ada.listPods()).toBe(200);
    expect(await listPods(await mine({ groups: ['others'] }))).toBe(403);
    // IAM stays on beside it.
    expect(await statusOf(admin.core.listNamespacedPod({ namespace: 'default' }))).toBe(200);
  });

  test('an access policy of an entry with the same username is not theirs', async () => {
    await scene.role('operator');
    const principalArn = roleArn(scene.connection, 'operator');
    const username = `${provider.issuer}#eve`;
    await root.eks.send(new CreateAccessEntryCommand({ clusterName: 'main', principalArn, username }));
    await associatePolicy(root, 'main', principalArn, 'AmazonEKSClusterAdminPolicy');
    const operator = await scene.enter('main', await scene.session('operator'));
    expect(await statusOf(operator.core.listNamespacedPod({ namespace: 'default' }))).toBe(200);
    expect(await listPods(await mine({ sub: 'eve' }))).toBe(403);
  });

  test('forged key ids do not make the server ask the provider again and again', async () => {
    const { requests } = provider.state;
    expect(requests).toBe(2);
    const forged = async (kid: string) =>
      new SignJWT({ iss: provider.issuer, aud: 'kubernetes', sub: 'x', hd: 'example.com' })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setExpirationTime('5m')
        .sign(stranger.privateKey);
    const api = await enter('main', await forged('f'));
    expect(await api.listPods()).toBe(401);
    for (let count = 0; count < 20; count++) {
      expect(await listPods(await forged(`f${count}`))).toBe(401);
    }
    expect(provider.state.requests).toBe(requests);
  });

  test('it is shown, listed and tagged', async () => {
    const { identityProviderConfig } = await root.eks.send(new DescribeIdentityProviderConfigCommand(naming));
    configArn = identityProviderConfig?.oidc?.identityProviderConfigArn ?? '';
    const { region, accountId } = scene.connection;
    expect(configArn).toMatch(
      new RegExp(`^arn:aws:eks:${region}:${accountId}:identityproviderconfig/main/oidc/idp/[0-9a-f-]{36}$`),
    );
    await root.eks.send(new TagResourceCommand({ resourceArn: configArn, tags: { env: 'test' } }));
    const again = await root.eks.send(new DescribeIdentityProviderConfigCommand(naming));
    expect(again.identityProviderConfig?.oidc).toEqual({
      ...configOf({ groupsClaim: 'groups', requiredClaims: { hd: 'example.com' } }),
      identityProviderConfigArn: configArn,
      clusterName: 'main',
      tags: { team: 'a', env: 'test' },
      status: 'ACTIVE',
    });
    const list = await root.eks.send(new ListIdentityProviderConfigsCommand({ clusterName: 'main' }));
    expect(list.identityProviderConfigs).toEqual([{ type: 'oidc', name: 'idp' }]);
  });

  test('a second one is refused', async () => {
    expect(await outcome(associate())).toBe('ResourceInUseException');
    expect(await outcome(associate({ identityProviderConfigName: 'second' }))).toBe(
      'InvalidRequestException',
    );
  });

  test('who may disassociate others by their tag does not touch it', async () => {
    const statement = {
      Effect: 'Allow',
      Action: 'eks:DisassociateIdentityProviderConfig',
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'b' } },
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const clients = scene.as(await createUser(root, 'team-b', policy));
    expect(await outcome(disassociate(clients))).toBe('AccessDeniedException');
  });

  test('its users are out at once when it is disassociated, and nobody else is', async () => {
    const idToken = await mine({ groups: ['developers'] });
    expect(await listPods(idToken)).toBe(200);
    const { update } = await disassociate();
    expect(update).toMatchObject({ type: 'DisassociateIdentityProviderConfig', status: 'Successful' });
    expect(await listPods(idToken)).toBe(401);
    expect(await outcome(disassociate())).toBe('ResourceNotFoundException');
    const admin = await scene.enter('main', rootKeys(scene.connection));
    expect(await statusOf(admin.core.listNamespacedPod({ namespace: 'default' }))).toBe(200);
  });
});

test('while the provider does not answer, its tokens are neither believed nor refused', async () => {
  await createCluster(root, scene.connection, 'second', 'API');
  const away = 'https://127.0.0.1:1';
  await associate({ issuerUrl: away }, 'second');
  expect(await listPods(await token({ iss: away }), 'second')).toBe(503);
  const admin = await scene.enter('second', rootKeys(scene.connection));
  expect(await statusOf(admin.core.listNamespacedPod({ namespace: 'default' }))).toBe(200);
});

test('the API server of a connected cluster is told who they are, until the provider is disassociated', async () => {
  const { directory, connection } = scene;
  const connectorConfig = { provider: 'OTHER', roleArn: roleArn(connection, 'agent') } as const;
  await root.eks.send(new RegisterClusterCommand({ name: 'edge', connectorConfig }));
  const bundle = join(directory, 'bundle');
  const args = ['cluster', 'bundle', 'edge', '--for', 'kubeadm', '--out', bundle];
  expect(await entryway(directory, [...args, '--data', connection.dataDir])).toMatchObject({ code: 0 });
  const textOf = (webhook: string) => readFileSync(join(bundle, 'entryway', `${webhook}.kubeconfig`), 'utf8');
  const apiServer = createApiServer({
    authentication: textOf('authenticate'),
    authorization: textOf('authorize'),
    cacheTtl: 0,
  });
  try {
    const review = async (idToken: string) => {
      const { status, text } = await apiServer.post('authenticate', apiServer.tokenReview(idToken));
      return status === 200 ? (JSON.parse(text) as { status: object }).status : status;
    };
    const idToken = await token({ groups: ['developers'] });
    const nobody = { authenticated: false };
    expect(await review(idToken)).toMatchObject(nobody);
    await associate({ groupsClaim: 'groups' }, 'edge');
    const user = { username: `${provider.issuer}#ada`, groups: ['developers'] };
    expect(await review(idToken)).toMatchObject({ authenticated: true, user });
    expect(await review(idToken)).not.toHaveProperty('user.extra');
    expect(await review(await token({ groups: ['system:masters'] }))).toMatchObject({
      ...nobody,
      error: expect.stringContaining('ID token names a user or group that starts with `system:`'),
    });
    // RBAC of the cluster decides about them; no access policy does.
    const listed = { verb: 'list', resource: 'pods', namespace: 'default' };
    expect(await apiServer.request(idToken, listed)).toMatchObject({
      status: 403,
      user: { username: user.username },
    });
    await disassociate(root, 'edge');
    expect(await review(idToken)).toMatchObject(nobody);
  } finally {
    apiServer.close();
  }
});
