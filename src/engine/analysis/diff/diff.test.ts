import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../../../../test/differential/random.ts';
import { allow } from '../../rbac/allow.ts';
import { policyText } from '../iamworld/testworld.ts';
import type { Gap, Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  bindingSubject,
  testArn,
  testAssociation,
  testEntry,
  testGrant,
  testProvider,
  testRole,
  testSnapshot,
} from '../testworld.ts';
import { rulesAllow } from '../whatcan/rules.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { attributesOf, type Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import { createWorld } from '../world/world.ts';
import { type AccessDiff, diffAccess, type PlacedRules } from './diff.ts';

const roles = ['dev', 'ops', 'ci'].map((name) => testRole(name));
const snapshot = (cluster: Partial<SnapshotCluster>, change: Partial<Snapshot> = {}): Snapshot =>
  ({
    ...testSnapshot({ account: { roles }, cluster: { namespaces: ['a', 'b'], ...cluster } }),
    ...change,
  }) as Snapshot;
const diff = (before: Snapshot, after: Snapshot, now?: number): AccessDiff => {
  const at = now === undefined ? {} : { now };
  return diffAccess(createWorld(before, at), createWorld(after, at));
};
const keys = ({ changes }: AccessDiff): readonly string[] => changes.map(({ key }) => key);
const dev = testArn('role/dev');
const devEntry = testEntry(
  dev,
  { AmazonEKSViewPolicy: ['a'] },
  { username: 'dev', kubernetesGroups: ['devs'] },
);

describe('the difference of two snapshots', () => {
  test('is nothing where they are equal, and where the same access is given another way', () => {
    const mapped = { roles: [{ rolearn: dev, username: 'dev', groups: ['devs'] }], users: [], accounts: [] };
    const rbac = testGrant('r', 'Group:devs', [allow('get', 'core', 'pods')], 'a');
    const entry = { ...devEntry, associatedPolicies: [] };
    expect(diff(snapshot({ rbac }), snapshot({ rbac })).changes).toEqual([]);
    expect(
      diff(
        snapshot({ rbac, awsAuth: mapped }),
        snapshot({ rbac, accessEntries: [entry], authenticationMode: 'API' }),
      ).changes,
    ).toEqual([]);
  });

  test('tells who becomes somebody, with what that gives, and the reverse', () => {
    const without = snapshot({});
    const withEntry = snapshot({ accessEntries: [devEntry] });
    const [change, ...others] = diff(without, withEntry).changes;
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      key: `iam:${dev}`,
      identity: { before: { users: [] }, after: { users: [{ username: 'dev', groups: ['devs'] }] } },
      gained: [{ where: { namespaces: ['a'] } }],
      lost: [],
    });
    const [back] = diff(withEntry, without).changes;
    expect(back).toMatchObject({ gained: [], lost: change?.gained });
  });

  test('tells of a role that grows everybody who has it, and nothing they had', () => {
    const grown = (verbs: string) => testGrant('r', 'Group:devs', [allow(verbs, 'core', 'pods')], 'a');
    const found = diff(
      snapshot({ accessEntries: [devEntry], rbac: grown('get') }),
      snapshot({ accessEntries: [devEntry], rbac: grown('get delete') }),
    );
    expect(keys(found)).toEqual([`iam:${dev}`, 'Group:devs']);
    const rules = [{ rule: allow('delete', 'core', 'pods'), except: [] }];
    expect(found.changes[1]).toMatchObject({ gained: [{ where: { namespaces: ['a'] }, rules }], lost: [] });
  });

  test('says what is left of a wildcard that becomes a list', () => {
    const grant = (verbs: string) => testGrant('r', 'User:ada', [allow(verbs, 'core', 'pods')]);
    const [change] = diff(snapshot({ rbac: grant('*') }), snapshot({ rbac: grant('get list') })).changes;
    expect(change?.lost).toEqual([
      {
        where: { everywhere: true, but: [] },
        rules: [{ rule: allow('*', 'core', 'pods'), except: [allow('get list', 'core', 'pods')] }],
      },
    ]);
  });

  test('tells what everybody gains of the group that everybody is in, once', () => {
    const rbac = testGrant('r', 'Group:system:authenticated', [allow('get', 'core', 'nodes')]);
    expect(
      keys(diff(snapshot({ accessEntries: [devEntry] }), snapshot({ accessEntries: [devEntry], rbac }))),
    ).toEqual(['Group:system:authenticated']);
  });

  test('is about the moment that is asked for', () => {
    const [association] = devEntry.associatedPolicies;
    if (association === undefined) throw new Error('it has one');
    const ending = { ...devEntry, associatedPolicies: [{ ...association, expiresAt: 1000 }] };
    const sides = [snapshot({ accessEntries: [ending] }), snapshot({ accessEntries: [devEntry] })] as const;
    expect(keys(diff(...sides, 999))).toEqual([]);
    expect(keys(diff(...sides, 1000))).toEqual([`iam:${dev}`]);
  });

  test('tells of a principal that is deleted, and of one that is made anew', () => {
    const before = snapshot({ accessEntries: [{ ...devEntry, principalId: 'AROADEV' }] });
    const accounts = (role: ReturnType<typeof testRole> | undefined) =>
      before.accounts.map((account) => ({ ...account, roles: role === undefined ? [] : [role] }));
    for (const role of [undefined, testRole('dev', { principalId: 'AROANEW' })]) {
      const [change] = diff(before, { ...before, accounts: accounts(role) }).changes;
      expect(change).toMatchObject({
        key: `iam:${dev}`,
        lost: [{ where: { namespaces: ['a'] } }],
        gained: [],
      });
    }
  });

  test('of a cluster that only one side has is all access to it', () => {
    const one = snapshot({ accessEntries: [devEntry] });
    const found = diff({ ...one, clusters: [] }, one);
    expect(found.clusters).toMatchObject([{ name: 'prod', in: 'after' }]);
    expect(keys(found)).toContain(`iam:${dev}`);
    expect(found.changes.every(({ lost }) => lost.length === 0)).toBe(true);
  });

  test('knows a cluster by its name where files do not tell its ARN', () => {
    const one = snapshot({ accessEntries: [devEntry] });
    const [cluster] = one.clusters;
    if (cluster === undefined) throw new Error('there is one');
    const moved = {
      ...one,
      clusters: [{ ...cluster, arn: 'arn:aws:eks:eu-west-1:999999999999:cluster/prod' }],
    };
    expect(diff(one, moved)).toMatchObject({ changes: [], clusters: [] });
  });

  test('says on which side something was not read', () => {
    const gap: Gap = { area: 'rbac', reason: 'roles were refused' };
    expect(diff(snapshot({}), snapshot({}, { gaps: [gap] })).incomplete).toEqual([
      { area: 'rbac', reason: 'after: roles were refused' },
    ]);
  });

  test('says once what neither side knows, and what may hide all clusters of a side', () => {
    const gap: Gap = { area: 'rbac', reason: 'roles were refused' };
    const withGap = snapshot({}, { gaps: [gap] });
    expect(diff(withGap, snapshot({}, { gaps: [{ ...gap }] })).incomplete).toEqual([
      { area: 'rbac', reason: 'before and after: roles were refused' },
    ]);
    expect(diff(snapshot({}), { ...withGap, clusters: [] }).incomplete).toEqual([
      { area: 'rbac', reason: 'after: roles were refused' },
    ]);
  });
});

const seed = Number(process.env.ENTRYWAY_SEED ?? 20_261_121);
const rounds = Number(process.env.ENTRYWAY_ROUNDS ?? 30);

test(`a generated question is gained or lost exactly where its answer changes (seed ${seed}, ${rounds} rounds)`, () => {
  const random = createRandom(seed);
  for (let round = 0; round < rounds; round++) {
    const before = randomSnapshot(random);
    const after = random.chance(0.5) ? randomSnapshot(random) : changed(before, random);
    const worlds = [createWorld(before), createWorld(after)] as const;
    const found = diffAccess(...worlds);
    expect(new Set(keys(found)).size, `round ${round}`).toBe(found.changes.length);
    const [old, fresh] = [worlds[0].clusters[0], worlds[1].clusters[0]];
    if (old === undefined || fresh === undefined) throw new Error('each has one');
    const subjects = new Map(
      [...old.subjects(), ...fresh.subjects()].map((subject) => [subjectKey(subject), subject]),
    );
    for (const [key, subject] of subjects) {
      const change = found.changes.find((one) => one.key === key);
      for (let at = 0; at < 6; at++) {
        const question = randomQuestion(random);
        const [was, is] = [ownCan(old, subject, question), ownCan(fresh, subject, question)];
        const context = `round ${round} ${key} ${JSON.stringify(question)}`;
        expect(covers(change?.gained ?? [], question), context).toBe(!was && is);
        expect(covers(change?.lost ?? [], question), context).toBe(was && !is);
      }
    }
  }
});

/** What the subject may by itself, not as one of everybody. */
function ownCan(cluster: ClusterWorld, subject: ClusterSubject, question: Question): boolean {
  const everybody = /^Group:system:(un)?authenticated$/.test(subjectKey(subject));
  return cluster.identitiesOf(subject).identities.some(({ user }) => {
    const groups = everybody ? [] : user.groups.filter((group) => !/^system:(un)?authenticated$/.test(group));
    const decided = cluster.authorizer.authorize(
      attributesOf(question, { ...user, groups: everybody ? user.groups : groups }),
    );
    return decided.decision === 'allow';
  });
}

function covers(placed: readonly PlacedRules[], question: Question): boolean {
  const namespace = question.kind === 'resource' ? question.namespace : '';
  return placed.some(
    ({ where, rules }) =>
      ('everywhere' in where ? !where.but.includes(namespace) : where.namespaces.includes(namespace)) &&
      rules.some(({ rule, except }) => rulesAllow([rule], question) && !rulesAllow(except, question)),
  );
}

const namespaces = ['a', 'b', 'dev-1'] as const;
const pick = <Item>(random: Random, items: readonly [Item, ...Item[]]): Item => random.pick(items);

function randomQuestion(random: Random): Question {
  if (random.chance(0.1))
    return { kind: 'nonResource', verb: pick(random, ['get', 'post']), path: pick(random, ['/a', '/b/c']) };
  return {
    ...{
      kind: 'resource',
      verb: pick(random, ['get', 'list', 'delete']),
      apiGroup: pick(random, ['', 'apps']),
    },
    ...{
      resource: pick(random, ['pods', 'secrets', 'deployments']),
      subresource: pick(random, ['', '', 'log']),
    },
    ...{ namespace: pick(random, ['', ...namespaces]), name: pick(random, ['', 'x']) },
  };
}

function randomSnapshot(random: Random): Snapshot {
  const some = <Item>(items: readonly Item[]): readonly Item[] => items.filter(() => random.chance(0.5));
  const rule = () =>
    random.chance(0.1)
      ? { ...allow('get', '', ''), nonResourceURLs: [pick(random, ['/a', '/b/*', '*'])] }
      : {
          ...allow(pick(random, ['get', 'get list', '*', 'delete']), 'core', 'pods'),
          apiGroups: pick(random, [[''], ['apps'], ['', 'apps'], ['*']]),
          resources: pick(random, [['pods'], ['secrets', 'pods'], ['*'], ['pods/log'], ['*/log']]),
          resourceNames: random.chance(0.2) ? ['x'] : [],
        };
  const people = [
    'User:ada',
    'Group:devs',
    'Group:ops',
    'ServiceAccount:a/bot',
    'Group:system:authenticated',
  ] as const;
  const grants = ['r1', 'r2', 'r3', 'r4'].flatMap((name) =>
    random.chance(0.7) ? testGrant(name, pick(random, people), [rule()], pick(random, ['', 'a', 'b'])) : [],
  );
  const entries = roles.flatMap(({ arn }) =>
    random.chance(0.6)
      ? [
          testEntry(
            arn,
            {
              [pick(random, ['AmazonEKSViewPolicy', 'AmazonEKSEditPolicy'])]: pick(random, [
                [],
                ['a'],
                ['dev-*'],
                ['a', 'b'],
              ]),
            },
            {
              username: pick(random, ['ada', 'bob', 'x:{{SessionName}}']),
              kubernetesGroups: some(['devs', 'ops']),
            },
          ),
        ]
      : [],
  );
  return snapshot({
    namespaces,
    authenticationMode: pick(random, ['API', 'API_AND_CONFIG_MAP', 'CONFIG_MAP'] as const),
    accessEntries: entries,
    rbac: [...new Map(grants.map((one) => [`${one.kind} ${one.name}`, one])).values()],
    awsAuth: {
      roles: some(roles).map(({ arn }) => ({
        rolearn: arn,
        username: 'old',
        groups: some(['devs', 'system:masters']),
      })),
      ...{ users: [], accounts: [] },
    },
  });
}

/** A snapshot in which little is another. */
function changed(before: Snapshot, random: Random): Snapshot {
  const [cluster] = before.clusters;
  if (cluster === undefined) throw new Error('there is one');
  const other = randomSnapshot(random).clusters[0] ?? cluster;
  const members = ['accessEntries', 'rbac', 'awsAuth', 'authenticationMode'] as const;
  const member = pick(random, members);
  return { ...before, clusters: [{ ...cluster, [member]: other[member] }] };
}

test('a subject that only a binding names is compared as well', () => {
  const subjects = [bindingSubject('ServiceAccount:a/bot')];
  const roleRef = { kind: 'ClusterRole', name: 'none' } as const;
  const dangling = { kind: 'ClusterRoleBinding', name: 'b', roleRef, subjects } as const;
  const role = {
    kind: 'ClusterRole',
    name: 'none',
    labels: {},
    rules: [allow('get', 'core', 'pods')],
  } as const;
  expect(keys(diff(snapshot({ rbac: [dangling] }), snapshot({ rbac: [dangling, role] })))).toEqual([
    'ServiceAccount:a/bot',
  ]);
});

describe('of the roles that pods get', () => {
  const trust = (Principal: object, Action: string | string[], more: object = {}) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action, ...more }],
    });
  const host = 'oidc.eks.us-east-1.amazonaws.com/id/ABC';
  const app = testArn('role/app');
  const pods = trust({ Service: 'pods.eks.amazonaws.com' }, ['sts:AssumeRole', 'sts:TagSession']);
  const token = trust({ Federated: testArn(`oidc-provider/${host}`) }, 'sts:AssumeRoleWithWebIdentity', {
    Condition: { StringEquals: { [`${host}:sub`]: 'system:serviceaccount:payments:api' } },
  });
  const of = (cluster: Partial<SnapshotCluster>, trustPolicy = pods): Snapshot =>
    testSnapshot({
      account: { roles: [testRole('app', { trustPolicy })], oidcProviders: [testProvider(host)] },
      cluster: {
        serviceAccounts: [{ namespace: 'payments', name: 'api' }],
        ...{ podIdentityAssociations: [], issuer: `https://${host}`, ...cluster },
      },
    });
  const associated = { podIdentityAssociations: [testAssociation(app)] };
  const narrowedTo = (Action: string) => ({
    podIdentityAssociations: [
      testAssociation(app, {
        disableSessionTags: true,
        policy: policyText({ Effect: 'Allow', Action, Resource: '*' }),
      }),
    ],
  });
  const unknown = { podIdentityAssociations: undefined, issuer: undefined } as object;
  const annotated = { serviceAccounts: [{ namespace: 'payments', name: 'api', roleArn: app }] };

  test.for<[string, readonly string[], Snapshot, Snapshot]>([
    ['nothing', [], of(associated), of(associated)],
    ['an association that is not known after', [], of(associated), of(unknown)],
    ['a role that only might be', [], of(unknown, trust({ Service: 'x' }, 'sts:AssumeRole')), of(unknown)],
    ['an association of no use', [], of({}), of(associated, token.replace(':api', ':web'))],
    ['an association', ['+podIdentity'], of({}), of(associated)],
    ['an association that goes', ['-podIdentity'], of(associated), of({})],
    ['a session policy that goes', ['+podIdentity'], of(narrowedTo('s3:*')), of(associated)],
    ['a session policy that comes', ['-podIdentity'], of(associated), of(narrowedTo('s3:*'))],
    ['a session policy', ['+podIdentity', '-podIdentity'], of(narrowedTo('s3:*')), of(narrowedTo('sqs:*'))],
    ['a trust policy', ['-podIdentity', '+irsa'].toSorted(), of(associated), of(associated, token)],
    ['the issuer', ['-irsa'], of({}, token), of({ issuer: 'https://other/id/X' }, token)],
    [
      'an annotation, and the issuer is not known',
      ['+irsa'],
      of(unknown, token),
      of({ ...unknown, ...annotated }, token),
    ],
  ])('%s changes: %s', ([, expected, before, after]) => {
    const { workloads, changes } = diff(before, after);
    const told = workloads.flatMap(({ account, gained, lost }) => {
      expect(account).toEqual({ namespace: 'payments', name: 'api' });
      return [...gained.map((one) => `+${one.mechanism}`), ...lost.map((one) => `-${one.mechanism}`)];
    });
    expect(told.toSorted()).toEqual(expected);
    expect(changes).toEqual([]);
  });
});
