import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../../test/processortime.ts';
import { onlyIf, policyText, statement } from '../iamworld/testworld.ts';
import type { SnapshotCluster, SnapshotPodIdentityAssociation, SnapshotRole } from '../snapshot/snapshot.ts';
import { seededRandom, testArn, testProvider, testRole, testSnapshot } from '../testworld.ts';
import { createWorld, type World } from '../world/world.ts';
import {
  account,
  app,
  association,
  explainIn,
  getObject,
  irsaTrust,
  issuerHost,
  podTrust,
  podWorld,
  reads,
  sub,
} from './testworld.ts';
import { whoCanBecomeRole, whoCanCall } from './whocancall.ts';
import type { WorkloadRow } from './workloadrow.ts';

const text = (row: WorkloadRow): string =>
  [
    `${row.namespace}/${row.name}`,
    row.mechanism,
    row.roleArn.slice(row.roleArn.indexOf('/') + 1),
    ...(row.isPattern ? ['pattern'] : []),
    ...(row.missing ? ['missing'] : []),
    ...(row.isDelivered ? [] : ['own token']),
    ...(row.assumes ?? []).map((one) => `→ ${one.slice(one.indexOf('/') + 1)}`),
    ...(row.certainty === 'always' ? [] : ['PERHAPS']),
  ].join(' ');
const rowsOf = (world: World, call = getObject): readonly string[] => whoCanCall(world, call).rows.map(text);

describe('who can call', () => {
  test.for<[string, readonly string[], Parameters<typeof podWorld>]>([
    ['nobody is trusted', [], [{}]],
    [
      'a role that may not',
      [],
      [{ trustPolicy: podTrust(), inlinePolicies: {} }, { podIdentityAssociations: [association] }],
    ],
    [
      'a session policy that keeps it from it',
      [],
      [
        { trustPolicy: podTrust() },
        {
          podIdentityAssociations: [
            { ...association, disableSessionTags: true, policy: policyText(statement('Allow', 'eks:*')) },
          ],
        },
      ],
    ],
    [
      'an association',
      ['dev/api podIdentity app'],
      [{ trustPolicy: podTrust() }, { podIdentityAssociations: [association] }],
    ],
    [
      'an association of nobody',
      ['dev/api podIdentity app missing'],
      [{ trustPolicy: podTrust() }, { podIdentityAssociations: [association], serviceAccounts: [] }],
    ],
    [
      'an annotation',
      ['dev/api irsa app'],
      [{ trustPolicy: irsaTrust(sub) }, { serviceAccounts: [{ ...account, roleArn: app }] }],
    ],
    [
      'no annotation, and trusted all the same',
      ['dev/api irsa app own token'],
      [{ trustPolicy: irsaTrust(sub) }],
    ],
    [
      'a pattern',
      ['dev/api irsa app own token', 'dev/* irsa app pattern own token'],
      [{ trustPolicy: irsaTrust('system:serviceaccount:dev:*', 'StringLike') }],
    ],
    [
      'associations that nobody read',
      ['dev/api podIdentity app own token PERHAPS'],
      [
        { trustPolicy: podTrust(onlyIf('StringEquals', 'aws:RequestTag/kubernetes-service-account', 'api')) },
        {},
        { gaps: [{ area: 'podIdentity', reason: 'a test' }] },
      ],
    ],
  ])('%s: %s', ([, expected, world]) => {
    const found = rowsOf(podWorld(...world));
    expect(world[2]?.gaps ? found.filter((row) => !row.includes('pattern')) : found).toEqual(expected);
  });

  test('a role of another account that was not read may do everything, perhaps', () => {
    const roleArn = 'arn:aws:iam::444455556666:role/theirs';
    const found = whoCanCall(podWorld({}, { serviceAccounts: [{ ...account, roleArn }] }), getObject).rows;
    expect(found.map(text)).toEqual(['dev/api irsa theirs PERHAPS']);
    expect(found[0]?.conditions.map(({ message }) => message).join()).toContain('was not read');
  });

  test('by the target that an association may have which nobody read', () => {
    const target = testArn('role/target');
    const trusting = (Condition: object = {}) => [
      testRole('app', {
        trustPolicy: podTrust(),
        inlinePolicies: { own: policyText(statement('Allow', ['sts:AssumeRole', 'sts:TagSession'])) },
      }),
      testRole('target', {
        principalId: 'AROATARGET',
        trustPolicy: policyText({ Effect: 'Allow', Principal: { AWS: app }, Action: 'sts:*', Condition }),
        trustedPrincipalIds: { [app]: 'AROAAPP' },
        inlinePolicies: reads,
      }),
    ];
    const { snapshot } = podWorld({}, {}, { roles: trusting() });
    const clusters = snapshot.clusters.map(({ podIdentityAssociations: _, ...others }) => others);
    const unread = createWorld({ ...snapshot, clusters });
    expect(rowsOf(createWorld(snapshot))).toEqual([]);
    expect(rowsOf(unread)).toContain('dev/api podIdentity app own token → target PERHAPS');
    const [row] = whoCanCall(unread, getObject).rows;
    expect(row?.conditions.map(({ message }) => message).join()).toContain(`\`${target}\` as its target`);
  });

  test('a role that is blocked is nobody’s', () => {
    const world = podWorld({ trustPolicy: podTrust() }, { podIdentityAssociations: [association] });
    const blocks = [{ kind: 'principalId', target: 'AROAAPP' } as const];
    const blocked = createWorld({ ...world.snapshot, blocks });
    expect(rowsOf(blocked)).toEqual([]);
    expect(explainIn(blocked).certainty).toBe('never');
  });
});

describe('who can become a role', () => {
  const target = testArn('role/target');
  const become = (world: World, role = target): readonly string[] =>
    whoCanBecomeRole(world, role).rows.map(text);
  const roles = (trusted: string, more: object = {}): readonly SnapshotRole[] => [
    testRole('app', { trustPolicy: podTrust(), inlinePolicies: {} }),
    testRole('target', {
      trustPolicy: policyText({
        Effect: 'Allow',
        Principal: { AWS: trusted },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        ...more,
      }),
      trustedPrincipalIds: { [app]: 'AROAAPP' },
    }),
  ];
  const associated = { podIdentityAssociations: [association] };
  const tagging = (name: string, trustPolicy: string): SnapshotRole =>
    testRole(name, {
      trustPolicy,
      principalId: `AROA${name.toUpperCase()}`,
      inlinePolicies: { own: policyText(statement('Allow', ['sts:AssumeRole', 'sts:TagSession'])) },
    });

  test('by its association, by a target, and by one role after another', () => {
    expect(become(podWorld({}, associated, { roles: roles(app) }), app)).toEqual(['dev/api podIdentity app']);
    const chain = { podIdentityAssociations: [{ ...association, targetRoleArn: target }] };
    // The tags of the session go along, which the role's own policies must allow, whomever the other one trusts.
    expect(become(podWorld({}, associated, { roles: roles(app) }))).toEqual([]);
    expect(become(podWorld({}, chain, { roles: roles(app) }))).toEqual([]);
    const both = [tagging('app', podTrust()), ...roles(app).slice(1)];
    expect(become(podWorld({}, associated, { roles: both }))).toEqual(['dev/api podIdentity app → target']);
    expect(become(podWorld({}, chain, { roles: both }))).toEqual(['dev/api podIdentity target']);
  });

  test('without tags, as an association that nobody read may have it', () => {
    const untagged = policyText({ Effect: 'Allow', Principal: { AWS: app }, Action: 'sts:AssumeRole' });
    const [, second] = roles(app);
    if (second === undefined) throw new Error('two roles');
    const of = [tagging('app', podTrust()), { ...second, trustPolicy: untagged }];
    const { snapshot } = podWorld({}, {}, { roles: of });
    const clusters = snapshot.clusters.map(({ podIdentityAssociations: _, ...others }) => others);
    expect(become(createWorld({ ...snapshot, clusters }))).toContain(
      'dev/api podIdentity app own token → target PERHAPS',
    );
  });

  test('by a longer way where the short one is not for this session', () => {
    const trusting = (name: string, more: object = {}) =>
      policyText({
        Effect: 'Allow',
        Principal: { AWS: testArn(`role/${name}`) },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        ...more,
      });
    const ofOthers = onlyIf('StringNotEquals', 'aws:PrincipalTag/kubernetes-namespace', 'dev');
    const world = (middle: string) =>
      podWorld({}, associated, {
        roles: [
          tagging('app', podTrust()),
          tagging('middle', middle),
          testRole('target', {
            trustPolicy: JSON.stringify({
              Version: '2012-10-17',
              Statement: [
                JSON.parse(trusting('app', ofOthers)).Statement,
                JSON.parse(trusting('middle')).Statement,
              ].flat(),
            }),
          }),
        ],
      });
    expect(become(world(trusting('app')))).toEqual(['dev/api podIdentity app → middle → target']);
    expect(become(world(trusting('app', ofOthers)))).toEqual([]);
  });

  test('not of one that is blocked, which is said', () => {
    const world = podWorld({ trustPolicy: podTrust() }, associated);
    const blocks = [{ kind: 'principalId', target: 'AROAAPP' } as const];
    const { rows, notes } = whoCanBecomeRole(createWorld({ ...world.snapshot, blocks }), app);
    expect([rows, notes.join()]).toEqual([[], expect.stringContaining('is blocked')]);
  });

  test('not where the tags of the session are in the way', () => {
    const withoutTags = policyText({ Effect: 'Allow', Principal: { AWS: app }, Action: 'sts:AssumeRole' });
    const [first, second] = roles(app);
    if (first === undefined || second === undefined) throw new Error('two roles');
    const world = podWorld({}, associated, { roles: [first, { ...second, trustPolicy: withoutTags }] });
    expect(become(world)).toEqual([]);
  });
});

test('whoever is listed may by the word of explain, and nobody else may', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  const rounds = Number(process.env.ROUNDS ?? 15);
  const random = seededRandom(seed);
  let listed = 0;
  for (let round = 0; round < rounds; round++) {
    const world = anyWorld(random);
    const delivered = whoCanCall(world, getObject).rows.filter((row) => row.isDelivered && !row.missing);
    const named = new Map(delivered.map((row) => [`${row.namespace}/${row.name}`, row]));
    expect(named.size, `seed ${seed}: a pod has one role`).toBe(delivered.length);
    for (const { namespace, name } of world.snapshot.clusters[0]?.serviceAccounts ?? []) {
      const who = `${namespace}/${name}`;
      const { certainty, credentials } = explainIn(world, { who });
      const row = named.get(who);
      const told = `seed ${seed} round ${round}: ${who}`;
      expect(row?.certainty ?? 'never', told).toBe(certainty);
      if (row !== undefined) expect(credentials?.roleArn, told).toBe(row.roleArn);
      if (row !== undefined) listed++;
    }
  }
  expect(listed).toBeGreaterThan(0);
});

function anyWorld({ pick, chance }: ReturnType<typeof seededRandom>): World {
  const names = ['app', 'web', 'job'];
  const namespaces = ['dev', 'prod'];
  const tag = (key: string) => onlyIf('StringEquals', key, pick(namespaces));
  const roles = names.map((name) =>
    testRole(name, {
      trustPolicy: pick([
        podTrust(),
        podTrust(tag('aws:RequestTag/kubernetes-namespace')),
        podTrust({}, ['sts:AssumeRole']),
        irsaTrust(`system:serviceaccount:${pick(namespaces)}:${pick(names)}`),
        irsaTrust(`system:serviceaccount:${pick(namespaces)}:*`, 'StringLike'),
        irsaTrust(sub, 'StringEquals', `${issuerHost}2`),
      ]),
      inlinePolicies: pick([
        {},
        reads,
        reads,
        {
          reads: policyText({
            ...statement('Allow', 's3:*'),
            ...tag('aws:PrincipalTag/kubernetes-namespace'),
          }),
        },
        {
          reads: policyText({
            ...statement('Allow', 's3:*'),
            ...onlyIf('IpAddress', 'aws:SourceIp', '10.0.0.0/8'),
          }),
        },
      ]),
    }),
  );
  const arn = () => testArn(`role/${pick([...names, 'gone'])}`);
  const accounts = namespaces.flatMap((namespace) => names.map((name) => ({ namespace, name })));
  const podIdentityAssociations = accounts.flatMap(
    ({ namespace, name }, at): readonly SnapshotPodIdentityAssociation[] =>
      chance(0.4)
        ? [
            {
              ...association,
              associationId: `a-${at}`,
              namespace,
              serviceAccount: name,
              roleArn: arn(),
              disableSessionTags: chance(0.3),
            },
          ]
        : [],
  );
  const cluster: Partial<SnapshotCluster> = {
    serviceAccounts: accounts.map((one) => (chance(0.6) ? { ...one, roleArn: arn() } : one)),
    podIdentityAssociations,
  };
  return podWorld({}, cluster, {
    roles,
    oidcProviders: [testProvider(pick([issuerHost, issuerHost, `${issuerHost}2`]))],
  });
}

test('thousands of roles and of service accounts are answered for in a few seconds', () => {
  // 200 are 10,000 of each: 4 s. Each role asked of each account would be minutes already for 1,500.
  const teams = Number(process.env.TEAMS ?? 30);
  const namespaces = Array.from({ length: teams }, (_, at) => `team-${at}`);
  const serviceAccounts = namespaces.flatMap((namespace) =>
    Array.from({ length: 50 }, (_, at) => ({
      ...{ namespace, name: `app-${at}` },
      ...(at % 2 === 0 && { roleArn: testArn(`role/${namespace}-${at}`) }),
    })),
  );
  const roles = serviceAccounts.map(({ namespace, name }, at) =>
    testRole(`${namespace}-${name.slice(4)}`, {
      principalId: `AROA${at}`,
      trustPolicy: at % 2 === 0 ? irsaTrust(`system:serviceaccount:${namespace}:${name}`) : podTrust(),
      inlinePolicies: reads,
    }),
  );
  const associations = serviceAccounts.flatMap(({ namespace, name }, at) =>
    at % 2 === 0
      ? []
      : [
          {
            ...association,
            associationId: `a-${at}`,
            namespace,
            serviceAccount: name,
            roleArn: testArn(`role/${namespace}-${name.slice(4)}`),
          },
        ],
  );
  const world = createWorld(
    testSnapshot({
      account: { roles, oidcProviders: [testProvider(issuerHost)] },
      cluster: {
        issuer: `https://${issuerHost}`,
        serviceAccounts,
        podIdentityAssociations: associations,
        namespaces,
      },
    }),
  );
  const spent = processorTimer();
  const { rows } = whoCanCall(world, getObject);
  const took = spent();
  expect(rows).toHaveLength(teams * 50);
  expect(rows.every(({ certainty, isDelivered }) => certainty === 'always' && isDelivered)).toBe(true);
  expect(took).toBeLessThan(teams * 100 + 4_000);
  const [one] = whoCanBecomeRole(world, testArn('role/team-7-4')).rows;
  expect(one).toMatchObject({ namespace: 'team-7', name: 'app-4' });
}, 60_000);
