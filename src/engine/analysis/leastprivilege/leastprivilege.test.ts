import { describe, expect, test } from 'vitest';
import { resourceDefinitions } from '../../../wire/kube/resources.ts';
import { compileStoredPolicy } from '../../iam/compile.ts';
import { evaluate } from '../../iam/evaluate.ts';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { knownActions } from '../catalogue/catalogue.ts';
import {
  stockRbac,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testTakenAt,
  testWorld,
} from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import type { KnownResource } from '../whatcan/closest.ts';
import { permissionsOf } from '../whatcan/permissions.ts';
import { askRules } from '../whatcan/rules.ts';
import { principalOf } from '../world/callers.ts';
import type { Question } from '../world/question.ts';
import type { IamSubject } from '../world/subject.ts';
import { collectUses, leastPrivilege } from './leastprivilege.ts';

const universe: readonly KnownResource[] = resourceDefinitions.map(
  ({ group, resource, verbs, namespaced }) => ({
    ...{ apiGroup: group, resource, verbs, isNamespaced: namespaced },
  }),
);
const ops: IamSubject = {
  kind: 'iam',
  type: 'role',
  arn: testArn('role/ops'),
  accountId: '111122223333',
  principalId: 'AROAOPS',
  standing: 'exists',
};
const range = { since: 0, until: testTakenAt };
const asOps = { principalArn: ops.arn, principalId: ops.principalId };

/** `get core pods/log in dev named p`. */
function ask(text: string): Question {
  const [, verb = '', group = '', target = '', namespace = '', name = ''] =
    /^(\S+) (\S+) (\S+)(?: in (\S+))?(?: named (\S+))?$/.exec(text) ?? [];
  const [resource = '', subresource = ''] = target.split('/');
  return {
    kind: 'resource',
    ...{ verb, resource, subresource, namespace, name, apiGroup: group === 'core' ? '' : group },
  };
}
const use = (question: Question, change: Partial<AccessUse> = {}): AccessUse => ({
  ...{ at: testTakenAt - 1000, who: asOps, did: { kind: 'kubernetes', question }, allowed: true },
  ...change,
});
const call = (
  action: string,
  resources: readonly string[] = [],
  change: Partial<AccessUse> = {},
): AccessUse => ({
  ...{ at: testTakenAt - 1000, who: asOps, did: { kind: 'aws', action, resources }, allowed: true },
  ...change,
});

type Given = Parameters<typeof testWorld>[0];
function shrink(
  given: Given,
  uses: readonly AccessUse[],
  options: { roundUp?: boolean; names?: boolean } = {},
) {
  const { world, cluster } = testWorld(given);
  const used = collectUses(cluster, ops, range);
  for (const one of uses) used.add(one);
  return {
    ...leastPrivilege(world, cluster, { subject: ops, usage: used.ledger(), universe, ...options }),
  };
}
const withPolicies = (
  policies: Readonly<Record<string, readonly string[]>>,
  rbac: readonly RbacObject[] = [],
): Given => ({
  account: { roles: [testRole('ops')] },
  cluster: {
    accessEntries: [testEntry(ops.arn, policies, { kubernetesGroups: ['ops'] })],
    rbac: [...stockRbac, ...rbac],
  },
});
const admin = withPolicies({ AmazonEKSClusterAdminPolicy: [] });

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
});

describe('proposals, by the decider', () => {
  const seed = Number(process.env.ENTRYWAY_SEED ?? Date.now() % 1_000_000);
  const rounds = Number(process.env.ENTRYWAY_LEASTPRIVILEGE_ROUNDS ?? 12);

  test(`each allows what was used, needs all its rules, and gives nothing new (seed ${seed}, ${rounds} rounds)`, () => {
    let state = seed;
    const next = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >>> 8) % below;
    };
    const one = <T>(list: readonly T[]): T => list[next(list.length)] as T;
    for (let round = 0; round < rounds; round++) {
      const rule = (): PolicyRule =>
        allow(
          one(['get list', '*', 'get create', 'delete']),
          one(['core', 'apps', '*']),
          one(['pods', 'pods/log secrets', '*', '*/scale deployments']),
          next(4) === 0 ? 'a b' : '',
        );
      const given = withPolicies(
        {
          [one(['AmazonEKSViewPolicy', 'AmazonEKSEditPolicy', 'AmazonEKSSecretReaderPolicy'])]: one([
            [],
            ['dev'],
            ['d*'],
          ]),
        },
        [
          ...testGrant('one', 'Group:ops', [rule()], one(['', 'dev', 'prod'])),
          ...testGrant('two', 'Group:ops', [rule()], one(['', 'dev'])),
        ],
      );
      const { cluster } = testWorld(given);
      const uses = Array.from({ length: 25 }, () => {
        const where = one(['', ' in dev', ' in prod']);
        const question = ask(
          `${one(['get', 'list', 'create', 'delete'])} ${one(['core', 'apps'])} ${one(['pods', 'pods/log', 'secrets', 'deployments/scale', 'nodes'])}${where}${one(['', ' named a', ' named c'])}`,
        );
        return use(question, { allowed: cluster.can(ops, question).allowed });
      });
      const options = { roundUp: next(2) === 0, names: next(2) === 0 };
      const { kubernetes, rbac, customPolicies } = shrink(given, uses, options);
      const allowed = uses
        .filter((one) => one.allowed)
        .flatMap(({ did }) => (did.kind === 'kubernetes' ? [did.question] : []));
      const customArn = (at: number): string => `arn:aws:eks::111122223333:cluster-access-policy/p${at}`;
      const policies = customPolicies.isPossible ? customPolicies.policies : [];
      const byRbac: Given = {
        account: { roles: [testRole('ops')] },
        cluster: {
          accessEntries: [testEntry(ops.arn, {}, { kubernetesGroups: [rbac.subject.name] })],
          rbac: [...stockRbac, ...rbac.objects],
        },
      };
      const byPolicies: Given = {
        account: {
          roles: [testRole('ops')],
          accessPolicies: policies.map(({ rules }, at) => ({
            arn: customArn(at),
            name: `p${at}`,
            version: 1,
            rules,
          })),
        },
        cluster: {
          rbac: stockRbac,
          accessEntries: [
            testEntry(
              ops.arn,
              {},
              {
                associatedPolicies: policies.map(({ accessScope }, at) => ({
                  policyArn: customArn(at),
                  accessScope,
                })),
              },
            ),
          ],
        },
      };
      for (const proposal of [byRbac, byPolicies]) {
        const proposed = testWorld(proposal).cluster;
        for (const question of allowed) {
          expect(proposed.can(ops, question).allowed, JSON.stringify({ round, question })).toBe(true);
        }
        // Whatever the proposal allows, it has now: asked of everything there is.
        const has = permissionsOf(cluster, cluster.identitiesOf(ops).identities);
        const gets = permissionsOf(proposed, proposed.identitiesOf(ops).identities);
        for (const namespace of ['', 'dev', 'prod', 'other']) {
          const before = askRules(has.rulesIn(namespace));
          for (const rules of gets.rulesIn(namespace)) {
            for (const [verb, group, resource, name] of rules.verbs.flatMap((v) =>
              rules.apiGroups.flatMap((g) =>
                rules.resources.flatMap((r) =>
                  (rules.resourceNames.length > 0 ? rules.resourceNames : ['']).map(
                    (n) => [v, g, r, n] as const,
                  ),
                ),
              ),
            )) {
              const question = { ...ask(`${verb} core ${resource}`), apiGroup: group, namespace, name };
              expect(before(question), JSON.stringify({ round, question })).toBe(true);
            }
          }
        }
      }
      if (options.roundUp) continue;
      const rules = [
        ...kubernetes.everywhere.map((_, at) => ({
          everywhere: kubernetes.everywhere.filter((__, other) => other !== at),
          places: kubernetes.places,
        })),
        ...kubernetes.places.flatMap((place, index) =>
          place.rules.map((_, at) => ({
            everywhere: kubernetes.everywhere,
            places: kubernetes.places.map((other, i) =>
              i === index ? { ...place, rules: place.rules.filter((__, j) => j !== at) } : other,
            ),
          })),
        ),
      ];
      const shared = permissionsOf(cluster, cluster.identitiesOf(ops).identities, {
        of: 'everybodys',
      }).everywhere;
      for (const less of rules) {
        const isEnough = allowed.every((question) => {
          const here =
            question.kind === 'resource'
              ? less.places.filter(({ namespaces }) => namespaces.includes(question.namespace))
              : [];
          return askRules([...shared, ...less.everywhere, ...here.flatMap((place) => place.rules)])(question);
        });
        expect(isEnough, JSON.stringify({ round, less })).toBe(false);
      }
    }
  });
});

describe('what was needed of IAM', () => {
  const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
  const grant = (
    Action: string | string[],
    Resource: string | string[] = '*',
    more: object = {},
  ): object => ({ Effect: 'Allow', Action, Resource, ...more });
  const holding = (...statements: object[]): Given => ({
    account: { roles: [testRole('ops', { inlinePolicies: { own: policy(...statements) } })] },
  });
  const other = 'arn:aws:eks:us-east-1:111122223333:cluster/other';

  function mayBy(document: unknown, action: string, resource: string): boolean {
    const compiled = compileStoredPolicy(JSON.stringify(document), 'identity', {
      type: 'inline',
      name: 'own',
    });
    const request = {
      principal: principalOf(ops, 'aws', 's'),
      action,
      resource,
      resourceAccountId: '111122223333',
      context: new Map(),
    };
    return (
      evaluate(request as unknown as Parameters<typeof evaluate>[0], { identity: [compiled] }).decision ===
      'allowed'
    );
  }

  test.each<[string, AccessUse]>([
    ['a refused call', call('eks:ListClusters', [], { allowed: false })],
    ['what nobody needs a permission for', call('sts:GetCallerIdentity')],
    ['what no statement allows: a trust policy did', call('iam:GetRole', [testArn('role/x')])],
  ])('%s gets no policy', (_, one) => {
    expect(shrink(holding(grant('eks:*')), [one]).iam?.policy).toBeUndefined();
  });

  test('actions and resources that were used, no others', () => {
    const { iam } = shrink(holding(grant('*')), [
      call('eks:DescribeCluster', [testClusterArn]),
      call('eks:ListClusters'),
      call('eks:DescribeCluster', [other]),
    ]);
    expect(iam?.policy).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [other, testClusterArn].sort() },
        { Effect: 'Allow', Action: ['eks:ListClusters'], Resource: ['*'] },
      ],
    });
    expect(iam?.neverUsed).toContain('iam:CreateUser');
    expect(mayBy(iam?.policy, 'eks:DescribeCluster', testClusterArn)).toBe(true);
    expect(mayBy(iam?.policy, 'eks:DeleteCluster', testClusterArn)).toBe(false);
  });

  test('a call whose resource is not told keeps the resources that are held', () => {
    const { iam } = shrink(holding(grant('eks:*', testClusterArn)), [call('eks:DescribeCluster')]);
    expect(iam?.policy?.Statement).toEqual([
      { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [testClusterArn] },
    ]);
  });

  test('conditions and denials stay', () => {
    const Condition = { Bool: { 'aws:MultiFactorAuthPresent': ['true'] } };
    const deny = { Effect: 'Deny', NotAction: ['eks:*'], Resource: ['*'] };
    const { iam } = shrink(holding(grant('eks:*', '*', { Condition }), deny), [
      call('eks:DescribeCluster', [testClusterArn]),
    ]);
    expect(iam?.policy?.Statement).toEqual([
      { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [testClusterArn], Condition },
      deny,
    ]);
  });

  test('text of the earlier version does not become a variable', () => {
    const resource = 'arn:aws:eks:us-east-1:111122223333:cluster/${aws:username}*';
    const old = JSON.stringify({ Version: '2008-10-17', Statement: [grant('eks:*', resource)] });
    const { iam } = shrink({ account: { roles: [testRole('ops', { inlinePolicies: { old } })] } }, [
      call('eks:DescribeCluster'),
    ]);
    expect(iam?.policy?.Statement[0]?.Resource).toEqual([
      'arn:aws:eks:us-east-1:111122223333:cluster/${$}{aws:username}*',
    ]);
  });

  test('a proposal allows nothing its policies do not', () => {
    const statements = [
      grant(['eks:Describe*', 'iam:Get*'], ['*']),
      grant('eks:*', testClusterArn),
      { Effect: 'Allow', NotAction: ['iam:*'], NotResource: [other] },
      { Effect: 'Deny', Action: ['eks:DeleteCluster'], Resource: ['*'] },
    ];
    const uses = [
      'eks:DescribeCluster',
      'eks:CreateAccessEntry',
      'iam:GetRole',
      'eks:ListClusters',
      'eks:DeleteCluster',
    ].flatMap((action) => [call(action, [testClusterArn]), call(action)]);
    const { iam } = shrink(holding(...statements), uses);
    const held = { Version: '2012-10-17', Statement: statements };
    let compared = 0;
    for (const { name } of knownActions) {
      for (const resource of ['*', testClusterArn, other, testArn('role/x')]) {
        if (!mayBy(iam?.policy, name, resource)) continue;
        expect(mayBy(held, name, resource), `${name} ${resource}`).toBe(true);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });

  test('somebody whose policies were not read gets none, and is told', () => {
    const { world, cluster } = testWorld();
    const stranger: IamSubject = {
      ...ops,
      accountId: '444455556666',
      arn: 'arn:aws:iam::444455556666:role/x',
      standing: 'unlisted',
    };
    const used = collectUses(cluster, stranger, range);
    used.add(call('eks:ListClusters', [], { who: { principalArn: stranger.arn } }));
    const { iam } = leastPrivilege(world, cluster, { subject: stranger, usage: used.ledger(), universe });
    expect(iam).toMatchObject({
      notes: [expect.stringContaining('are not known')],
      used: [{ action: 'eks:ListClusters' }],
    });
    expect(iam?.policy).toBeUndefined();
  });
});
