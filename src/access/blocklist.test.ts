import { afterEach, describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { parseBlockTarget } from '../engine/identity/blocks.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { blockKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { type BlockList, openBlockList } from './blocklist.ts';

const account = '111122223333';
const now = Date.UTC(2026, 3, 12);
const user: Principal = {
  accountId: account,
  partition: 'aws',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  kind: 'user',
  arn: `arn:aws:iam::${account}:user/ada`,
  principalArn: `arn:aws:iam::${account}:user/ada`,
  principalId: 'AIDACKCEVSQ6C2EXAMPLE',
  userId: 'AIDACKCEVSQ6C2EXAMPLE',
  userName: 'ada',
};
const other: Principal = {
  ...user,
  accessKeyId: 'AKIAIOSFODNN7EXAMPLF',
  principalId: 'AIDACKCEVSQ6C2EXAMPLF',
};

let opened: BlockList | undefined;
afterEach(() => opened?.close());

async function open(storage: Storage): Promise<BlockList> {
  opened = await openBlockList({ storage });
  return opened;
}

function put(storage: Storage, text: string, value: object | string): Promise<unknown> {
  const { kind = '', target = '' } = parseBlockTarget(text) ?? {};
  return storage.commit({
    changes: [
      {
        type: 'put',
        key: blockKey(kind, target),
        value: typeof value === 'string' ? value : JSON.stringify({ kind, target, reason: '', ...value }),
      },
    ],
  });
}

describe('a block holds', () => {
  test.each([user.principalArn, user.principalId, user.accessKeyId])('by %s', async (text) => {
    const storage = createMemoryStorage();
    const blocks = await open(storage);
    expect(blocks.of(user, now)).toBeUndefined();
    await put(storage, text, { blockId: 'b' });
    expect(blocks.of(user, now)?.blockId).toBe('b');
    expect(
      blocks.ofUser(
        { extra: { arn: [user.arn], principalId: [user.principalId], accessKeyId: [user.accessKeyId] } },
        now,
      ),
    ).toBeDefined();
    expect(blocks.of({ ...other, arn: `${other.arn}2`, principalArn: `${other.arn}2` }, now)).toBeUndefined();
  });

  test('until its end, and not from its end on', async () => {
    const storage = createMemoryStorage();
    await put(storage, user.principalId, { until: now + 1 });
    const blocks = await open(storage);
    expect(blocks.of(user, now)).toBeDefined();
    expect(blocks.of(user, now + 1)).toBeUndefined();
  });

  test.each(['{', '[]', '{"until": "soon"}', '{"until": null}'])(
    'without an end when it reads %s',
    async (value) => {
      const storage = createMemoryStorage();
      await put(storage, user.principalId, value);
      const blocks = await open(storage);
      expect(blocks.of(user, now + 1e12)).toMatchObject({ kind: 'principalId', target: user.principalId });
      expect(blocks.of(user, now)?.until).toBeUndefined();
    },
  );

  test('no longer than it is on the list, and who listens is told of both', async () => {
    const storage = createMemoryStorage();
    const blocks = await open(storage);
    let told = 0;
    const silence = blocks.onChange(() => {
      told += 1;
    });
    await put(storage, user.principalArn, {});
    await storage.commit({
      changes: [{ type: 'delete', key: blockKey('principalArn', user.principalArn) }],
    });
    expect(blocks.of(user, now)).toBeUndefined();
    expect(told).toBe(2);
    silence();
    await put(storage, user.principalArn, {});
    expect(told).toBe(2);
  });
});

test('a block that is lifted while the list is read does not come back', async () => {
  const storage = createMemoryStorage();
  await put(storage, user.principalId, {});
  const slow: Pick<Storage, 'list' | 'watch'> = {
    watch: (...args) => storage.watch(...args),
    async list(options) {
      const read = await storage.list(options);
      await storage.commit({
        changes: [{ type: 'delete', key: blockKey('principalId', user.principalId) }],
      });
      return read;
    },
  };
  opened = await openBlockList({ storage: slow });
  expect(opened.of(user, now)).toBeUndefined();
});
