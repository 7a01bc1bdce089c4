/**
 * Generated aws-auths, with all that makes them hard: the proof must say exactly what the decisions say, for everybody and for
 * sessions and questions the proof did not choose. More by ENTRYWAY_MIGRATIONS=N; a failure prints its seed.
 */
import { expect, test } from 'vitest';
import type { AwsAuth } from '../../identity/awsauth.ts';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import {
  bindingSubject,
  testAccountId,
  testArn,
  testEntry,
  testRole,
  testSnapshot,
  testUser,
} from '../testworld.ts';
import { rulesAllow } from '../whatcan/rules.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { attributesOf, type Question } from '../world/question.ts';
import type { SessionWish } from '../world/sessions.ts';
import type { IamSubject } from '../world/subject.ts';
import { createWorld, type World } from '../world/world.ts';
import { afterMigration } from './after.ts';
import { planMigration } from './create.ts';
import type { PermissionDifference } from './difference.ts';
import { proveMigration } from './proof.ts';

const rounds = Number(process.env.ENTRYWAY_MIGRATIONS ?? 60);
const firstSeed = Number(process.env.ENTRYWAY_SEED ?? 1);

/** Mulberry32: the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const set = 'aws-reserved/sso.amazonaws.com/AWSReservedSSO_View_0123456789abcdef';
const roleNames = ['ops', 'team/Dev', 'node', 'aws-service-role/x.amazonaws.com/SLR', set];
const userNames = ['ada', 'team/bob'];
const usernames = [
  ...[
    'admin',
    'ada',
    '',
    'system:ops',
    'session-x',
    '{{SessionName}}',
    'p:{{SessionName}}',
    'from-aws-auth:system:ops',
  ],
  ...[
    'system:node:{{EC2PrivateDNSName}}',
    'system:node:{{SessionName}}',
    'u:{{AccessKeyID}}',
    'a:{{AccountID}}',
  ],
  ...['{{SessionNameRaw}}', '{{SessionName}}:{{SessionName}}'],
];
const groups = [
  ...[
    'system:masters',
    'devs',
    'system:ops',
    'eks:x',
    'system:nodes',
    'system:bootstrappers',
    'system:authenticated',
  ],
  ...[
    '{{SessionName}}:masters',
    'from-aws-auth:system:ops',
    'system:node-proxier',
    'eks:kube-proxy-windows',
    '',
  ],
];
const bound = [
  ...[
    'User:ada',
    'User:admin',
    'User:system:ops',
    'User:p:ada',
    'User:ada:ada',
    'User:from-aws-auth:system:ops',
  ],
  ...['Group:devs', 'Group:system:ops', 'Group:eks:x', 'Group:system:nodes', 'Group:system:bootstrappers'],
  ...['Group:system:authenticated', 'Group:from-aws-auth:system:ops', `User:${testArn('user/ada')}`],
  ...[`User:a:${testAccountId}`, 'User:from-aws-auth:ada', 'User:system:node:INSTANCE'],
];
const rules: readonly PolicyRule[] = [
  allow('get', 'core', 'secrets'),
  allow('get list', 'core', 'pods'),
  allow('*', 'apps', '*'),
  allow('get', 'core', 'configmaps', 'one'),
  allow('*', '*', '*'),
  allowUrls('get', '/metrics'),
];
const questions: readonly Question[] = [
  ...['', 'dev', 'other'].flatMap((namespace): readonly Question[] => [
    ...(
      [
        ['get', '', 'secrets', ''],
        ['list', '', 'pods', ''],
        ['delete', 'apps', 'deployments', 'x'],
        ['get', '', 'configmaps', 'one'],
        ['get', '', 'configmaps', 'two'],
        ['frob', 'example.com', 'widgets', ''],
      ] as const
    ).map(
      ([verb, apiGroup, resource, name]): Question => ({
        ...{ kind: 'resource', verb, apiGroup, resource, subresource: '', namespace, name },
      }),
    ),
  ]),
  { kind: 'nonResource', verb: 'get', path: '/metrics' },
  { kind: 'nonResource', verb: 'get', path: '/healthz' },
];
const sessions: readonly SessionWish[] = [
  ...['SESSION', 'ada', 'system', 'somebody', 'ops', 'x@y'].map((sessionName) => ({ sessionName })),
  { sessionName: 'i-0123456789abcdef0', privateDnsName: 'ip-1.internal' },
];

function generate(seed: number): World {
  const next = random(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const some = <T>(list: readonly T[], most: number): readonly T[] =>
    Array.from({ length: Math.floor(next() * (most + 1)) }, () => one(list));
  const spelled = (arn: string): string => (next() < 0.2 ? arn.toUpperCase() : arn);
  const bare = (name: string): string => testArn(`role/${name.slice(name.lastIndexOf('/') + 1)}`);
  const arns = [
    ...roleNames.flatMap((name) => [bare(name), bare(name), testArn(`role/${name}`)]),
    ...userNames.map((name) => testArn(`user/${name}`)),
    ...[testArn('root'), testArn('role/gone'), 'arn:aws:iam::999900001111:role/far', 'nonsense'],
    ...[
      `arn:aws:sts::${testAccountId}:federated-user/eve`,
      `arn:aws:sts::${testAccountId}:assumed-role/ops/s`,
    ],
  ];
  const mapping = () => ({ username: one(usernames), groups: some(groups, 3) });
  const awsAuth: AwsAuth = {
    roles: some([0], 6).map(() =>
      next() < 0.1
        ? {
            sso: { permissionSetName: 'View', accountID: one([testAccountId, '999900001111']) },
            ...mapping(),
          }
        : { rolearn: spelled(one(arns)), ...mapping() },
    ),
    users: some([0], 3).map(() => ({ userarn: spelled(one(arns)), ...mapping() })),
    accounts: next() < 0.2 ? [one([testAccountId, '999900001111'])] : [],
  };
  const rbac = some(bound, 8).flatMap((subject, at): readonly RbacObject[] => {
    const [name, namespace] = [`b${at}`, one(['', 'dev'])];
    const subjects = [bindingSubject(subject), ...(next() < 0.3 ? [bindingSubject(one(bound))] : [])];
    const own = { name, labels: {}, rules: [one(rules)] };
    return [
      { kind: 'ClusterRole', ...own },
      namespace === ''
        ? { kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name }, subjects }
        : { kind: 'RoleBinding', name, namespace, roleRef: { kind: 'ClusterRole', name }, subjects },
    ];
  });
  const entryFor = (name: string) =>
    testEntry(
      testArn(`role/${name}`),
      one([{}, { AmazonEKSViewPolicy: ['d*'] }, { AmazonEKSClusterAdminPolicy: [] }]),
      {
        ...(next() < 0.3 && { principalId: 'AROAFORMER' }),
        kubernetesGroups: some(['devs', 'from-aws-auth:system:ops'], 1),
      },
    );
  return createWorld(
    testSnapshot({
      account: {
        roles: roleNames.map((name) => testRole(name)),
        users: userNames.map((name) => testUser(name)),
      },
      cluster: {
        authenticationMode: one(['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API_AND_CONFIG_MAP']),
        ...(next() < 0.3 && {
          hiddenAdminPrincipalId: one(['AIDAADA', 'AROAOPS', testAccountId, 'AIDAGONE']),
        }),
        ssoRoleMatch: next() < 0.5,
        accessEntries: next() < 0.4 ? [entryFor(one(['ops', 'team/Dev']))] : [],
        awsAuth,
        rbac: [{ kind: 'ClusterRole', name: 'unused', labels: {}, rules: [] }, ...rbac],
        namespaces: next() < 0.5 ? ['dev', 'other'] : [],
      },
    }),
  );
}

const whole = ({
  view,
  subject,
  session,
}: {
  view: ClusterWorld;
  subject: IamSubject;
  session: SessionWish;
}) => {
  const identity = view.identityIn(subject, session);
  return {
    who: identity && {
      username: identity.user.username,
      groups: [...new Set(identity.user.groups)].filter((group) => group !== 'system:authenticated').sort(),
    },
    allowed: questions.map(
      (question) =>
        identity !== undefined &&
        view.authorizer.authorize(attributesOf(question, identity.user)).decision === 'allow',
    ),
  };
};

const tells = (differences: readonly PermissionDifference[], question: Question): boolean =>
  differences.some(
    ({ where, rule, except }) =>
      (where === '' || (question.kind === 'resource' && fits(where, question.namespace))) &&
      rulesAllow([rule], question) &&
      !rulesAllow(except, question),
  );
const fits = (where: string, namespace: string): boolean =>
  namespace !== '' && new RegExp(`^${where.replaceAll('*', '.*')}$`).test(namespace);

test(`what ${rounds} proofs say is what happens`, () => {
  let gaining = 0;
  let moving = 0;
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
    const world = generate(seed);
    const [cluster] = world.clusters;
    if (cluster === undefined) throw new Error('there is one cluster');
    const plan = planMigration(world, cluster);
    const proof = proveMigration(world, cluster, plan);
    moving += plan.entries.length;
    const changed = { ...world.snapshot, clusters: [afterMigration(cluster.cluster, plan, world)] };
    const [after] = createWorld(changed).clusters;
    if (after === undefined) throw new Error('there is one cluster');
    const told = new Map(proof.principals.map((one) => [`${one.type} ${one.principalArn}`, one]));
    for (const subject of cluster.subjects()) {
      if (subject.kind !== 'iam') continue;
      const proven = told.get(`${subject.type} ${subject.arn}`);
      for (const session of sessions) {
        const context = `seed ${seed}: ${subject.arn} as ${session.sessionName}`;
        const [was, is] = [
          whole({ view: cluster, subject, session }),
          whole({ view: after, subject, session }),
        ];
        if (proven === undefined) {
          expect(is, `${context} is said to be unchanged`).toEqual(was);
          continue;
        }
        const allowed = (verdicts: readonly string[]): boolean => verdicts.includes(proven.verdict);
        const gained = questions.filter((_, at) => is.allowed[at] === true && was.allowed[at] === false);
        const lost = questions.filter((_, at) => is.allowed[at] === false && was.allowed[at] === true);
        if (gained.length > 0 || (was.who === undefined && is.who !== undefined)) {
          gaining++;
          expect(
            allowed(['gains', 'gainsAndLoses']),
            `${context} gains and is told as ${proven.verdict}`,
          ).toBe(true);
        }
        if (lost.length > 0 || (was.who !== undefined && is.who === undefined)) {
          expect(
            allowed(['loses', 'gainsAndLoses']),
            `${context} loses and is told as ${proven.verdict}`,
          ).toBe(true);
        }
        const exact = proven.sessions.find(({ sessionName }) => sessionName === session.sessionName);
        for (const question of gained) {
          const where = exact === undefined ? proven.sessions.flatMap((one) => one.gained) : exact.gained;
          expect(tells(where, question), `${context} gains ${JSON.stringify(question)}`).toBe(true);
        }
        if (exact === undefined) continue;
        // And nothing is told that does not happen; what single namespaces had before is not taken out of `everywhere`.
        for (const [at, question] of questions.entries()) {
          if (question.kind === 'resource' && question.namespace !== '') continue;
          if (tells(exact.gained, question))
            expect([was.allowed[at], is.allowed[at]], context).toEqual([false, true]);
          if (tells(exact.lost, question))
            expect([was.allowed[at], is.allowed[at]], context).toEqual([true, false]);
        }
      }
    }
  }
  // Otherwise nothing was shown.
  expect(moving).toBeGreaterThan(rounds);
  expect(gaining).toBeGreaterThan(0);
});
