/** Long lists in pages, as the AWS CLI and the SDK ask for them (eks-access-facts A11 to A13, iam-facts J6). */
import {
  CreateClusterCommand,
  ListAccessEntriesCommand,
  ListClustersCommand,
  paginateListAccessEntries,
  paginateListClusters,
} from '@aws-sdk/client-eks';
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  ListUsersCommand,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell, type Shell } from './process.ts';
import { associate, createEntry, deleteEntry, openScene, policyArn, type Scene } from './scene.ts';
import { createCluster, createRole, createUser, roleArn, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const name = (kind: string, number: number): string => `${kind}-${String(number).padStart(3, '0')}`;

let scene: Scene;
let shell: Shell;
let entries: readonly string[];
const clusters = ['a', 'b', 'c', 'd', 'e', 'f', 'main'];
/** In the order IAM lists them: `caller` is the scene's. */
const users = ['caller', ...numbers(129).map((i) => name('user', i))];

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  if (unavailable === undefined) shell = openShell(scene.directory, connection, rootKeys(connection));
  await createCluster(root, connection, 'main', 'API');
  await Promise.all([
    ...clusters.slice(0, -1).map((cluster) =>
      root.eks.send(
        new CreateClusterCommand({
          name: cluster,
          roleArn: roleArn(connection, 'cluster'),
          resourcesVpcConfig: {},
          accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
        }),
      ),
    ),
    ...users.slice(1).map((user) => createUser(root, user)),
    ...numbers(249).map(async (i) => {
      await createRole(root, connection, name('role', i));
      const arn = roleArn(connection, name('role', i));
      await createEntry(root, 'main', arn);
      if (i % 5 === 0) await associate(root, 'main', arn, 'AmazonEKSViewPolicy');
    }),
  ]);
  // With the creator's own: 250.
  entries = [
    ...numbers(249).map((i) => roleArn(connection, name('role', i))),
    `arn:aws:iam::${connection.accountId}:root`,
  ];
}, 120_000);

afterAll(() => scene?.close());

describe('the SDK', () => {
  async function entryPages(pageSize: number | undefined, associatedPolicyArn?: string) {
    const pages: (readonly string[])[] = [];
    const config = {
      client: scene.root.eks,
      stopOnSameToken: true,
      ...(pageSize !== undefined && { pageSize }),
    };
    const input = { clusterName: 'main', ...(associatedPolicyArn && { associatedPolicyArn }) };
    for await (const { accessEntries } of paginateListAccessEntries(config, input)) {
      pages.push(accessEntries ?? []);
    }
    return pages;
  }

  test.each([
    { pageSize: undefined, sizes: [100, 100, 50] },
    { pageSize: 100, sizes: [100, 100, 50] },
    { pageSize: 99, sizes: [99, 99, 52] },
    { pageSize: 50, sizes: [50, 50, 50, 50, 50] },
    { pageSize: 1, sizes: numbers(250).map(() => 1) },
  ])(
    'reads 250 access entries in order, none twice and no empty last page, $pageSize at a time',
    async ({ pageSize, sizes }) => {
      const pages = await entryPages(pageSize);
      expect(pages.map((page) => page.length)).toEqual(sizes);
      expect(pages.flat()).toEqual(entries);
    },
  );

  test('pages what a policy filter leaves', async () => {
    const pages = await entryPages(20, policyArn('AmazonEKSViewPolicy'));
    expect(pages.map((page) => page.length)).toEqual([20, 20, 10]);
    expect(pages.flat()).toEqual(entries.filter((_, i) => i < 249 && i % 5 === 0));
    expect(await entryPages(20, policyArn('AmazonEKSEditPolicy'))).toEqual([[]]);
  });

  test('goes on where it was when entries come and go between the pages', async () => {
    const { eks } = scene.root;
    const clusterName = 'main';
    const first = await eks.send(new ListAccessEntriesCommand({ clusterName, maxResults: 10 }));
    expect(first.accessEntries).toEqual(entries.slice(0, 10));
    // The last one of the page itself goes away; one before it and one after it are new.
    const arnOf = (role: string): string => roleArn(scene.connection, role);
    await deleteEntry(scene.root, 'main', arnOf('role-009'));
    for (const role of ['role-000a', 'role-010a']) {
      await createRole(scene.root, scene.connection, role);
      await createEntry(scene.root, 'main', arnOf(role));
    }
    const second = await eks.send(
      new ListAccessEntriesCommand({ clusterName, maxResults: 3, nextToken: first.nextToken }),
    );
    expect(second.accessEntries).toEqual([arnOf('role-010'), arnOf('role-010a'), arnOf('role-011')]);
    for (const role of ['role-000a', 'role-010a']) await deleteEntry(scene.root, 'main', arnOf(role));
    await createEntry(scene.root, 'main', arnOf('role-009'));
    expect((await entryPages(undefined)).flat()).toEqual(entries);
  });

  test('cannot use a token that was changed, or made for another list', async () => {
    const { eks } = scene.root;
    const list = (input: { readonly clusterName?: string; readonly nextToken?: string | undefined }) =>
      eks.send(new ListAccessEntriesCommand({ clusterName: 'main', maxResults: 10, ...input }));
    const { nextToken = '' } = await list({});
    // Opaque: the position is not to be read.
    expect(Buffer.from(nextToken, 'base64').toString('latin1')).not.toContain('role-');
    const refusal = { name: 'InvalidParameterException' };
    const flipped = `${nextToken.slice(0, 12)}${nextToken[12] === 'A' ? 'B' : 'A'}${nextToken.slice(13)}`;
    await expect(list({ nextToken: flipped })).rejects.toMatchObject(refusal);
    await expect(list({ nextToken: nextToken.slice(0, -4) })).rejects.toMatchObject(refusal);
    await expect(list({ nextToken: 'role-010' })).rejects.toMatchObject(refusal);
    await expect(list({ clusterName: 'a', nextToken })).rejects.toMatchObject(refusal);
    await expect(eks.send(new ListClustersCommand({ nextToken }))).rejects.toMatchObject(refusal);
    expect((await list({ nextToken })).accessEntries).toEqual(entries.slice(10, 20));
  });

  test.each([0, 101, -1])('is refused a page of %i', async (maxResults) => {
    const { eks } = scene.root;
    await expect(
      eks.send(new ListAccessEntriesCommand({ clusterName: 'main', maxResults })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    await expect(eks.send(new ListClustersCommand({ maxResults }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('reads the clusters, three at a time', async () => {
    const pages: (readonly string[])[] = [];
    for await (const page of paginateListClusters({ client: scene.root.eks, pageSize: 3 }, {})) {
      pages.push(page.clusters ?? []);
    }
    expect(pages).toEqual([clusters.slice(0, 3), clusters.slice(3, 6), clusters.slice(6)]);
  });

  test('reads the users by markers, and knows from IsTruncated whether to go on', async () => {
    const { iam } = scene.root;
    const pages: (readonly (string | undefined)[])[] = [];
    for await (const page of paginateListUsers({ client: iam, pageSize: 65 }, {})) {
      expect(page.IsTruncated).toBe(page.Marker !== undefined);
      pages.push((page.Users ?? []).map(({ UserName }) => UserName));
    }
    expect(pages).toEqual([users.slice(0, 65), users.slice(65)]);
    const byDefault = await iam.send(new ListUsersCommand({}));
    expect([byDefault.Users?.length, byDefault.IsTruncated]).toEqual([100, true]);

    const { Marker = '' } = await iam.send(new ListUsersCommand({ MaxItems: 10 }));
    await iam.send(new ListUsersCommand({ MaxItems: 10, Marker }));
    for (const bad of [`${Marker}x`, Marker.slice(2), 'user-009']) {
      await expect(iam.send(new ListUsersCommand({ Marker: bad }))).rejects.toMatchObject({
        name: 'ValidationError',
      });
    }
  });

  test('goes on after a marker whose user is gone', async () => {
    const { iam } = scene.root;
    const UserName = 'user-019a';
    const { accessKeyId } = await createUser(scene.root, UserName);
    const { Marker, Users = [] } = await iam.send(new ListUsersCommand({ MaxItems: 22 }));
    expect(Users.at(-1)?.UserName).toBe(UserName);
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }));
    await iam.send(new DeleteUserCommand({ UserName }));
    const next = await iam.send(new ListUsersCommand({ MaxItems: 2, Marker }));
    expect(next.Users?.map((user) => user.UserName)).toEqual(['user-020', 'user-021']);
  });
});

describe.skipIf(unavailable !== undefined)(`the AWS CLI${because}`, () => {
  interface Listed {
    readonly accessEntries: readonly string[];
    readonly NextToken?: string;
    readonly nextToken?: string;
  }
  const list = (...args: readonly string[]): Promise<Listed> =>
    shell.awsJson<Listed>('eks', 'list-access-entries', '--cluster-name', 'main', ...args);

  test('joins the pages of list-access-entries, whatever their size', async () => {
    expect((await list()).accessEntries).toEqual(entries);
    expect((await list('--page-size', '40')).accessEntries).toEqual(entries);
  }, 60_000);

  test('stops at --max-items inside a page, and goes on from its own token', async () => {
    const { accessEntries, NextToken = '' } = await list('--max-items', '30', '--page-size', '20');
    expect(accessEntries).toEqual(entries.slice(0, 30));
    const rest = await list('--max-items', '30', '--page-size', '20', '--starting-token', NextToken);
    expect(rest.accessEntries).toEqual(entries.slice(30, 60));
  }, 60_000);

  test('gives one page as it came with --no-paginate', async () => {
    const page = await list('--no-paginate', '--max-results', '5');
    expect(page.accessEntries).toEqual(entries.slice(0, 5));
    expect(page.nextToken).toEqual(expect.any(String));
  }, 60_000);

  test('joins the pages of list-clusters and list-users', async () => {
    expect(await shell.awsJson('eks', 'list-clusters', '--page-size', '2')).toEqual({ clusters });
    const { Users } = await shell.awsJson<{ readonly Users: readonly { readonly UserName: string }[] }>(
      ...['iam', 'list-users', '--page-size', '50'],
    );
    expect(Users.map(({ UserName }) => UserName)).toEqual(users);
  }, 60_000);
});
