/**
 * `--live`: what AWS's APIs and a kubeconfig tell, read by stock SDK clients, beside what a server tells of itself in a
 * snapshot of its own. The same questions must have the same answers.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  AssociateIdentityProviderConfigCommand,
  CreatePodIdentityAssociationCommand,
  DescribeClusterCommand,
} from '@aws-sdk/client-eks';
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  CreateGroupCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  PutGroupPolicyCommand,
} from '@aws-sdk/client-iam';
import { Secret, TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAwsClient } from '../../src/clients/aws.ts';
import { parseSubject } from '../../src/engine/analysis/ask/subject.ts';
import type { Snapshot } from '../../src/engine/analysis/snapshot/snapshot.ts';
import { whatCan } from '../../src/engine/analysis/whatcan/whatcan.ts';
import { whoCan } from '../../src/engine/analysis/whocan/whocan.ts';
import { createWorld } from '../../src/engine/analysis/world/world.ts';
import { type LiveOptions, readLive } from '../../src/sources/live/live.ts';
import { parseSnapshot } from '../../src/sources/saved/saved.ts';
import { parseQuestion } from '../../src/wire/kube/question.ts';
import { clusterAddress, type KubernetesUser, openKubernetesUser } from './kubernetes.ts';
import { entryway, type Keys } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { allowAll, createCluster, createUser, roleArn, rootKeys, trust } from './world.ts';

/** A little of everything that grants. */
async function furnish(scene: Scene): Promise<void> {
  const { root, connection } = scene;
  const { iam, eks } = root;
  await createUser(root, 'ada', allowAll(['iam:Get*', 'iam:List*', 'eks:Describe*', 'eks:List*']));
  await iam.send(new CreateUserCommand({ UserName: 'idle', Path: '/team/' }));
  const { VirtualMFADevice: device } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'ada' }),
  );
  const totp = new TOTP({
    secret: Secret.fromBase32(Buffer.from(device?.Base32StringSeed ?? []).toString()),
  });
  const code = (steps: number): string => totp.generate({ timestamp: Date.now() + steps * 30_000 });
  await iam.send(
    new EnableMFADeviceCommand({
      ...{ UserName: 'ada', SerialNumber: device?.SerialNumber },
      ...{ AuthenticationCode1: code(-2), AuthenticationCode2: code(-1) },
    }),
  );
  await iam.send(new CreateGroupCommand({ GroupName: 'devs' }));
  await iam.send(
    new PutGroupPolicyCommand({
      ...{ GroupName: 'devs', PolicyName: 'assume', PolicyDocument: allowAll('sts:AssumeRole') },
    }),
  );
  await iam.send(new AddUserToGroupCommand({ GroupName: 'devs', UserName: 'ada' }));
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: 'look', PolicyDocument: allowAll('eks:Describe*') }),
  );
  for (const name of ['ops', 'dev', 'mapped', 'nodes']) await scene.role(name);
  await iam.send(
    new CreateRoleCommand({
      ...{ RoleName: 'pathed', Path: '/team/' },
      AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${connection.accountId}:user/ada` }),
      PermissionsBoundary: Policy?.Arn,
    }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'dev', PolicyArn: Policy?.Arn }));
  await iam.send(
    new AttachRolePolicyCommand({ RoleName: 'ops', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }),
  );

  await createCluster(root, connection, 'main', 'API_AND_CONFIG_MAP');
  await createCluster(root, connection, 'legacy', 'CONFIG_MAP');
  const { cluster } = await eks.send(new DescribeClusterCommand({ name: 'main' }));
  await iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: cluster?.identity?.oidc?.issuer,
      ClientIDList: ['sts.amazonaws.com'],
    }),
  );
  await eks.send(
    new AssociateIdentityProviderConfigCommand({
      clusterName: 'main',
      oidc: {
        ...{
          identityProviderConfigName: 'idp',
          issuerUrl: 'https://login.example.com',
          clientId: 'kubernetes',
        },
        ...{ groupsClaim: 'groups', groupsPrefix: 'idp:' },
      },
    }),
  );
  await createEntry(root, 'main', roleArn(connection, 'ops'));
  await associate(root, 'main', roleArn(connection, 'ops'), 'AmazonEKSClusterAdminPolicy');
  await createEntry(root, 'main', roleArn(connection, 'dev'), { kubernetesGroups: ['devs'] });
  await associate(root, 'main', roleArn(connection, 'dev'), 'AmazonEKSEditPolicy', 'team-a', 'dev-*');
  await createEntry(root, 'main', `arn:aws:iam::${connection.accountId}:role/team/pathed`, {
    kubernetesGroups: ['readers'],
    username: 'pathed',
  });

  await iam.send(
    new CreateRoleCommand({
      RoleName: 'pods',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
            Action: ['sts:AssumeRole', 'sts:TagSession'],
          },
        ],
      }),
    }),
  );
  for (const serviceAccount of ['web', 'api']) {
    await eks.send(
      new CreatePodIdentityAssociationCommand({
        ...{ clusterName: 'main', namespace: 'team-a', serviceAccount, roleArn: roleArn(connection, 'pods') },
        ...(serviceAccount === 'web' && {
          targetRoleArn: 'arn:aws:iam::444455556666:role/theirs',
          disableSessionTags: true,
        }),
      }),
    );
  }

  const admin = await openKubernetesUser(
    scene.directory,
    connection,
    await clusterAddress(root, 'main'),
    rootKeys(connection),
  );
  const rbac = 'rbac.authorization.k8s.io';
  await admin.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } },
    {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'aws-auth', namespace: 'kube-system' } },
      data: {
        mapRoles: JSON.stringify([
          { rolearn: roleArn(connection, 'mapped'), username: 'mapped', groups: ['readers'] },
        ]),
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      metadata: {
        ...{ name: 'builder', namespace: 'team-a' },
        annotations: { 'eks.amazonaws.com/role-arn': roleArn(connection, 'dev') },
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: 'team-a' } },
      spec: { serviceAccountName: 'builder', containers: [{ name: 'main', image: 'example' }] },
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'secret-readers' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }],
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'secret-readers' } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'secret-readers' },
      subjects: [{ apiGroup: rbac, kind: 'Group', name: 'readers' }],
    },
    {
      ...{
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name: 'builders', namespace: 'team-a' },
      },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'edit' },
      subjects: [
        { kind: 'ServiceAccount', name: 'builder', namespace: 'team-a' },
        { apiGroup: rbac, kind: 'Group', name: 'devs' },
      ],
    },
  );
}

let scene: Scene;
let own: Snapshot;
let admin: KubernetesUser;
let adminConfig: string;

/** A kubeconfig with a token, for reading in this process. */
function saveKubeconfig(user: KubernetesUser): string {
  const file = join(mkdtempSync(join(scene.directory, 'kube-')), 'config');
  writeFileSync(file, user.config.exportConfig());
  return file;
}

async function ownSnapshot(): Promise<Snapshot> {
  const { awsEndpoint: endpoint, region } = scene.connection;
  const client = createAwsClient({ endpoint, region, credentials: rootKeys(scene.connection) });
  return (await client.call<{ snapshot: Snapshot }>('entryway', 'GetSnapshot', {})).snapshot;
}

beforeAll(async () => {
  scene = await openScene();
  await furnish(scene);
  const address = await clusterAddress(scene.root, 'main');
  admin = await openKubernetesUser(scene.directory, scene.connection, address, rootKeys(scene.connection));
  adminConfig = saveKubeconfig(admin);
  own = await ownSnapshot();
}, 60_000);

afterAll(() => scene?.close());
afterEach(() => vi.unstubAllEnvs());

function environment(keys: Keys, endpoint = scene.connection.awsEndpoint): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: scene.connection.region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_CONFIG_FILE: join(scene.directory, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(scene.directory, 'no-credentials'),
  };
}

/** Reads in this process, as whoever has the keys. */
async function read(
  keys: Keys,
  { endpoint, ...options }: Partial<LiveOptions> & { readonly endpoint?: string } = {},
): Promise<Snapshot> {
  for (const [name, value] of Object.entries(environment(keys, endpoint))) vi.stubEnv(name, value);
  return await readLive({
    ...{ now: Date.now(), progress: () => {}, kubeconfig: adminConfig, attempts: 3 },
    ...options,
  });
}

const reasons = ({ gaps }: Snapshot): readonly string[] => gaps.map(({ reason }) => reason);

/** What who-can and what-can say of the cluster `main`. */
function answersOf(snapshot: Snapshot): unknown {
  const world = createWorld(snapshot, { now: own.takenAt });
  const cluster = world.clusters.find(({ cluster: { name } }) => name === 'main');
  if (cluster === undefined) throw new Error('there is no cluster main');
  const questions = [
    ['get', 'secrets', 'team-a'],
    ['create', 'deployments.apps', 'dev-1'],
    ['list', 'pods', undefined],
    ['delete', 'clusterroles', undefined],
    ['impersonate', 'serviceaccounts', undefined],
  ] as const;
  const principals = ['role/dev', 'role/ops', 'role/mapped', 'role/team/pathed', 'user/ada', 'Group:devs'];
  return {
    whoCan: questions.map(([verb, resource, namespace]) => {
      const { rows, unclear } = whoCan(
        world,
        cluster,
        parseQuestion(verb, resource, namespace === undefined ? {} : { namespace }),
      );
      return { verb, resource, rows: rows.map(({ key, paths }) => ({ key, paths })), unclear };
    }),
    whatCan: principals.map((one) => {
      const { incomplete: _, ...answer } = whatCan(cluster, snapshot, parseSubject(one, cluster), {});
      return answer;
    }),
  };
}

const sorted = <Item extends { readonly arn: string }>(items: readonly Item[]): readonly Item[] =>
  [...items].sort((one, other) => (one.arn < other.arn ? -1 : 1));

/** A snapshot without what EKS and IAM do not tell, or tell as of another moment. */
function comparable({ accounts, clusters }: Snapshot): unknown {
  return {
    accounts: accounts.map(({ users, roles, groups, managedPolicies, oidcProviders, root }) => ({
      root,
      users: sorted(users).map(({ lastUsedAt: _, accessKeys, ...user }) => ({
        ...user,
        accessKeys: accessKeys?.map(({ lastUsedAt: __, ...key }) => key),
      })),
      roles: sorted(roles).map(({ lastUsedAt: _, trustedPrincipalIds: __, trustPolicy, ...role }) => ({
        ...role,
        trustPolicy: JSON.parse(trustPolicy) as unknown,
      })),
      groups: sorted(groups),
      managedPolicies: sorted(managedPolicies).map(({ arn }) => arn),
      oidcProviders: sorted(oidcProviders),
    })),
    clusters: sorted(clusters.filter(({ name }) => name === 'main')).map(
      ({ accessEntries, rbac, serviceAccounts, ...cluster }) => ({
        ...cluster,
        ssoRoleMatch: false,
        namespaces: [...(cluster.namespaces ?? [])].sort(),
        rbac: rbac
          // Rules of an aggregated role are those of others, which the API server writes into it.
          .map((object) => ('aggregationRule' in object ? { ...object, rules: [] } : object))
          .map((object) => JSON.stringify(object))
          .sort(),
        serviceAccounts: serviceAccounts?.map((one) => JSON.stringify(one)).sort(),
        accessEntries: accessEntries
          .map(({ principalId: _, ...entry }) => entry)
          .sort((one, other) => (one.principalArn < other.principalArn ? -1 : 1)),
      }),
    ),
  };
}

describe('entryway snapshot --live', () => {
  test('tells of a server what it tells of itself, and what was not to be read', async () => {
    const { connection, directory } = scene;
    const kubeconfig = await entryway(directory, ['kubeconfig', 'main', '--data', connection.dataDir]);
    expect(kubeconfig.stderr).toBe('');
    writeFileSync(join(directory, 'exec-config'), kubeconfig.stdout);
    const file = join(directory, 'live.json');
    const { code, stderr, stdout } = await entryway(directory, ['snapshot', '--live', file], {
      ...environment(rootKeys(connection)),
      KUBECONFIG: join(directory, 'exec-config'),
    });
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^entryway: 1 account with 6 roles and 3 users, 2 clusters with 4 access entries and/,
      ),
      expect.stringMatching(/^entryway: incomplete because RBAC of `legacy` was not read: .*--context$/),
      expect.stringMatching(/^entryway: incomplete because aws-auth of `legacy` was not read: .*--context$/),
      'entryway: incomplete because EKS does not tell who created cluster `legacy`: in mode CONFIG_MAP its creator is its administrator, whom nothing shows',
    ]);
    expect(code).toBe(1);
    const live = parseSnapshot(readFileSync(file, 'utf8'), file);
    expect(comparable(live)).toEqual(comparable(own));
    expect(live.clusters.map(({ name }) => name)).toEqual(['legacy', 'main']);
    const arns = live.clusters[1]?.accessEntries.map(({ principalArn }) => principalArn);
    expect(arns).toEqual(arns?.toSorted());
    expect(answersOf(live)).toEqual(answersOf(own));
    expect(readFileSync(file, 'utf8')).not.toContain(connection.secretAccessKey);
  });

  test('names each action and each rule that is missing to who reads, once', async () => {
    const someone = await createUser(
      scene.root,
      'auditor',
      allowAll(['iam:GetAccountAuthorizationDetails', 'eks:ListClusters', 'eks:DescribeCluster']),
    );
    await createEntry(scene.root, 'main', `arn:aws:iam::${scene.connection.accountId}:user/auditor`);
    const address = await clusterAddress(scene.root, 'main');
    const user = await openKubernetesUser(scene.directory, scene.connection, address, someone);
    const snapshot = await read(someone, { kubeconfig: saveKubeconfig(user), clusters: ['main'] });
    const missing = reasons(snapshot).join('\n');
    for (const action of [
      ...['iam:GetAccountSummary', 'iam:ListAccessKeys', 'iam:ListMFADevices', 'iam:GetLoginProfile'],
      ...['iam:ListOpenIDConnectProviders', 'eks:ListAccessEntries', 'eks:ListIdentityProviderConfigs'],
    ]) {
      expect(missing.split(`allow \`${action}\` to whoever reads`)).toHaveLength(2);
    }
    expect(missing).toMatch(/iam:ListAccessKeys failed for user `\w+` and 3 more: AccessDenied/);
    for (const resource of ['clusterroles.rbac.authorization.k8s.io', 'namespaces', 'serviceaccounts']) {
      expect(missing).toContain(`with the verb \`list\` on \`${resource}\``);
    }
    expect(missing).toContain('aws-auth cannot be read: 403 configmaps "aws-auth" is forbidden');
    expect(missing).not.toContain('in the files');
    const [account] = snapshot.accounts;
    expect(account?.users.find(({ name }) => name === 'idle')).not.toHaveProperty('accessKeys');
    expect(snapshot.clusters[0]).not.toHaveProperty('namespaces');
  });

  test('does not take one cluster for another of its name, nor stop at a kubeconfig that does not work', async () => {
    const keys = rootKeys(scene.connection);
    const { arn } = await clusterAddress(scene.root, 'main');
    const file = join(scene.directory, 'elsewhere');
    // The address is not the one that EKS tells, whatever the cluster is called there.
    for (const name of [arn.replace('us-east-1', 'eu-west-1'), arn, 'main', 'somewhere/main']) {
      const elsewhere = admin.config
        .exportConfig()
        .replaceAll(JSON.stringify(arn), JSON.stringify(name))
        .replace('//127.0.0.1:', '//localhost:');
      writeFileSync(file, elsewhere);
      const { clusters, gaps } = await read(keys, { kubeconfig: file, clusters: ['main'] });
      const answers = answersOf({ ...own, clusters: clusters.filter((one) => one.arn === arn) });
      expect(JSON.stringify(answers)).toContain('AmazonEKSEditPolicy');
      const unread = gaps.filter(({ clusterArn }) => clusterArn === arn).map(({ area }) => area);
      expect([name, ...unread]).toEqual([name, 'rbac', 'awsAuth']);
      const reads = ({ rbac }: (typeof clusters)[number]): boolean =>
        rbac.some((object) => object.name === 'secret-readers');
      expect([name, clusters.filter(reads).map((one) => one.arn === arn)]).toEqual([name, [false]]);
    }

    const broken = join(scene.directory, 'broken');
    writeFileSync(broken, 'clusters: [');
    expect(reasons(await read(keys, { kubeconfig: broken }))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^the kubeconfig cannot be read: /)]),
    );
    expect(reasons(await read(keys, { context: 'absent' }))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/there is no context `absent`: the kubeconfig has `arn:/),
      ]),
    );
    const untrusted = admin.config.exportConfig().replace(/"certificate-authority-data":"[^"]*",?/, '');
    writeFileSync(broken, untrusted);
    expect(reasons(await read(keys, { kubeconfig: broken })).join()).toMatch(
      /cannot be listed: .*certificate/,
    );
  });

  test('needs nothing that AWS or the cluster cannot tell, but something', async () => {
    const nobody = { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' };
    const alone = await read(nobody);
    expect(reasons(alone)[0]).toMatch(/^IAM was not read: InvalidClientTokenId: .*--profile/);
    expect(alone.clusters[0]?.rbac.some(({ name }) => name === 'secret-readers')).toBe(true);
    await expect(read(nobody, { kubeconfig: join(scene.directory, 'absent') })).rejects.toThrow(
      /^neither AWS nor a cluster tells anything/,
    );
  });
});

describe('an AWS that is in trouble', () => {
  /** Stands before the server and lets a request through when `verdict` says nothing. */
  async function between(verdict: (call: string) => 'throttle' | 'die' | 'gone' | undefined) {
    const { hostname, port } = new URL(scene.connection.awsEndpoint);
    const proxy = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks);
        const call = /Action=(\w+)/.exec(body.toString())?.[1] ?? `${incoming.method} ${incoming.url}`;
        switch (verdict(call)) {
          case 'die':
            outgoing.socket?.destroy();
            return;
          case 'gone':
            outgoing.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' });
            outgoing.end('{"message":"gone"}');
            return;
          case 'throttle':
            outgoing.writeHead(429, { 'x-amzn-errortype': 'ThrottlingException' });
            outgoing.end('{"message":"Rate exceeded"}');
            return;
          default: {
            const options = { hostname, port, method: incoming.method, path: incoming.url };
            const asked = forward({ ...options, headers: incoming.headers }, (answer) => {
              outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
              answer.pipe(outgoing);
            });
            asked.on('error', () => outgoing.socket?.destroy());
            asked.end(body);
          }
        }
      });
    });
    await new Promise<void>((done) => void proxy.listen(0, '127.0.0.1', done));
    const { port: own } = proxy.address() as AddressInfo;
    return {
      endpoint: `http://127.0.0.1:${own}`,
      async close() {
        proxy.closeAllConnections();
        await new Promise((done) => proxy.close(done));
      },
    };
  }

  test('that throttles is asked again, until it has told everything', async () => {
    const throttled = new Set<string>();
    const proxy = await between((call) => {
      if (throttled.has(call) || throttled.size > 0 || !call.startsWith('GET /clusters/main'))
        return undefined;
      throttled.add(call);
      return 'throttle';
    });
    try {
      const live = await read(rootKeys(scene.connection), { endpoint: proxy.endpoint });
      expect(throttled.size).toBe(1);
      expect(answersOf(live)).toEqual(answersOf(await ownSnapshot()));
    } finally {
      await proxy.close();
    }
  }, 30_000);

  test('that deletes an entry while it is read has no such entry, and that is no gap', async () => {
    const proxy = await between((call) => (/access-entries\/.*pathed/.test(call) ? 'gone' : undefined));
    try {
      const live = await read(rootKeys(scene.connection), { endpoint: proxy.endpoint, clusters: ['main'] });
      const [main] = live.clusters;
      expect(main?.accessEntries.map(({ principalArn }) => principalArn)).toEqual(
        expect.arrayContaining([roleArn(scene.connection, 'dev')]),
      );
      expect(JSON.stringify(main?.accessEntries)).not.toContain('pathed');
      expect(reasons(live)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  test('that dies in the middle leaves gaps, and is not asked for each user in turn', async () => {
    let asked = 0;
    const proxy = await between((call) => {
      if (!/AccessKeys|MFADevices|LoginProfile|OpenID/.test(call) && !/clusters\/main/.test(call))
        return undefined;
      asked++;
      return 'die';
    });
    try {
      const live = await read(rootKeys(scene.connection), { endpoint: proxy.endpoint });
      expect(reasons(live).join('\n')).toMatch(/iam:ListAccessKeys failed for user `\w+` and \d more: /);
      expect(reasons(live).join('\n')).toMatch(/eks:DescribeCluster in us-east-1 failed for `main`: /);
      expect(live.clusters.find(({ name }) => name === 'main')?.rbac.length).toBeGreaterThan(100);
      expect(asked).toBeLessThan(25);
    } finally {
      await proxy.close();
    }
  }, 60_000);
});
