import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { AwsAuthGoodRecord } from '../storage/records/connections.ts';
import { awsAuthGoodKey, clusterKey, objectKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { type AwsAuthData, type AwsAuthKeeper, createAwsAuthKeeper } from './awsauthkeeper.ts';
import { createAccessRegistry } from './registry.ts';

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const item = (name: string) => `- {rolearn: "${role(name)}", username: ${name}, groups: []}\n`;
const good = item('ada');
const better = item('bob');
const broken = `${better}  - [`;
const badItem = `${better}- {username: nobody}\n`;

const take = (keeper: AwsAuthKeeper, data: AwsAuthData, more: { uid?: string; revision?: number } = {}) =>
  keeper.take({ data, revision: 1, ...more });
/** Names of the roles that are served. */
const served = (...taken: Parameters<typeof take>): string =>
  take(...taken)
    .awsAuth.roles.map(({ username }) => username)
    .join(' ');
const statusOf = (keeper: AwsAuthKeeper): string =>
  keeper
    .state()
    .keys.map(({ status }) => status)
    .join(' ');

describe('mode strict does not serve', () => {
  test.each<[string, AwsAuthData[]]>([
    ['what was taken away with the ConfigMap', [{ mapRoles: good }, undefined]],
    ['what was taken away with its key', [{ mapRoles: good }, { mapUsers: '' }]],
    ['what was emptied', [{ mapRoles: good }, { mapRoles: '""' }]],
    ['what was emptied of its items', [{ mapRoles: good }, { mapRoles: '[]' }]],
    ['what was taken away before the text became bad', [{ mapRoles: good }, undefined, { mapRoles: broken }]],
    ['the good items of a bad text where nothing was good before', [{ mapRoles: badItem }]],
    ['a broken text where nothing was good before', [{ mapRoles: broken }]],
    ['an object that cannot be read where nothing was good before', ['unreadable']],
  ])('%s', (_, takes) => {
    const keeper = createAwsAuthKeeper('strict');
    expect(takes.map((data) => served(keeper, data)).at(-1)).toBe('');
  });

  test('what a good text took away', () => {
    const keeper = createAwsAuthKeeper('strict');
    const takes = [{ mapRoles: good }, { mapRoles: better }, { mapRoles: broken }];
    expect(takes.map((data) => served(keeper, data))).toEqual(['ada', 'bob', 'bob']);
  });

  test('what was kept beside an older writing of the same bad text', () => {
    const before = createAwsAuthKeeper('strict');
    take(before, { mapRoles: good }, { revision: 4 });
    const { keep } = take(before, { mapRoles: broken }, { revision: 5 });
    const after = createAwsAuthKeeper('strict');
    after.restore(keep as AwsAuthGoodRecord);
    expect(served(after, { mapRoles: broken }, { revision: 7 })).toBe('');
    expect(statusOf(after)).toBe('dropped absent absent');
  });

  test('what was good in a ConfigMap that is another one by now', () => {
    const keeper = createAwsAuthKeeper('strict');
    take(keeper, { mapRoles: good }, { uid: 'first' });
    expect(served(keeper, 'unreadable')).toBe('ada');
    expect(served(keeper, { mapRoles: broken }, { uid: 'second' })).toBe('');
  });

  test('what was kept and is no good text any more', () => {
    const before = createAwsAuthKeeper('strict');
    take(before, { mapRoles: good });
    const { keep } = take(before, { mapRoles: broken });
    const after = createAwsAuthKeeper('strict');
    after.restore({ ...(keep as AwsAuthGoodRecord), mapRoles: badItem });
    expect(served(after, { mapRoles: broken })).toBe('');
    expect(statusOf(after)).toBe('dropped absent absent');
  });
});

describe('mode strict', () => {
  test.each([
    ['a broken text', broken],
    ['a bad item', badItem],
    ['a field of the wrong type', `- {rolearn: "${role('bob')}", username: bob, groups: nobody}`],
    ['a list that is none', 'rolearn: x'],
  ])('keeps what was good last beside %s, and only under that key', (_, mapRoles) => {
    const keeper = createAwsAuthKeeper('strict');
    take(keeper, { mapRoles: good, mapAccounts: '- "111122223333"' });
    const { awsAuth } = take(keeper, { mapRoles, mapAccounts: '- "444455556666"' });
    expect(awsAuth.roles).toMatchObject([{ username: 'ada' }]);
    expect(awsAuth.accounts).toEqual(['444455556666']);
    expect(statusOf(keeper)).toBe('keptLastGood absent good');
    expect(keeper.state().keys[0]?.errors).toHaveLength(1);
  });

  test('goes on where the last process ended, for the data it saw', () => {
    const before = createAwsAuthKeeper('strict');
    take(before, { mapRoles: good });
    const { keep } = take(before, { mapRoles: broken, mapUsers: '' });
    const after = createAwsAuthKeeper('strict');
    after.restore(keep as AwsAuthGoodRecord);
    expect(served(after, { mapRoles: broken, mapUsers: '' })).toBe('ada');
    expect(statusOf(after)).toBe('keptLastGood absent absent');
    expect(served(after, { mapRoles: better })).toBe('bob');
  });

  test('keeps everything beside an object that cannot be read', () => {
    const keeper = createAwsAuthKeeper('strict');
    take(keeper, { mapRoles: good });
    expect(served(keeper, 'unreadable')).toBe('ada');
  });
});

test.each<[string, AwsAuthData, string, string]>([
  ['nothing', undefined, '', 'absent absent absent'],
  ['quotes', { mapRoles: "''" }, '', 'absent absent absent'],
  ['a good text', { mapRoles: better }, 'bob', 'good absent absent'],
  ['a bad item', { mapRoles: badItem }, 'bob', 'partlyDropped absent absent'],
  ['bad items alone', { mapRoles: '- {username: x}' }, '', 'dropped absent absent'],
  ['a broken text', { mapRoles: broken, mapAccounts: '- "1"' }, '', 'dropped absent good'],
  ['an object that cannot be read', 'unreadable', '', 'dropped dropped dropped'],
])('mode compatible serves of %s what the authenticator would', (_, data, roles, status) => {
  const keeper = createAwsAuthKeeper('compatible');
  take(keeper, { mapRoles: good });
  expect(served(keeper, data)).toBe(roles);
  expect(statusOf(keeper)).toBe(status);
  expect(take(keeper, data).keep).toBeUndefined();
});

describe('over a store, mode strict', () => {
  const configMap = objectKey('c1', '', 'configmaps', 'kube-system', 'aws-auth');
  const prod = clusterKey('111122223333', 'eu-west-1', 'prod');
  const cluster = {
    clusterId: 'c1',
    accountId: '111122223333',
    region: 'eu-west-1',
    name: 'prod',
    authenticationMode: 'CONFIG_MAP',
  };
  const put = (storage: Storage, key: string, value: unknown) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });

  async function opened() {
    const storage = createMemoryStorage();
    await put(storage, prod, cluster);
    const warnings: string[] = [];
    let writes = 0;
    storage.watch({ prefix: 'aws-auth-good/' }, () => {
      writes++;
    });
    const start = () =>
      createAccessRegistry({
        storage,
        lookup: async () => ({ status: 'unknown' }),
        partition: 'aws',
        ownEndpoints: () => [],
        serviceAccounts: { authenticate: () => Promise.reject(new Error('not asked here')) },
        now: () => 0,
        awsAuthMode: 'strict',
        log: { warn: (_, message) => void warnings.push(message) },
      });
    const kept = async () => (await storage.get(awsAuthGoodKey('c1')))?.value;
    return { storage, start, warnings, kept, writes: () => writes };
  }

  test('tells the log, survives a restart and writes once for each change', async () => {
    const { storage, start, warnings, kept, writes } = await opened();
    const first = await start();
    await put(storage, configMap, { data: { mapRoles: good } });
    await expect.poll(kept).toContain('ada');
    await put(storage, configMap, { data: { mapRoles: broken } });
    await expect.poll(writes).toBe(2);
    expect(warnings).toEqual([
      'aws-auth: mapRoles is not valid YAML',
      'aws-auth: mapRoles is not taken; what was good last is served',
    ]);
    first.close();

    const second = await start();
    expect(second.cluster('c1')?.awsAuthState()).toMatchObject({
      mode: 'strict',
      keys: [{ key: 'mapRoles', status: 'keptLastGood' }, { status: 'absent' }, { status: 'absent' }],
    });
    await storage.commit({ changes: [{ type: 'delete', key: configMap }] });
    await expect.poll(kept).toBeUndefined();
    // None of them by the start.
    expect(writes()).toBe(3);
    second.close();
  });

  test('gives nothing back that was taken away while the server ran in mode compatible', async () => {
    const { storage, start, kept } = await opened();
    const first = await start();
    await put(storage, configMap, { data: { mapRoles: good } });
    await put(storage, configMap, { data: { mapRoles: broken } });
    await expect.poll(kept).toContain('ada');
    first.close();
    await put(storage, configMap, { data: { mapRoles: '[]' } });
    await put(storage, configMap, { data: { mapRoles: broken } });

    const second = await start();
    expect(second.cluster('c1')?.awsAuthState().keys[0]).toMatchObject({ status: 'dropped' });
    await expect.poll(kept).toBeUndefined();
    second.close();
  });

  test('takes a ConfigMap that was made anew for another one', async () => {
    const { storage, start } = await opened();
    const registry = await start();
    const statusNow = () => registry.cluster('c1')?.awsAuthState().keys[0]?.status;
    await put(storage, configMap, { metadata: { uid: 'a' }, data: { mapRoles: good } });
    await put(storage, configMap, { metadata: { uid: 'a' }, data: { mapRoles: broken } });
    expect(statusNow()).toBe('keptLastGood');
    await put(storage, configMap, { metadata: { uid: 'b' }, data: { mapRoles: broken } });
    expect(statusNow()).toBe('dropped');
    registry.close();
  });

  test('forgets what was kept of a ConfigMap that went away while nobody looked', async () => {
    const { storage, start, kept } = await opened();
    await put(storage, awsAuthGoodKey('c1'), { mapRoles: good, revision: 1 });
    const registry = await start();
    await expect.poll(kept).toBeUndefined();
    registry.close();
  });

  test('says so when what it keeps cannot be stored', async () => {
    const { storage, start, warnings } = await opened();
    const registry = await start();
    const commit = storage.commit.bind(storage);
    storage.commit = async (batch) => {
      if (batch.changes.some(({ key }) => key === awsAuthGoodKey('c1'))) throw new Error('disk full');
      return commit(batch);
    };
    await put(storage, configMap, { data: { mapRoles: good } });
    await expect
      .poll(() => warnings)
      .toEqual(['the last good aws-auth cannot be stored; after a restart it is unknown']);
    registry.close();
  });
});

describe('a preview', () => {
  test.each(['strict', 'compatible'] as const)(
    'in mode %s serves what a take would, and takes nothing',
    (mode) => {
      for (const next of [{ mapRoles: better }, { mapRoles: broken }, { mapUsers: '' }, undefined]) {
        const keeper = createAwsAuthKeeper(mode);
        take(keeper, { mapRoles: good });
        const before = keeper.state();
        const previewed = keeper.preview(next);
        expect(keeper.state()).toEqual(before);
        expect(previewed).toEqual(take(keeper, next).awsAuth);
      }
      const keeper = createAwsAuthKeeper(mode);
      take(keeper, { mapRoles: good });
      keeper.preview({ mapRoles: better });
      // Had the preview been taken, a strict keeper would go on serving it.
      expect(served(keeper, { mapRoles: broken })).toBe(mode === 'strict' ? 'ada' : '');
    },
  );
});
