import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { NamedPrincipal } from '../../services/eks/principals.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { accountKey } from '../../storage/records/keys.ts';
import { openAwsAccess } from './access.ts';
import type { AwsConfig } from './config.ts';

const account = '444455556666';
const ops: NamedPrincipal = {
  kind: 'role',
  partition: 'aws',
  accountId: account,
  name: 'ops',
  arn: `arn:aws:iam::${account}:role/ops`,
};

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close();
});

/** Nobody listens where AWS is to be asked. */
async function open(options: {
  readonly pinsAtFirstUse?: boolean;
  readonly hasCredentials?: boolean;
  readonly plays?: readonly string[];
}) {
  const { pinsAtFirstUse = false, hasCredentials = false, plays = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), 'entryway-awsaccess-'));
  opened.push(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'credentials');
  writeFileSync(
    file,
    '[default]\naws_access_key_id = AKIAOPERATOR00000001\naws_secret_access_key = secret\n',
  );
  const nobody = { connect: { host: '127.0.0.1', port: 1 } };
  const config: AwsConfig = {
    sts: { accounts: [account], regions: ['us-east-1'], pinsAtFirstUse },
    stsRoute: nobody,
    awsRoute: nobody,
    asksEc2: false,
    ...(hasCredentials && { credentials: { file, profile: 'default' } }),
  };
  const storage = createMemoryStorage();
  const play = (accountId: string) =>
    storage.commit({ changes: [{ type: 'put', key: accountKey(accountId), value: '{}' }] });
  for (const accountId of plays) await play(accountId);
  const warnings: string[] = [];
  const told = (fields: object, message: string): void =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`);
  const access = await openAwsAccess({
    config,
    partition: 'aws',
    region: 'us-east-1',
    storage,
    now: Date.now,
    log: { debug: told, info: told, warn: told, error: told },
    environment: {},
    recordPin: () => [],
  });
  opened.push(() => access.close());
  const find = (change: Partial<NamedPrincipal> = {}) => access.awsPrincipals?.find({ ...ops, ...change });
  return { access, find, play, warnings };
}

describe('nobody of AWS is', () => {
  test.each<[string, Partial<NamedPrincipal>]>([
    ['a principal of an account that is not listed', { accountId: '777788889999' }],
    ['a root', { kind: 'root', name: 'root', arn: `arn:aws:iam::${account}:root` }],
  ])('%s, and AWS is not asked', async (_name, change) => {
    const { find, warnings } = await open({ hasCredentials: true, pinsAtFirstUse: true });
    expect(await find(change)).toEqual({ outcome: 'none' });
    expect(warnings).toEqual([]);
  });

  test('anybody, where AWS’s IAM cannot be asked and no entry may wait', async () => {
    const { find } = await open({});
    expect(await find()).toEqual({ outcome: 'none' });
  });
});

test('while AWS does not answer nobody knows, and without a choice of the operator no entry waits', async () => {
  const { access, find } = await open({ hasCredentials: true });
  expect(await find()).toMatchObject({ outcome: 'unknown', isTemporary: true });
  expect(access.pins).toBeUndefined();
});

test('an entry that waits because AWS does not answer is told to the log', async () => {
  const { find, warnings } = await open({ hasCredentials: true, pinsAtFirstUse: true });
  expect(await find()).toEqual({ outcome: 'awaited' });
  expect(warnings).toEqual([
    expect.stringMatching(/waits for whoever comes first .*role\/ops.*cannot be asked whose/),
  ]);
});

test('an entry that waits because nobody is to be asked is no news', async () => {
  const { find, warnings } = await open({ pinsAtFirstUse: true });
  expect(await find()).toEqual({ outcome: 'awaited' });
  expect(warnings).toEqual([]);
});

test('accounts that are played here and believed from AWS are told of, at the start and when they are made', async () => {
  const { play, warnings } = await open({ plays: [account, '111122223333'] });
  expect(warnings).toEqual([expect.stringContaining(`{"accountId":"${account}"}`)]);
  const later = await open({ plays: [] });
  await later.play('777788889999');
  expect(later.warnings).toEqual([]);
  for (const _ of ['made', 'changed']) await later.play(account);
  expect(later.warnings).toEqual(warnings);
  later.access.close();
  await play('444455556666');
  expect(warnings).toHaveLength(1);
});
