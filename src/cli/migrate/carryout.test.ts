/** Carrying a migration out ends well wherever it was interrupted, by going on or by leading back. */
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import { stockRbac, testArn, testEntry, testRole, testWorld } from '../../engine/analysis/testworld.ts';
import { nodeTypes } from '../../engine/identity/nodetypes.ts';
import { carryOut } from './carryout.ts';
import { leadBack } from './leadback.ts';
import { newRollbackFile, type RollbackFile, readRollbackFile } from './rollbackfile.ts';
import { writeState } from './statefile.ts';
import type { FoundEntry, MigrationTarget, Mode } from './target.ts';

interface State {
  mode: Mode;
  readonly entries: Map<string, FoundEntry>;
  readonly bindings: Map<string, 'same' | 'other'>;
  awsAuth: Readonly<Record<string, string>> | undefined;
}

const quiet = (): void => {};
const data = { mapRoles: '- …' };

/** A cluster in memory whose connection breaks after that many changes: before the last one, or after it. */
function fakeTarget(state: State, changes = Number.POSITIVE_INFINITY, isDone = false): MigrationTarget {
  let left = changes;
  let clock = 100;
  const change = async (work: () => void): Promise<void> => {
    left -= 1;
    if (left < 0 && !isDone) throw new Error('killed');
    work();
    if (left < 0) throw new Error('killed');
  };
  const nameOf = ({ kind, name }: { readonly kind: string; readonly name: string }): string =>
    `${kind} ${name}`;
  return {
    mode: async () => state.mode,
    switchMode: (mode) =>
      change(() => {
        state.mode = mode;
      }),
    entry: async (arn) => state.entries.get(arn),
    createEntry: (entry) =>
      change(() => {
        const { principalArn, type, username = 'default', kubernetesGroups } = entry;
        if (state.entries.has(principalArn)) throw new Error('in use');
        state.entries.set(principalArn, {
          ...{ type, createdAt: clock++, policies: [] },
          username: type === 'STANDARD' ? username : nodeTypes[type].username,
          kubernetesGroups: type === 'STANDARD' ? kubernetesGroups : nodeTypes[type].groups,
        });
      }),
    associate: (arn, policy) =>
      change(() => {
        const found = state.entries.get(arn);
        if (found === undefined) throw new Error('no entry');
        state.entries.set(arn, { ...found, policies: [...found.policies, policy] });
      }),
    deleteEntry: (arn) => change(() => void state.entries.delete(arn)),
    binding: async (binding) => state.bindings.get(nameOf(binding)) ?? 'absent',
    createBinding: (binding) => change(() => void state.bindings.set(nameOf(binding), 'same')),
    deleteBinding: (binding) => change(() => void state.bindings.delete(nameOf(binding))),
    awsAuth: async () => state.awsAuth,
    createAwsAuth: (made) =>
      change(() => {
        state.awsAuth = made;
      }),
    deleteAwsAuth: () =>
      change(() => {
        state.awsAuth = undefined;
      }),
  };
}

/** Calls back each time before it says what aws-auth is. */
function watched(state: State, look: () => void): MigrationTarget {
  return {
    ...fakeTarget(state),
    async awsAuth() {
      look();
      return state.awsAuth;
    },
  };
}

const stale: FoundEntry = {
  ...{ type: 'STANDARD', username: 'old', kubernetesGroups: [], policies: [], createdAt: 1 },
};

function begin(mode: Mode = 'API_AND_CONFIG_MAP'): { readonly file: RollbackFile; readonly state: State } {
  const role = (name: string, username: string, ...groups: string[]) => ({
    ...{ rolearn: testArn(`role/${name}`), username, groups },
  });
  const { world, cluster } = testWorld({
    account: { roles: ['nodes', 'admin', 'metrics', 'again'].map((name) => testRole(name)) },
    cluster: {
      authenticationMode: mode,
      rbac: stockRbac,
      accessEntries: [testEntry(testArn('role/again'), {}, { principalId: 'AROAFORMER' })],
      awsAuth: {
        roles: [
          role('nodes', 'system:node:{{EC2PrivateDNSName}}', 'system:nodes'),
          role('admin', 'admin', 'system:masters'),
          role('metrics', 'metrics', 'system:monitoring'),
          role('again', 'again', 'devs'),
        ],
        users: [],
        accounts: [],
      },
    },
  });
  const plan = planMigration(world, cluster);
  const entries = { [testArn('role/again')]: stale };
  return {
    file: newRollbackFile(plan, { mode, entries, awsAuth: data }, 0, 'file'),
    state: { mode, entries: new Map(Object.entries(entries)), bindings: new Map(), awsAuth: data },
  };
}

const shown = ({ mode, entries, bindings, awsAuth }: State): unknown => ({
  ...{ mode, awsAuth, bindings: [...bindings.keys()] },
  entries: [...entries].map(([arn, { createdAt: _, ...entry }]) => [arn, entry]),
});

async function done(): Promise<unknown> {
  const { file, state } = begin('CONFIG_MAP');
  await carryOut(file, fakeTarget(state), quiet);
  return shown(state);
}

test('nodes have their entry first, and who is administrator has the policy', async () => {
  const { file, state } = begin();
  const said: string[] = [];
  await carryOut(file, fakeTarget(state), (line) => said.push(line));
  expect(said).toEqual([
    'created ClusterRoleBinding system:monitoring-from-aws-auth',
    `created the EC2_LINUX entry of ${testArn('role/nodes')}`,
    `created the STANDARD entry of ${testArn('role/admin')}`,
    `associated AmazonEKSClusterAdminPolicy with ${testArn('role/admin')}`,
    `deleted the entry of a principal that is gone: ${testArn('role/again')}`,
    `created the STANDARD entry of ${testArn('role/again')}`,
    `created the STANDARD entry of ${testArn('role/metrics')}`,
    '4 entries as planned',
  ]);
  const again: string[] = [];
  await carryOut(file, fakeTarget(state, 0), (line) => again.push(line));
  expect(again).toEqual(['4 entries as planned']);
});

test('interrupted anywhere, before a change or just after it, it goes on and ends the same', async () => {
  const expected = await done();
  let interruptions = 0;
  for (const isDone of [false, true]) {
    for (let changes = 0; ; changes++) {
      const { file, state } = begin('CONFIG_MAP');
      const outcome = await carryOut(file, fakeTarget(state, changes, isDone), quiet).catch(String);
      if (outcome === undefined) break;
      expect(outcome).toBe('Error: killed');
      interruptions++;
      await carryOut(file, fakeTarget(state), quiet);
      expect(shown(state)).toEqual(expected);
    }
  }
  expect(interruptions).toBeGreaterThan(12);
});

test('interrupted anywhere, it leads back to what was there, also when that is interrupted', async () => {
  for (let changes = 0; changes < 8; changes++) {
    for (let back = 0; back < 6; back++) {
      const { file, state } = begin();
      await carryOut(file, fakeTarget(state, changes, true), quiet).catch(String);
      await leadBack(file, fakeTarget(state, back, true), quiet).catch(String);
      expect(await leadBack(file, fakeTarget(state), quiet)).toEqual([]);
      const { entries, ...rest } = shown(state) as { readonly entries: readonly (readonly [string])[] };
      expect(rest).toEqual({ mode: 'API_AND_CONFIG_MAP', awsAuth: data, bindings: [] });
      // An entry whose principal is gone was nobody's: made again it would be somebody else's.
      expect(entries.filter(([arn]) => arn !== testArn('role/again'))).toEqual([]);
    }
  }
});

test('in mode API nothing is led back: the entries are all there is', async () => {
  const { file, state } = begin();
  await carryOut(file, fakeTarget(state), quiet);
  state.mode = 'API';
  const before = shown(state);
  await expect(leadBack(file, fakeTarget(state), quiet)).rejects.toMatchObject({ outcome: 'denied' });
  expect(shown(state)).toEqual(before);
});

test('what somebody else has changed meanwhile is neither taken over nor deleted', async () => {
  const { file, state } = begin();
  state.entries.set(testArn('role/nodes'), { ...stale, createdAt: 2 });
  await expect(carryOut(file, fakeTarget(state), quiet)).rejects.toThrow('is not as planned');
  state.bindings.set('ClusterRoleBinding system:monitoring-from-aws-auth', 'other');
  expect(await leadBack(file, fakeTarget(state), quiet)).toEqual([
    `the entry of ${testArn('role/nodes')} was changed since and stays`,
    'ClusterRoleBinding system:monitoring-from-aws-auth was changed since and stays',
  ]);
  expect(state.entries.has(testArn('role/nodes'))).toBe(true);
});

test('aws-auth changed anywhere in between, nothing more is made', async () => {
  const calm = begin('CONFIG_MAP');
  let looks = 0;
  await carryOut(
    calm.file,
    watched(calm.state, () => looks++),
    quiet,
  );
  for (let at = 0; at < looks; at++) {
    const { file, state } = begin('CONFIG_MAP');
    let look = 0;
    let atChange: unknown;
    const target = watched(state, () => {
      if (look++ !== at) return;
      state.awsAuth = { mapRoles: '' };
      atChange = shown(state);
    });
    await expect(carryOut(file, target, quiet)).rejects.toThrow('aws-auth was changed');
    expect(shown(state)).toEqual(atChange);
  }
  // Before the first change, before each entry, and after the last.
  expect(looks).toBe(6);
});

test('nothing is led back to an aws-auth that is another by now', async () => {
  const { file, state } = begin();
  await carryOut(file, fakeTarget(state), quiet);
  state.awsAuth = { mapRoles: '' };
  const before = shown(state);
  await expect(leadBack(file, fakeTarget(state, 0), quiet)).rejects.toThrow('is not what it was');
  expect(shown(state)).toEqual(before);
});

test('in mode API no entry that somebody deleted comes back', async () => {
  const { file, state } = begin();
  await carryOut(file, fakeTarget(state), quiet);
  state.mode = 'API';
  state.entries.delete(testArn('role/admin'));
  const before = shown(state);
  await carryOut(file, fakeTarget(state, 0), quiet);
  expect(shown(state)).toEqual(before);
});

test('leading back makes aws-auth again before it takes the first entry away', async () => {
  const { file, state } = begin();
  await carryOut(file, fakeTarget(state), quiet);
  state.awsAuth = undefined;
  const said: string[] = [];
  await leadBack(file, fakeTarget(state), (line) => said.push(line));
  expect(said[0]).toBe('created aws-auth as it was');
  expect(state.awsAuth).toEqual(data);
});

const directory = mkdtempSync(join(tmpdir(), 'entryway-rollback-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the rollback file is the owner’s alone, and another file is not taken for one', () => {
  const path = join(directory, 'rollback.json');
  const { file } = begin();
  expect(readRollbackFile(path)).toBeUndefined();
  writeState(path, file);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readRollbackFile(path)).toEqual(file);
  expect(() => writeState(path, file)).toThrow('somebody else has begun');
  expect(readRollbackFile(path)).toEqual(file);
  for (const mode of [0o620, 0o602]) {
    chmodSync(path, mode);
    expect(() => readRollbackFile(path)).toThrow('others than you can write');
  }
  chmodSync(path, 0o600);
  const [entry] = file.plan.entries;
  const wrong: readonly unknown[] = [
    ...['', '{', null, [], { format: 'entryway.migration/v1' }],
    { ...file, format: 'entryway.migration/v2' },
    { ...file, clusterArn: `${file.clusterArn}2` },
    { ...file, plan: { ...file.plan, entries: [null] } },
    { ...file, plan: { ...file.plan, entries: [entry, entry] } },
    { ...file, plan: { ...file.plan, entries: [{ ...entry, type: 'ROOT' }] } },
    {
      ...file,
      plan: { ...file.plan, bindings: [{ kind: 'ClusterRole', name: 'x', labels: {}, rules: [] }] },
    },
    { ...file, before: { ...file.before, awsAuth: { mapRoles: 1 } } },
    { ...file, before: { ...file.before, more: 1 } },
  ];
  for (const value of wrong) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    writeFileSync(path, text);
    expect(() => readRollbackFile(path), text).toThrow('no rollback file');
  }
});
