/** Tokens of service accounts, made and used by stock kubectl (kubernetes-facts D4.3, F1 to F4). */
import { DescribeClusterCommand } from '@aws-sdk/client-eks';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alikeKubectlVersions } from './clients.ts';
import { followSteps, openTerminal, rawRoot, type Terminal } from './kubectl.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

const apiAudience = 'https://kubernetes.default.svc';
const refused = 'error: You must be logged in to the server (Unauthorized)';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
  await scene.role('editor');
}, 120_000);

afterAll(() => scene?.close());

describe.each(alikeKubectlVersions)('kubectl %s', (version) => {
  const cluster = `tokens-${version.replace('.', '-')}`;
  let terminal: Terminal;

  beforeAll(async () => {
    await createCluster(scene.root, scene.connection, cluster);
    const editor = `arn:aws:iam::${scene.connection.accountId}:role/editor`;
    await createEntry(scene.root, cluster, editor);
    await associate(scene.root, cluster, editor, 'AmazonEKSEditPolicy', 'team');
    terminal = openTerminal(scene, cluster, version, ['editor']);
    const made = await terminal.sh(
      [
        'kubectl create namespace team',
        'kubectl create serviceaccount bot -n team',
        'kubectl create serviceaccount other -n team',
        'kubectl create role reader -n team --verb=get,list --resource=pods',
        'kubectl create rolebinding reader -n team --role=reader --serviceaccount=team:bot',
        `kubectl run bot-1 -n team --image=example.com/bot --overrides='{"spec":{"serviceAccountName":"bot"}}'`,
        'kubectl create secret generic tied -n team',
        'kubectl config view --minify --raw > nobody.config',
        'kubectl --kubeconfig nobody.config config unset users',
      ].join(' && '),
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  /** Types the command and keeps the printed token in a file. */
  const keep = async (file: string, args: string): Promise<string> => {
    const result = await terminal.sh(`kubectl create token bot -n team ${args} | tee ${file}`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return result.stdout.trim();
  };
  /** A kubeconfig of its own: a certificate or token of the user's would otherwise go along. */
  const withToken = (file: string, command: string) =>
    terminal.sh(`kubectl --kubeconfig nobody.config --token "$(cat ${file})" ${command}`);

  describe('asks for a token', () => {
    followSteps(
      () => terminal,
      [
        {
          // The access policy has all of Kubernetes' edit role but this (eks-access-facts C2a).
          run: 'kubectl create token bot -n team',
          as: 'editor',
          code: 1,
          err: /serviceaccounts "bot" is forbidden: User "arn:aws:sts::\d+:assumed-role\/editor\/.*" cannot create resource "serviceaccounts\/token" in API group "" in the namespace "team"/,
        },
        { run: 'kubectl auth can-i create serviceaccounts -n team', as: 'editor', out: 'yes' },
        {
          run: 'kubectl create token nobody -n team',
          code: 1,
          err: 'error: failed to create token: serviceaccounts "nobody" not found',
        },
        {
          run: 'kubectl create token bot -n team --duration=5m',
          code: 1,
          err: /may not specify a duration less than 10 minutes/,
        },
        {
          run: 'kubectl create token other -n team --bound-object-kind=Pod --bound-object-name=bot-1',
          code: 1,
          err: 'error: failed to create token: cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
        },
        {
          run: 'kubectl create token bot -n team --bound-object-kind=Secret --bound-object-name=tied --bound-object-uid=x',
          code: 1,
          err: /the UID in the bound object reference \(x\) does not match the UID in record/,
        },
        {
          run: 'kubectl create token bot -n team --duration=48h | grep -c ^eyJ',
          out: '1',
          err: 'Warning: requested expiration of 172800 seconds shortened to 86400 seconds',
        },
      ],
    );
  });

  test('makes a token with which the account may do what is bound to it', async () => {
    await keep('plain', '--duration=20m');
    expect(await withToken('plain', 'get pods -n team -o name')).toMatchObject({
      code: 0,
      stdout: 'pod/bot-1\n',
    });
    for (const [command, message] of [
      ['get secrets -n team', 'cannot list resource "secrets" in API group "" in the namespace "team"'],
      ['get pods -n default', 'cannot list resource "pods" in API group "" in the namespace "default"'],
      ['create token bot -n team', 'cannot create resource "serviceaccounts/token" in API group ""'],
    ]) {
      const result = await withToken('plain', command ?? '');
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(`User "system:serviceaccount:team:bot" ${message}`);
    }
    const who = await withToken('plain', 'auth whoami -o jsonpath={.status.userInfo.groups}');
    expect(who.stdout).toBe(
      '["system:serviceaccounts","system:serviceaccounts:team","system:authenticated"]',
    );
  });

  test('makes a token for another audience, which the API server refuses', async () => {
    const token = await keep('vault', '--audience=vault --audience=sts.amazonaws.com');
    expect(decodeJwt(token).aud).toEqual(['vault', 'sts.amazonaws.com']);
    expect(await withToken('vault', 'get pods -n team')).toMatchObject({ code: 1, stderr: `${refused}\n` });
  });

  test('makes a token that ends with its pod', async () => {
    await keep('bound', '--bound-object-kind=Pod --bound-object-name=bot-1');
    expect((await withToken('bound', 'get pods -n team')).code).toBe(0);
    expect((await terminal.sh('kubectl delete pod bot-1 -n team')).code).toBe(0);
    expect(await withToken('bound', 'get pods -n team')).toMatchObject({ code: 1, stderr: `${refused}\n` });
  });

  test('finds issuer and keys with which anybody can check a token', async () => {
    const token = await keep('checked', '');
    const path = `/clusters/${scene.connection.accountId}/${scene.connection.region}/${cluster}`;
    const root = rawRoot(version, path);
    const raw = async (document: string) =>
      JSON.parse((await withToken('checked', `get --raw ${root}${document}`)).stdout);
    const { issuer, jwks_uri } = await raw('/.well-known/openid-configuration');
    const described = await scene.root.eks.send(new DescribeClusterCommand({ name: cluster }));
    expect(issuer).toBe(described.cluster?.identity?.oidc?.issuer);
    expect(jwks_uri).toBe(`${described.cluster?.endpoint}/openid/v1/jwks`);
    const keys = createLocalJWKSet(await raw('/openid/v1/jwks'));
    const { payload } = await jwtVerify(token, keys, { issuer, audience: apiAudience });
    expect(payload.sub).toBe('system:serviceaccount:team:bot');
  });

  test('cannot use a token in another cluster', async () => {
    const name = `${cluster}-b`;
    await createCluster(scene.root, scene.connection, name);
    const elsewhere = openTerminal(scene, name, version);
    const token = await keep('home', '');
    expect(
      await elsewhere.sh(`kubectl config unset users > /dev/null && kubectl --token ${token} get pods`),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error: You must be logged in to the server .*\n$/),
    });
  }, 60_000);

  test('cannot use a token of an account that was deleted and made again', async () => {
    await keep('gone', '');
    expect((await withToken('gone', 'get pods -n team')).code).toBe(0);
    await terminal.sh(
      'kubectl delete serviceaccount bot -n team && kubectl create serviceaccount bot -n team',
    );
    expect(await withToken('gone', 'get pods -n team')).toMatchObject({ code: 1, stderr: `${refused}\n` });
  });
});
