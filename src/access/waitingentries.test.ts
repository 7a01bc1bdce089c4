/** Who gets in by an access entry that waits for its principal's first use: from token to identity. */
import { describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { BlockRecord } from '../storage/records/connections.ts';
import type { AccessEntryRecord, ClusterRecord } from '../storage/records/eks.ts';
import { accessEntryKey, clusterKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createToken } from '../wire/token/create.ts';
import type { Authentication } from './access.ts';
import { createFirstUsePins } from './firstuse.ts';
import { createAccessRegistry } from './registry.ts';

const now = Date.UTC(2026, 0, 15, 12);
const account = '111122223333';
const awsAccount = '444455556666';
const region = 'eu-west-1';
const roleArn = `arn:aws:iam::${awsAccount}:role/team/ops`;
const entryKey = accessEntryKey('c1', roleArn);

const session = (principalId: string, accessKeyId: string): Principal => ({
  kind: 'assumedRole',
  accountId: awsAccount,
  partition: 'aws',
  arn: `arn:aws:sts::${awsAccount}:assumed-role/ops/alice`,
  userId: `${principalId}:alice`,
  principalId,
  principalArn: `arn:aws:iam::${awsAccount}:role/ops`,
  accessKeyId,
  roleName: 'ops',
  sessionName: 'alice',
});
/** Of AWS: a role, the same role made anew. Of this server's own IAM: one that has the same ARN. */
const keys = {
  first: 'ASIAFIRST00000000001',
  madeAnew: 'ASIAANEW000000000001',
  local: 'ASIALOCAL00000000001',
} as const;
const ofAws: Readonly<Record<string, Principal>> = {
  [keys.first]: session('AROAFIRST00000000001', keys.first),
  [keys.madeAnew]: session('AROAANEW000000000001', keys.madeAnew),
};
const local = session('AROALOCAL00000000001', keys.local);
const waiting: AccessEntryRecord = {
  clusterName: 'prod',
  principalArn: roleArn,
  principalId: '',
  pinnedBy: 'firstUse',
  accessEntryArn: `arn:aws:eks:${region}:${account}:access-entry/prod/role/${awsAccount}/ops/1`,
  type: 'STANDARD',
  username: 'ops:{{SessionName}}',
  kubernetesGroups: [],
  tags: {},
  createdAt: 1,
  modifiedAt: 1,
  associatedPolicies: [],
};
const cluster: ClusterRecord = {
  clusterId: 'c1',
  accountId: account,
  region,
  name: 'prod',
  arn: `arn:aws:eks:${region}:${account}:cluster/prod`,
  createdAt: now,
  version: '1.35',
  roleArn: `arn:aws:iam::${account}:role/eks`,
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: false,
  tags: {},
  kind: 'connected',
  echoed: {},
};

interface Change {
  /** Runs between the pin's reading of the entry and its first commit. */
  readonly meanwhile?: (world: {
    put(entry: AccessEntryRecord): Promise<void>;
    remove(): Promise<void>;
  }) => void;
  readonly commit?: Storage['commit'];
  readonly isBlocked?: boolean;
  readonly mode?: ClusterRecord['authenticationMode'];
}

async function open({ meanwhile, commit, isBlocked = false, mode = 'API' }: Change = {}) {
  const storage = createMemoryStorage();
  const put = async (entry: AccessEntryRecord): Promise<void> => {
    await storage.commit({ changes: [{ type: 'put', key: entryKey, value: JSON.stringify(entry) }] });
  };
  const remove = async (): Promise<void> => {
    await storage.commit({ changes: [{ type: 'delete', key: entryKey }] });
  };
  await storage.commit({
    changes: [
      {
        type: 'put',
        key: clusterKey(account, region, 'prod'),
        value: JSON.stringify({ ...cluster, authenticationMode: mode }),
      },
    ],
  });
  await put(waiting);
  let pinsTold = 0;
  let isFirst = true;
  const pins = createFirstUsePins({
    storage: {
      get: storage.get,
      async commit(batch) {
        if (isFirst) await meanwhile?.({ put, remove });
        isFirst = false;
        return (commit ?? storage.commit)(batch);
      },
    },
    log: { info: () => pinsTold++ },
  });
  const block = { blockId: 'b', kind: 'principalArn', target: roleArn, reason: '' } as BlockRecord;
  const registry = await createAccessRegistry({
    storage,
    lookup: async (accessKeyId) =>
      accessKeyId === keys.local
        ? { status: 'known', credential: { secretAccessKey: 'secret', principal: local } }
        : { status: 'unknown' },
    partition: 'aws',
    ownEndpoints: () => [],
    serviceAccounts: { authenticate: () => Promise.reject(new Error('not asked here')) },
    now: () => now,
    pins,
    remoteCallers: {
      async callerOf({ accessKeyId }) {
        const principal = ofAws[accessKeyId];
        return principal === undefined
          ? { outcome: 'refused', code: 'unknownKey', message: '' }
          : { outcome: 'known', principal };
      },
    },
    blocks: { of: () => (isBlocked ? block : undefined), ofUser: () => undefined },
  });
  return {
    put,
    async enter(who: keyof typeof keys): Promise<Authentication> {
      const credentials = { accessKeyId: keys[who], secretAccessKey: 'secret' };
      const token = createToken({ credentials, region, clusterName: 'prod', now });
      const access = registry.cluster('c1');
      if (access === undefined) throw new Error('no cluster');
      return access.authenticate(token, now);
    },
    entry: async () => JSON.parse((await storage.get(entryKey))?.value ?? 'null') as AccessEntryRecord | null,
    pinsTold: () => pinsTold,
  };
}

const codeOf = ({ outcome, evidence }: Authentication): string => `${outcome} ${evidence.code}`;

describe('nobody gets in by an entry that waits', () => {
  test('who has its ARN in this server’s own IAM, neither before nor after AWS’s principal', async () => {
    const { enter, entry } = await open();
    expect(codeOf(await enter('local'))).toBe('refused awaitsFirstUse');
    expect(await entry()).toEqual(waiting);
    expect(codeOf(await enter('first'))).toBe('authenticated accessEntry');
    expect(codeOf(await enter('local'))).toBe('refused entryOtherPath');
  });

  test('who is blocked; the entry goes on waiting', async () => {
    const { enter, entry } = await open({ isBlocked: true });
    expect(codeOf(await enter('first'))).toBe('refused blocked');
    expect(await entry()).toEqual(waiting);
  });

  test('where entries do not count; the entry goes on waiting', async () => {
    const { enter, entry } = await open({ mode: 'CONFIG_MAP' });
    expect(codeOf(await enter('first'))).toBe('refused modeIgnoresEntries');
    expect(await entry()).toEqual(waiting);
  });

  test('that is deleted meanwhile, and it does not come back', async () => {
    const { enter, entry } = await open({ meanwhile: ({ remove }) => remove() });
    expect(codeOf(await enter('first'))).toBe('refused noMapping');
    expect(await entry()).toBeNull();
  });

  test('that is made anew for somebody else meanwhile', async () => {
    const other = { ...waiting, principalId: 'AROAOTHER00000000001', pinnedBy: 'awsIam' } as const;
    const { enter, entry } = await open({ meanwhile: ({ put }) => put(other) });
    expect(codeOf(await enter('first'))).toBe('refused entryOtherPath');
    expect(await entry()).toEqual(other);
  });

  test('while it cannot be stored whose it is: that is no verdict', async () => {
    const { enter, entry, pinsTold } = await open({ commit: () => Promise.reject(new Error('disk full')) });
    expect(codeOf(await enter('first'))).toBe('unavailable pinFailed');
    expect(await entry()).toEqual(waiting);
    expect(pinsTold()).toBe(0);
  });
});

test('of two principals that come at once one gets in, also the next time, and the other never', async () => {
  const { enter, entry, pinsTold } = await open();
  const verdicts = await Promise.all([enter('first'), enter('madeAnew'), enter('first'), enter('madeAnew')]);
  expect(verdicts.map(codeOf)).toEqual([
    'authenticated accessEntry',
    'refused entryOtherPath',
    'authenticated accessEntry',
    'refused entryOtherPath',
  ]);
  expect((await entry())?.principalId).toBe('AROAFIRST00000000001');
  expect(codeOf(await enter('madeAnew'))).toBe('refused entryOtherPath');
  expect(codeOf(await enter('first'))).toBe('authenticated accessEntry');
  expect(pinsTold()).toBe(1);
});

test('an entry that is made anew and waits is of who comes, as it is now', async () => {
  const { enter, entry } = await open({
    meanwhile: async ({ remove, put }) => {
      await remove();
      await put({ ...waiting, username: 'later:{{SessionName}}' });
    },
  });
  expect(await enter('first')).toMatchObject({ outcome: 'authenticated', user: { username: 'later:alice' } });
  expect(await entry()).toMatchObject({ principalId: 'AROAFIRST00000000001', pinnedAt: now });
});

test('who comes from AWS is let in for as long as the token lasts, and no longer', async () => {
  const { enter } = await open();
  expect(await enter('first')).toMatchObject({ until: now + 15 * 60_000 });
});
