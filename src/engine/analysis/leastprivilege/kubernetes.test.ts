import { describe, expect, test } from 'vitest';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testArn, testClusterArn, testGrant, testRole, testWorld } from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { proposedRbac } from './manifests.ts';
import { admin, ask, asOps, call, type Given, ops, shrink, use, withPolicies } from './testworld.ts';

describe('what was needed in a cluster', () => {
  test.each<[string, readonly AccessUse[]]>([
    ['nothing was used', []],
    ['what was refused is no use', [use(ask('get core secrets in dev'), { allowed: false })]],
    [
      'what somebody else did is no use',
      [use(ask('get core pods in dev'), { who: { principalArn: testArn('role/dev') } })],
    ],
    [
      'what the role of this name before did is no use',
      [use(ask('get core pods in dev'), { who: { ...asOps, principalId: 'AROAOLD' } })],
    ],
    ['what happened before', [use(ask('get core pods in dev'), { at: -1 })]],
    [
      'what happened in another cluster',
      [
        use(ask('get core pods'), {
          did: { kind: 'kubernetes', cluster: `${testClusterArn}2`, question: ask('get core pods') },
        }),
      ],
    ],
    ['what everybody may', [use({ kind: 'nonResource', verb: 'get', path: '/version' })]],
  ])('%s: nothing is proposed', (_, uses) => {
    expect(shrink(admin, uses)).toMatchObject({
      kubernetes: { everywhere: [], places: [] },
      rbac: { objects: [] },
    });
  });

  test('a refused request is told apart', () => {
    const { kubernetes } = shrink(admin, [use(ask('get core secrets in dev'), { allowed: false })]);
    expect(kubernetes.refused).toMatchObject([{ count: 1, question: { resource: 'secrets' } }]);
  });

  test('what was used, by namespace, with how often and when', () => {
    const { kubernetes, rbac } = shrink(admin, [
      use(ask('get core pods in dev named a'), { at: 5 }),
      use(ask('get core pods in dev named b'), { at: 9 }),
      use(ask('list core pods in dev')),
      use(ask('list core nodes')),
      use({ kind: 'nonResource', verb: 'get', path: '/metrics' }),
    ]);
    expect(kubernetes.used[0]).toMatchObject({ count: 2, names: ['a', 'b'], firstAt: 5, lastAt: 9 });
    expect(kubernetes.everywhere).toEqual([allow('list', 'core', 'nodes'), allowUrls('get', '/metrics')]);
    expect(kubernetes.places).toEqual([
      { namespaces: ['dev'], patterns: [], rules: [allow('get list', 'core', 'pods')] },
    ]);
    expect(rbac.objects.map(({ kind }) => kind)).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
    ]);
  });

  test('what was allowed then and is not now is in no proposal', () => {
    const viewer = withPolicies({ AmazonEKSViewPolicy: [] });
    const { kubernetes } = shrink(viewer, [use(ask('delete core pods in dev'))]);
    expect(kubernetes).toMatchObject({ places: [], noLongerHeld: [{ count: 1 }] });
  });

  test('rounding up stays below what is held', () => {
    const getter = withPolicies({}, testGrant('g', 'Group:ops', [allow('get list', 'core', 'pods')]));
    const uses = [use(ask('get core pods in dev'))];
    expect(shrink(getter, uses, { roundUp: true }).kubernetes.places[0]?.rules).toEqual([
      allow('get list', 'core', 'pods'),
    ]);
    expect(shrink(admin, uses, { roundUp: true }).kubernetes.places[0]?.rules).toEqual([
      allow('get list watch', 'core', 'pods'),
    ]);
  });

  test('names are kept where they are asked for, and where only they are held', () => {
    const uses = [use(ask('get core secrets in dev named db'))];
    const expected = [allow('get', 'core', 'secrets', 'db')];
    expect(shrink(admin, uses, { names: true }).kubernetes.places[0]?.rules).toEqual(expected);
    const named = withPolicies(
      {},
      testGrant('g', 'Group:ops', [allow('get', 'core', 'secrets', 'db other')], 'dev'),
    );
    expect(shrink(named, uses).kubernetes.places[0]?.rules).toEqual(expected);
  });

  test('a policy of AWS is proposed where most of it was used, and none that is larger than what is held', () => {
    const reads = ['get', 'list'].map((verb) => use(ask(`${verb} core secrets in dev`)));
    expect(shrink(admin, reads).association).toMatchObject({
      policyName: 'AmazonEKSSecretReaderPolicy',
      accessScope: { type: 'namespace', namespaces: ['dev'] },
      pairs: { granted: 3, used: 2 },
    });
    const held = withPolicies({}, testGrant('g', 'Group:ops', [allow('get list', 'core', 'secrets')]));
    expect(shrink(held, reads).association).toBeUndefined();
    expect(shrink(admin, [use(ask('get core pods in dev'))]).association).toBeUndefined();
  });

  test('what was granted and never used is told', () => {
    const reader = withPolicies({ AmazonEKSSecretReaderPolicy: ['dev', 'shop'] });
    const { kubernetes } = shrink(reader, [use(ask('get core secrets in dev'))]);
    expect(kubernetes.neverUsed).toEqual([
      { namespaces: ['dev'], rules: [{ rule: allow('list watch', 'core', 'secrets'), except: [] }] },
      { namespaces: ['shop'], rules: [{ rule: allow('get list watch', 'core', 'secrets'), except: [] }] },
    ]);
  });

  test('what holds everywhere for the very request is not given again in a namespace', () => {
    const held = withPolicies({}, [
      ...testGrant('named', 'Group:ops', [allow('get', 'core', 'secrets', 'a')]),
      ...testGrant('any', 'Group:ops', [allow('get', 'core', 'secrets')], 'prod'),
    ]);
    const uses = ['', ' in prod'].map((where) => use(ask(`get core secrets${where} named a`)));
    expect(shrink(held, uses).kubernetes).toMatchObject({
      everywhere: [allow('get', 'core', 'secrets', 'a')],
      places: [],
    });
  });

  test.each<[string, Question]>([
    ['any resource', ask('list core *')],
    ['any group', ask('list * pods')],
    ['a subresource of any', ask('get apps */scale in dev named d')],
    ['any namespace', ask('list core pods in *')],
    ['namespaces of a pattern', ask('list core pods in dev-*')],
    ['any verb', ask('* core pods in dev')],
    ['any path', { kind: 'nonResource', verb: 'get', path: '/*' }],
    ['paths of a start', { kind: 'nonResource', verb: 'get', path: '/metrics*' }],
  ])('whoever asks for %s by a star does not get a rule with one', (_, question) => {
    const { kubernetes, rbac, customPolicies, association } = shrink(admin, [use(question)]);
    expect(kubernetes).toMatchObject({ everywhere: [], places: [], cannotBeSaid: [{ count: 1 }] });
    expect([rbac.objects, association]).toEqual([[], undefined]);
    expect(customPolicies).toEqual({ isPossible: true, policies: [] });
  });

  test.each<[string | undefined, string]>([
    ['1.34', 'get'],
    ['1.35', 'get create'],
    ['1.36', 'get create'],
    [undefined, 'get create'],
  ])('connecting to a pod by WebSocket takes, in %s, %s', (version, verbs) => {
    const { cluster, ...given } = admin;
    const uses = [use(ask('get core pods/exec in dev named p'))];
    const { kubernetes } = shrink({ ...given, cluster: { ...cluster, version } as SnapshotCluster }, uses);
    expect(kubernetes.places[0]?.rules).toEqual([allow(verbs, 'core', 'pods/exec')]);
  });

  test('whoever became one user or account does not come to become any', () => {
    const { kubernetes } = shrink(admin, [
      use(ask('impersonate core users named ada')),
      use(ask('create core serviceaccounts/token in ci named b')),
    ]);
    expect(kubernetes.everywhere).toEqual([allow('impersonate', 'core', 'users', 'ada')]);
    expect(kubernetes.places[0]?.rules).toEqual([allow('create', 'core', 'serviceaccounts/token', 'b')]);
  });

  test('what another did under its name is no use of the principal', () => {
    const who = { username: 'arn:aws:sts::111122223333:assumed-role/ops/x', impersonated: true } as const;
    expect(shrink(admin, [use(ask('get core secrets'), { who })]).recorded).toBe(0);
  });

  test.each([
    ['create rbac.authorization.k8s.io rolebindings in dev', 'nobody grant what they do not have'],
    ['patch rbac.authorization.k8s.io clusterroles named x', 'nobody grant what they do not have'],
    ['update certificates.k8s.io certificatesigningrequests/approval named x', '`approve` or `sign`'],
  ])('of %s a part of what it took is in no record, which is said', (text, expected) => {
    expect(shrink(admin, [use(ask(text))]).kubernetes.notes).toEqual([expect.stringContaining(expected)]);
    expect(
      shrink(admin, [use(ask('delete rbac.authorization.k8s.io roles in dev'))]).kubernetes.notes,
    ).toEqual([]);
  });

  test('where aws-auth alone counts, no access policy is proposed', () => {
    const uses = ['get', 'list', 'watch'].map((verb) => use(ask(`${verb} core secrets in dev`)));
    const given: Given = {
      account: { roles: [testRole('ops')] },
      cluster: {
        authenticationMode: 'CONFIG_MAP',
        awsAuth: {
          roles: [{ rolearn: ops.arn, username: 'ops', groups: ['system:masters'] }],
          users: [],
          accounts: [],
        },
      },
    };
    const { association, customPolicies, mappedBy, rbac } = shrink(given, uses);
    expect(rbac.objects).toHaveLength(2);
    expect([association, customPolicies.isPossible, mappedBy?.source]).toEqual([undefined, false, 'awsAuth']);
  });
});

describe('what the records do not tell', () => {
  const reasons = (uses: readonly AccessUse[]): readonly string[] =>
    shrink(admin, uses).incomplete.map(({ reason }) => reason);
  const early = { at: 1000 };
  const pods = use(ask('get core pods in dev'), early);

  test('nothing is unused where nothing is recorded of anybody', () => {
    const { kubernetes, iam, incomplete } = shrink(admin, []);
    expect([kubernetes.neverUsed, iam?.neverUsed]).toEqual([[], []]);
    expect(incomplete).toMatchObject([
      { area: 'usage', reason: expect.stringContaining('no record of requests to cluster `prod` was read') },
      { area: 'usage', reason: expect.stringContaining('no record of calls of AWS was read') },
    ]);
  });

  test('records of anybody count, those of other clusters do not', () => {
    const who = { principalArn: testArn('role/dev') };
    const elsewhere = { kind: 'kubernetes', cluster: 'other', question: ask('get core pods') } as const;
    expect(reasons([{ ...pods, who, did: elsewhere }])).toHaveLength(2);
    expect(reasons([{ ...pods, who }, call('eks:ListClusters', [], { ...early, who })])).toEqual([]);
  });

  test('records that begin late are told, with when', () => {
    const late = use(ask('get core pods in dev'), { at: 2 * 24 * 60 * 60 * 1000 });
    expect(reasons([late, call('eks:ListClusters', [], early)])).toEqual([
      'the records of requests to cluster `prod` begin at 1970-01-03T00:00:00.000Z: what was used before is not known',
    ]);
  });
});

describe('the names of proposed roles and groups', () => {
  const nameOf = (subject: ClusterSubject, rbac: readonly RbacObject[] = []): string =>
    proposedRbac({ everywhere: [], places: [] }, subject, testWorld({ cluster: { rbac } }).cluster).subject
      .name;

  test('no two subjects share one', () => {
    const account = { kind: 'ServiceAccount', namespace: 'a', name: 'b' } as const;
    const subjects: readonly ClusterSubject[] = [
      ops,
      { ...ops, arn: testArn('role/o.ps') },
      { ...ops, type: 'user', arn: testArn('user/ops') },
      { ...ops, accountId: '444455556666', arn: 'arn:aws:iam::444455556666:role/ops' },
    ];
    const names = subjects.map((subject) => nameOf(subject));
    expect(names).toEqual(['ops-used', 'o.ps-used', 'user-ops-used', '444455556666-ops-used']);
    const roles = [
      account,
      { ...account, namespace: 'c' },
      { kind: 'User', namespace: '', name: 'a/b' } as const,
    ].map(
      (subject) =>
        proposedRbac(
          { everywhere: [allow('get', 'core', 'pods')], places: [] },
          subject,
          testWorld().cluster,
        ).objects.map(({ name }) => name)[0],
    );
    expect(roles).toEqual(['serviceaccount-a-b-used', 'serviceaccount-c-b-used', 'user-a-b-used']);
  });

  test('a group that is bound to something else is not taken, one that this proposal bound is', () => {
    expect(nameOf(ops, testGrant('admins', 'Group:ops-used', [allow('*', '*', '*')]))).toBe('ops-used-2');
    expect(nameOf(ops, testGrant('ops-used', 'Group:ops-used', [allow('get', 'core', 'pods')]))).toBe(
      'ops-used',
    );
  });
});
