/** Issue "refused, each with its own test": reserved names and oversize everything, as the stock SDK sees it. */
import {
  AssociateAccessPolicyCommand,
  CreateAccessEntryCommand,
  CreateClusterCommand,
  DescribeAccessEntryCommand,
  ListAccessEntriesCommand,
  ListClustersCommand,
  TagResourceCommand,
  UpdateAccessEntryCommand,
} from '@aws-sdk/client-eks';
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import {
  allowAll,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createRole,
  createUser,
  roleArn,
  rootKeys,
  trust,
} from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let principalArn = '';

beforeAll(async () => {
  server = await startServerProcess(directory.path);
  const { connection } = server;
  root = createClients(connection, rootKeys(connection));
  await createClusterRole(root);
  await createCluster(root, connection, 'main', 'API');
  await createRole(root, connection, 'dev');
  await createUser(root, 'alice');
  principalArn = roleArn(connection, 'dev');
}, 60_000);

afterAll(async () => {
  const log = server.log();
  root?.destroy();
  await server?.stop();
  directory.remove();
  expect(log).not.toMatch(/ error /);
});

async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no error',
    (error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata?.httpStatusCode}: ${error.message}`,
  );
}

const create = (wish: {
  readonly username?: string;
  readonly kubernetesGroups?: string[];
  readonly tags?: Record<string, string>;
}) => root.eks.send(new CreateAccessEntryCommand({ clusterName: 'main', principalArn, ...wish }));

describe('a name with a reserved prefix is refused, in the words of EKS', () => {
  const prefixes = ['system:', 'eks:', 'aws:', 'amazon:', 'iam:'];

  test.each(prefixes)('%s as a username (F7)', async (prefix) => {
    expect(await failure(create({ username: `${prefix}admin` }))).toBe(
      `InvalidParameterException 400: The username must not begin with ${prefix}`,
    );
  });

  test.each(prefixes)('%s as a group, also beside good ones (F6)', async (prefix) => {
    const group = `${prefix}masters`;
    expect(await failure(create({ kubernetesGroups: ['viewers', group] }))).toBe(
      `InvalidParameterException 400: The kubernetes group name ${group} is invalid, it cannot start with ${prefix}`,
    );
  });

  test('that a session name could complete', async () => {
    for (const name of ['{{SessionName}}:masters', '{{SessionNameRaw}}:node:a', 'sys{{SessionName}}:a']) {
      expect(await failure(create({ username: name }))).toMatch(/^InvalidParameterException 400: /);
      expect(await failure(create({ kubernetesGroups: [name] }))).toMatch(/^InvalidParameterException 400: /);
    }
  });

  test('when an entry is changed, which then stays as it was', async () => {
    await create({ username: 'dev:{{SessionName}}', kubernetesGroups: ['viewers'] });
    const update = (wish: { readonly username?: string; readonly kubernetesGroups?: string[] }) =>
      failure(root.eks.send(new UpdateAccessEntryCommand({ clusterName: 'main', principalArn, ...wish })));
    expect(await update({ username: 'system:admin' })).toMatch(/must not begin with system:$/);
    expect(await update({ kubernetesGroups: ['system:masters'] })).toMatch(/cannot start with system:$/);
    expect(await update({ username: 'good', kubernetesGroups: ['eks:x'] })).toMatch(
      /cannot start with eks:$/,
    );
    const { accessEntry } = await root.eks.send(
      new DescribeAccessEntryCommand({ clusterName: 'main', principalArn }),
    );
    expect(accessEntry).toMatchObject({ username: 'dev:{{SessionName}}', kubernetesGroups: ['viewers'] });
  });

  test('tags and paths that are Amazon’s own', async () => {
    const { connection } = server;
    const resourceArn = `arn:aws:eks:${connection.region}:${connection.accountId}:cluster/main`;
    expect(
      await failure(root.eks.send(new TagResourceCommand({ resourceArn, tags: { 'aws:x': '1' } }))),
    ).toMatch(/^BadRequestException 400: /);
    expect(
      await failure(
        root.iam.send(new TagUserCommand({ UserName: 'alice', Tags: [{ Key: 'AWS:x', Value: '1' }] })),
      ),
    ).toMatch(/ 400: /);
    const reserved = new CreateRoleCommand({
      RoleName: 'AWSServiceRoleForX',
      Path: '/aws-service-role/eks.amazonaws.com/',
      AssumeRolePolicyDocument: trust({ Service: 'eks.amazonaws.com' }),
    });
    expect(await failure(root.iam.send(reserved))).toMatch(/^InvalidInput\w* 400: /);
  });
});

describe('what is oversize is refused', () => {
  const long = (length: number): string => 'a'.repeat(length);
  const tags = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
  const tagList = (count: number) => Object.entries(tags(count)).map(([Key, Value]) => ({ Key, Value }));
  const policy = (length: number): string => allowAll('s3:*', `arn:aws:s3:::${long(length)}`);
  const cluster = (wish: { readonly name: string; readonly tags?: Record<string, string> }) =>
    root.eks.send(
      new CreateClusterCommand({
        roleArn: roleArn(server.connection, 'cluster'),
        resourcesVpcConfig: {},
        ...wish,
      }),
    );
  const arn = (): string =>
    `arn:aws:eks:${server.connection.region}:${server.connection.accountId}:cluster/main`;

  test.each<readonly [name: string, call: () => Promise<unknown>, error: RegExp]>([
    [
      'a cluster name of 101 characters',
      () => cluster({ name: long(101) }),
      /^InvalidParameterException 400: /,
    ],
    [
      '51 tags of a new cluster',
      () => cluster({ name: 'tagged', tags: tags(51) }),
      /^InvalidParameterException 400: /,
    ],
    [
      '51 tags of a cluster',
      () => root.eks.send(new TagResourceCommand({ resourceArn: arn(), tags: tags(51) })),
      /^BadRequestException 400: /,
    ],
    [
      'a tag key of 129 characters',
      () => root.eks.send(new TagResourceCommand({ resourceArn: arn(), tags: { [long(129)]: '' } })),
      /^BadRequestException 400: /,
    ],
    [
      'a tag value of 257 characters',
      () => root.eks.send(new TagResourceCommand({ resourceArn: arn(), tags: { a: long(257) } })),
      /^BadRequestException 400: /,
    ],
    ['51 tags of an entry', () => create({ tags: tags(51) }), /^InvalidParameterException 400: /],
    [
      '101 groups of an entry',
      () => create({ kubernetesGroups: Array.from({ length: 101 }, (_, i) => `g${i}`) }),
      /^InvalidParameterException 400: /,
    ],
    [
      'a group of 1,025 characters',
      () => create({ kubernetesGroups: [long(1025)] }),
      /^InvalidParameterException 400: /,
    ],
    [
      'a username of 1,025 characters',
      () => create({ username: long(1025) }),
      /^InvalidParameterException 400: /,
    ],
    [
      'a scope of a thousand namespaces',
      () =>
        root.eks.send(
          new AssociateAccessPolicyCommand({
            clusterName: 'main',
            principalArn,
            policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
            accessScope: { type: 'namespace', namespaces: Array.from({ length: 1_000 }, (_, i) => `n${i}`) },
          }),
        ),
      /^InvalidParameterException 400: /,
    ],
    [
      'a page of 101 clusters',
      () => root.eks.send(new ListClustersCommand({ maxResults: 101 })),
      /^InvalidParameterException 400: /,
    ],
    [
      'a page of 101 entries',
      () => root.eks.send(new ListAccessEntriesCommand({ clusterName: 'main', maxResults: 101 })),
      /^InvalidParameterException 400: /,
    ],
    [
      'a page token that nobody handed out',
      () => root.eks.send(new ListClustersCommand({ nextToken: long(5_000) })),
      /^InvalidParameterException 400: /,
    ],
    [
      'a user name of 65 characters',
      () => root.iam.send(new CreateUserCommand({ UserName: long(65) })),
      /^ValidationError 400: .*less than or equal to 64/,
    ],
    [
      'a path of 513 characters',
      () => root.iam.send(new CreateUserCommand({ UserName: 'x', Path: `/${long(511)}/` })),
      /^ValidationError 400: /,
    ],
    [
      '51 tags of a user',
      () => root.iam.send(new CreateUserCommand({ UserName: 'x', Tags: tagList(51) })),
      / 40[09]: /,
    ],
    [
      'a page of 1,001 users',
      () => root.iam.send(new ListUsersCommand({ MaxItems: 1001 })),
      /^ValidationError 400: /,
    ],
    [
      'a managed policy of 6,145 characters',
      () => root.iam.send(new CreatePolicyCommand({ PolicyName: 'x', PolicyDocument: policy(6_145) })),
      /^LimitExceeded\w* 409: /,
    ],
    [
      'an inline policy of 2,049 characters',
      () =>
        root.iam.send(
          new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'x', PolicyDocument: policy(2_049) }),
        ),
      /^LimitExceeded\w* 409: /,
    ],
    [
      'a policy of 131,073 characters',
      () => root.iam.send(new CreatePolicyCommand({ PolicyName: 'x', PolicyDocument: policy(131_073) })),
      /^ValidationError 400: .*less than or equal to 131072/,
    ],
    [
      'a policy over the body limit',
      () => root.iam.send(new CreatePolicyCommand({ PolicyName: 'x', PolicyDocument: policy(2_000_000) })),
      /^RequestEntityTooLarge 413: /,
    ],
    [
      'a trust policy of 2,049 characters',
      () =>
        root.iam.send(
          new CreateRoleCommand({
            RoleName: 'x',
            AssumeRolePolicyDocument: trust({ Service: `${long(2_049)}.amazonaws.com` }),
          }),
        ),
      / 40[09]: /,
    ],
    [
      'a session name of 65 characters',
      () => root.sts.send(new AssumeRoleCommand({ RoleArn: principalArn, RoleSessionName: long(65) })),
      /^ValidationError 400: .*less than or equal to 64/,
    ],
    [
      'a session of 13 hours',
      () =>
        root.sts.send(
          new AssumeRoleCommand({ RoleArn: principalArn, RoleSessionName: 'ab', DurationSeconds: 46_800 }),
        ),
      /^ValidationError 400: .*less than or equal to 43200/,
    ],
  ])('%s', async (_, call, error) => {
    expect(await failure(call())).toMatch(error);
  });

  test('and none of it left anything behind', async () => {
    expect((await root.eks.send(new ListClustersCommand({}))).clusters).toEqual(['main']);
    expect((await root.iam.send(new ListUsersCommand({}))).Users?.map(({ UserName }) => UserName)).toEqual([
      'alice',
    ]);
  });
});
