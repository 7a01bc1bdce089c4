import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { accessKeyKey, blockKey, blocksPrefix } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import { account, aNoon, otherAccount, region, rootOf } from '../eks/testworld.ts';
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { blockOperations, MAX_BLOCKS } from './blocks.ts';

const roleId = 'AROADBQP57FF2AEXAMPLE';
const keyId = 'AKIAIOSFODNN7EXAMPLX';

interface Shown {
  readonly block: {
    readonly target: string;
    readonly kind: string;
    readonly until?: Date;
    readonly blockId: string;
  };
  readonly window: string;
}

function createWorld(storage: Storage = createMemoryStorage()) {
  let ids = 0;
  const operations = blockOperations({
    storage,
    random: { uuid: () => `block-${++ids}`, bytes: (length) => new Uint8Array(length) },
    pageTokens: createPageTokens(new Uint8Array(32)),
    operatorAccountId: account,
  });
  const call = async <Output>(
    name: string,
    input: object = {},
    { caller = rootOf(account), now = aNoon }: { readonly caller?: Principal; readonly now?: number } = {},
  ): Promise<Output> => {
    const operation = operations[name];
    if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
    const context: OperationContext = { ...testContext(storage), caller, region, now };
    const target = await operation.authorization(input, context);
    expect(target).toEqual({ action: `entryway:${name}`, resources: ['*'] });
    return (await operation.handle(input, context)) as Output;
  };
  return {
    storage,
    call,
    create: (input: object, at?: number) =>
      call<Shown>('CreateBlock', input, at === undefined ? {} : { now: at }),
  };
}

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

describe('no block is made', () => {
  const operator: Principal = {
    ...rootOf(account),
    kind: 'assumedRole',
    arn: `arn:aws:sts::${account}:assumed-role/operators/ada`,
    principalArn: `arn:aws:iam::${account}:role/team/operators`,
    principalId: roleId,
    userId: `${roleId}:ada`,
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    roleName: 'operators',
    sessionName: 'ada',
  };

  test.each<[string, object, string]>([
    ['of nobody', { target: 'ada' }, 'InvalidParameterException'],
    ['of an account', { target: otherAccount }, 'InvalidParameterException'],
    ['of every role', { target: `arn:aws:iam::${account}:role/*` }, 'InvalidParameterException'],
    [
      'of nobody of this partition',
      { target: `arn:aws-cn:iam::${account}:role/ops` },
      'InvalidParameterException',
    ],
    ['that has ended', { target: roleId, until: new Date(aNoon) }, 'InvalidParameterException'],
    ['without a moment', { target: roleId, until: new Date(Number.NaN) }, 'InvalidParameterException'],
    ['with a reason of two lines', { target: roleId, reason: 'a\nb' }, 'InvalidParameterException'],
    ['with a long reason', { target: roleId, reason: 'x'.repeat(501) }, 'InvalidParameterException'],
    ['of who runs the server', { target: `arn:aws:iam::${account}:root` }, 'InvalidRequestException'],
    ['of its access key', { target: keyId }, 'InvalidRequestException'],
  ])('%s', async (_, input, code) => {
    const { storage, call } = createWorld();
    const key = { accessKeyId: keyId, accountId: account, owner: { kind: 'root' } };
    await storage.commit({
      changes: [{ type: 'put', key: accessKeyKey(keyId), value: JSON.stringify(key) }],
    });
    expect(await refusalOf(call('CreateBlock', input, { caller: operator }))).toBe(code);
    expect(await storage.count(blocksPrefix)).toBe(0);
  });

  test.each([
    operator.arn,
    operator.principalArn,
    `arn:aws:iam::${account}:role/OPERATORS`,
    operator.principalId,
    operator.userId,
    operator.accessKeyId,
  ])('of the caller: %s', async (target) => {
    const { storage, call } = createWorld();
    expect(await refusalOf(call('CreateBlock', { target }, { caller: operator }))).toBe(
      'InvalidRequestException',
    );
    expect(await storage.count(blocksPrefix)).toBe(0);
  });

  test.each(['CreateBlock', 'ListBlocks', 'DeleteBlock'])(
    'for another account, nor shown, nor lifted: %s',
    async (name) => {
      const { call, create } = createWorld();
      await create({ target: roleId });
      expect(await refusalOf(call(name, { target: roleId }, { caller: rootOf(otherAccount) }))).toBe(
        'AccessDeniedException',
      );
    },
  );
});

test('a block says whom it is about, who made it and when it takes effect; the root of another account may be blocked', async () => {
  const { call, create } = createWorld();
  const until = new Date(aNoon + 3600_000);
  expect(
    await create({ target: `arn:aws:iam::${otherAccount}:role/team/Ops`, until, reason: ' leaked ' }),
  ).toEqual({
    block: {
      blockId: 'block-1',
      kind: 'principalArn',
      target: `arn:aws:iam::${otherAccount}:role/ops`,
      until,
      reason: 'leaked',
      createdAt: new Date(aNoon),
      createdBy: rootOf(account).arn,
    },
    window: expect.stringContaining('at once on this server'),
  });
  await create({ target: `arn:aws:iam::${otherAccount}:root` });
  const { blocks } = await call<{ blocks: Shown['block'][] }>('ListBlocks');
  expect(blocks.map(({ target }) => target)).toEqual([
    `arn:aws:iam::${otherAccount}:role/ops`,
    `arn:aws:iam::${otherAccount}:root`,
  ]);
});

test('a block is made longer by making it again, and never shorter', async () => {
  const { call, create } = createWorld();
  await create({ target: roleId, until: new Date(aNoon + 1000) });
  await create({ target: roleId, until: new Date(aNoon + 2000) });
  expect(await refusalOf(create({ target: roleId, until: new Date(aNoon + 1999) }))).toBe(
    'ResourceInUseException',
  );
  await create({ target: roleId });
  expect(await refusalOf(create({ target: roleId, until: new Date(aNoon + 9000) }))).toBe(
    'ResourceInUseException',
  );
  expect(await call('ListBlocks')).toMatchObject({ blocks: [{ target: roleId }] });
});

test('a block is lifted by any name that hits the same, once', async () => {
  const { call, create, storage } = createWorld();
  await create({ target: `arn:aws:iam::${otherAccount}:role/team/Ops` });
  await call('DeleteBlock', { target: `arn:aws:iam::${otherAccount}:role/ops` });
  expect(await storage.count(blocksPrefix)).toBe(0);
  expect(await refusalOf(call('DeleteBlock', { target: `arn:aws:iam::${otherAccount}:role/ops` }))).toBe(
    'ResourceNotFoundException',
  );
});

test('a block that has ended is not shown, cannot be lifted, and is removed a day later when the next is made', async () => {
  const { storage, call, create } = createWorld();
  await create({ target: roleId, until: new Date(aNoon + 1000) });
  const later = aNoon + 1000;
  expect(await call('ListBlocks', {}, { now: later })).toEqual({ blocks: [] });
  expect(await refusalOf(call('DeleteBlock', { target: roleId }, { now: later }))).toBe(
    'ResourceNotFoundException',
  );
  const next = { target: 'ASIAIOSFODNN7EXAMPLE' };
  await create(next, later + 24 * 3600_000 - 1);
  expect(await storage.get(blockKey('principalId', roleId))).toBeDefined();
  await create(next, later + 24 * 3600_000);
  expect(await storage.get(blockKey('principalId', roleId))).toBeUndefined();
});

test('a block whose record cannot be read is shown and can be lifted', async () => {
  const { storage, call } = createWorld();
  await storage.commit({ changes: [{ type: 'put', key: blockKey('principalId', roleId), value: '{' }] });
  expect(await call('ListBlocks')).toMatchObject({ blocks: [{ kind: 'principalId', target: roleId }] });
  await call('DeleteBlock', { target: roleId });
  expect(await storage.count(blocksPrefix)).toBe(0);
});

test('the list comes in pages and has an end', async () => {
  const { storage, call, create } = createWorld();
  const text = (n: number): string => `AROA${String(n).padStart(17, '0')}`;
  await storage.commit({
    changes: Array.from({ length: MAX_BLOCKS - 1 }, (_, n) => ({
      type: 'put' as const,
      key: blockKey('principalId', text(n)),
      value: '{"blockId":"x"}',
    })),
  });
  await create({ target: text(MAX_BLOCKS) });
  expect(await refusalOf(create({ target: text(MAX_BLOCKS + 1) }))).toBe('ResourceLimitExceededException');
  // What is there already can still be changed.
  expect(await refusalOf(create({ target: text(0) }))).toBe('ok');

  let nextToken: string | undefined;
  const seen: string[] = [];
  do {
    const page: { blocks: Shown['block'][]; nextToken?: string } = await call('ListBlocks', { nextToken });
    seen.push(...page.blocks.map(({ target }) => target));
    nextToken = page.nextToken;
  } while (nextToken !== undefined && seen.length < 350);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen[0]).toBe(text(0));
});
