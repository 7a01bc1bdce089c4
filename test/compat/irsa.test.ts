/** IAM roles for service accounts: issuers of clusters, providers for them, and sessions by their tokens (eks-access-facts I). */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { DeleteClusterCommand, DescribeClusterCommand, RegisterClusterCommand } from '@aws-sdk/client-eks';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  ListOpenIDConnectProvidersCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { removeIssuer, showIssuer } from '../../src/cli/cluster/issuer.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { entryway, type Keys } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { type Clients, createCluster, createClusterRole, rootKeys, sessionKeys } from './world.ts';

const audience = 'sts.amazonaws.com';
const address = 'https://issuer.example.com/eks';
const edgeIssuer = 'https://edge.example.com';
const subject = 'system:serviceaccount:default:web';
const noKey = expect.stringMatching(/^Couldn't retrieve verification key from your identity provider/);

let scene: Scene;
let admin: KubernetesUser;
let issuer: string;
let otherRoot: Clients;
let otherAccount: string;

beforeAll(async () => {
  scene = await openScene(['--oidc-issuer-address', address]);
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, 'main', 'API');
  issuer = await issuerOf('main');
  admin = await scene.enter('main', rootKeys(connection));
  await admin.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'web', namespace: 'default' },
  });
  await root.eks.send(
    new RegisterClusterCommand({
      name: 'edge',
      connectorConfig: { provider: 'OTHER', roleArn: `arn:aws:iam::${connection.accountId}:role/agent` },
    }),
  );
  const made = await cli('account', 'create', '--output', 'json');
  const other = JSON.parse(made.stdout) as Keys & { readonly accountId: string };
  otherAccount = other.accountId;
  otherRoot = scene.as(other);
}, 120_000);

afterAll(() => scene?.close());

const cli = (...args: readonly string[]) =>
  entryway(scene.directory, [...args, '--data', scene.connection.dataDir]);

async function issuerOf(name: string): Promise<string> {
  const { cluster } = await scene.root.eks.send(new DescribeClusterCommand({ name }));
  return cluster?.identity?.oidc?.issuer ?? '';
}

/** Without thumbprint, as the AWS CLI does it today. */
async function provide(Url: string, { iam }: Clients = scene.root): Promise<string> {
  const answer = await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: [audience] }));
  return answer.OpenIDConnectProviderArn ?? '';
}

async function trusting(RoleName: string, provider: string, { iam }: Clients = scene.root): Promise<string> {
  const host = provider.slice(provider.indexOf('/') + 1);
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            ...{
              Effect: 'Allow',
              Principal: { Federated: provider },
              Action: 'sts:AssumeRoleWithWebIdentity',
            },
            Condition: { StringEquals: { [`${host}:sub`]: subject, [`${host}:aud`]: audience } },
          },
        ],
      }),
    }),
  );
  return Role?.Arn ?? '';
}

const federate = (RoleArn: string, WebIdentityToken: string) =>
  scene.root.sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'web-1', WebIdentityToken }),
  );

async function tokenOf(name: string, audiences = [audience]): Promise<string> {
  const made = await admin.core.createNamespacedServiceAccountToken({
    ...{ name, namespace: 'default' },
    body: {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
      spec: { audiences, expirationSeconds: 600 },
    },
  });
  return made.status?.token ?? '';
}

describe('the issuer of a built-in cluster', () => {
  const read = (path: string, method = 'GET') => fetch(`${scene.connection.awsEndpoint}${path}`, { method });

  test('has documents in EKS’s form that anybody can check a token with (I2, I3)', async () => {
    expect(issuer).toMatch(/^https:\/\/issuer\.example\.com\/eks\/id\/[0-9A-F]{32}$/);
    const path = new URL(issuer).pathname;
    const discovery = await read(`${path}/.well-known/openid-configuration`);
    expect(discovery.headers.get('content-type')).toBe('application/json');
    expect(await discovery.json()).toEqual({
      ...{ issuer, jwks_uri: `${issuer}/keys` },
      authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
      ...{ response_types_supported: ['id_token'], subject_types_supported: ['public'] },
      ...{ claims_supported: ['sub', 'iss'], id_token_signing_alg_values_supported: ['RS256'] },
    });
    const keys = await read(`${path}/keys`);
    expect(keys.headers.get('cache-control')).toBe('public, max-age=3600');
    const set = (await keys.json()) as JSONWebKeySet;
    expect(set).toEqual({
      keys: [
        { kty: 'RSA', kid: expect.any(String), use: 'sig', alg: 'RS256', n: expect.any(String), e: 'AQAB' },
      ],
    });
    const { payload } = await jwtVerify(await tokenOf('web'), createLocalJWKSet(set), { issuer, audience });
    expect(payload.sub).toBe(subject);
  });

  test('tells nothing about others', async () => {
    const unknown = `/eks/id/${'0'.repeat(32)}/keys`;
    expect([(await read(unknown)).status, (await read(unknown, 'HEAD')).status]).toEqual([404, 404]);
  });
});

describe('a service account of a built-in cluster', () => {
  let provider: string;
  let role: string;
  beforeAll(async () => {
    provider = await provide(issuer);
    role = await trusting('web', provider);
  });

  test('gets the role that trusts it, and no other', async () => {
    await admin.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'cron', namespace: 'default' },
    });
    const refusals: readonly [string, string][] = [
      ['Incorrect token audience', await tokenOf('web', ['STS.amazonaws.com', 'vault'])],
      ['Not authorized to perform sts:AssumeRoleWithWebIdentity', await tokenOf('cron')],
      ['Token signature invalid', (await tokenOf('web')).replace(/.{9}$/, 'AAAAAAAAA')],
    ];
    for (const [message, text] of refusals) {
      await expect(federate(role, text)).rejects.toMatchObject({ message });
    }
    const answer = await federate(role, await tokenOf('web', ['vault', audience]));
    expect(answer).toMatchObject({
      Provider: provider,
      Audience: audience,
      SubjectFromWebIdentityToken: subject,
    });
    const { sts } = scene.as(sessionKeys(answer.Credentials));
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toMatch(/:assumed-role\/web\/web-1$/);
  });

  test('gets one of another account that has a provider for its cluster (I9)', async () => {
    const remote = await trusting('remote', await provide(issuer, otherRoot), otherRoot);
    const { AssumedRoleUser } = await federate(remote, await tokenOf('web'));
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${otherAccount}:assumed-role/remote/web-1`);
  });

  test('is in the trail as CloudTrail tells it, refused and let in', async () => {
    const { awsEndpoint: endpoint, region } = scene.connection;
    const client = new CloudTrailClient({ endpoint, region, credentials: rootKeys(scene.connection) });
    const AttributeValue = 'AssumeRoleWithWebIdentity';
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
    const { Events = [] } = await client.send(new LookupEventsCommand({ LookupAttributes }));
    client.destroy();
    const records = Events.map(({ CloudTrailEvent = '{}' }) => JSON.parse(CloudTrailEvent));
    const identity = (sub: string) => ({
      ...{ type: 'WebIdentityUser', principalId: `${provider}:${audience}:${sub}` },
      ...{ userName: sub, identityProvider: provider },
    });
    const requestParameters = { roleArn: role, roleSessionName: 'web-1' };
    const refused = records.find(({ errorCode }) => errorCode === 'AccessDenied');
    expect(refused.userIdentity).toEqual(identity('system:serviceaccount:default:cron'));
    expect(refused.requestParameters).toEqual(requestParameters);
    const allowed = records.find(({ errorCode }) => errorCode === undefined);
    expect(allowed.userIdentity).toEqual(identity(subject));
    expect(allowed).toMatchObject({ requestParameters, readOnly: true, resources: [{ ARN: role }] });
    expect(allowed.responseElements).toMatchObject({
      provider,
      audience,
      subjectFromWebIdentityToken: subject,
    });
    expect(JSON.stringify(records)).not.toContain('eyJ');
  });

  test('keeps what its token gives when it is deleted, and loses it with the provider or the cluster', async () => {
    const text = await tokenOf('web');
    await admin.core.deleteNamespacedServiceAccount({ name: 'web', namespace: 'default' });
    await federate(role, text);
    const { iam } = scene.root;
    const named = { OpenIDConnectProviderArn: provider };
    expect(await iam.send(new GetOpenIDConnectProviderCommand(named))).toMatchObject({
      ...{ Url: issuer.slice('https://'.length), ClientIDList: [audience] },
    });
    const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    expect(OpenIDConnectProviderList).toEqual([{ Arn: provider }]);
    await iam.send(new DeleteOpenIDConnectProviderCommand(named));
    await expect(federate(role, text)).rejects.toMatchObject({
      ...{ name: 'InvalidIdentityTokenException' },
      message: `No OpenIDConnect provider found in your account for ${issuer}`,
    });
    await provide(issuer);
    await federate(role, text);
    await scene.root.eks.send(new DeleteClusterCommand({ name: 'main' }));
    await expect(federate(role, text)).rejects.toMatchObject({
      ...{ name: 'InvalidIdentityTokenException', message: noKey },
    });
  });
});

describe('a service account of a connected cluster', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  /** As its API server would make it. */
  const podToken = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: createHash('sha256').update(spki).digest('base64url') })
      .setIssuer(edgeIssuer)
      .setSubject(subject)
      .setAudience([audience])
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey);

  test('gets a role by the public key that was handed over, in the cluster’s own account alone', async () => {
    const file = join(scene.directory, 'sa.pub');
    writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
    const set = await cli('cluster', 'issuer', 'set', 'edge', '--issuer', edgeIssuer, '--keys', file);
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect(set.stdout).toContain(
      `create-open-id-connect-provider --url ${edgeIssuer} --client-id-list ${audience}`,
    );
    expect(await issuerOf('edge')).toBe(edgeIssuer);
    const [role, remote] = await Promise.all(
      [scene.root, otherRoot].map(async (at) => trusting('edge', await provide(edgeIssuer, at), at)),
    );
    const { AssumedRoleUser } = await federate(role ?? '', await podToken());
    expect(AssumedRoleUser?.Arn).toMatch(/:assumed-role\/edge\/web-1$/);
    await expect(federate(remote ?? '', await podToken())).rejects.toMatchObject({ message: noKey });
  });

  test('gets none once nobody vouches for its issuer', async () => {
    const printed: string[] = [];
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => printed.push(String(text)) > 0);
    const data = scene.connection.dataDir;
    await showIssuer('edge', { data, output: 'text' });
    await removeIssuer('edge', { data });
    write.mockRestore();
    expect(printed).toEqual([
      expect.stringMatching(
        /^cluster {2}edge\nissuer {3}https:\/\/edge\.example\.com\nkeys {5}handed over\n .*\(RS256\)\n$/,
      ),
      expect.stringMatching(
        /^no token of cluster edge counts at STS or EKS Auth any more\nwhere IAM has an OIDC provider for that issuer, /,
      ),
    ]);
    const role = `arn:aws:iam::${scene.connection.accountId}:role/edge`;
    await expect(federate(role, await podToken())).rejects.toMatchObject({ message: noKey });
  });
});
