import { describe, expect, test } from 'vitest';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { stockRbac, testArn, testEntry, testGrant, testRole, testWorld } from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { permissionsOf } from './permissions.ts';
import { askRules, minimalRules, rulesBeyond } from './rules.ts';

const resource = (text: string, namespace = '', name = ''): Question => {
  const [verb = '', group = '', target = ''] = text.split(' ');
  const [plural = '', subresource = ''] = target.split('/');
  return {
    kind: 'resource',
    verb,
    apiGroup: group === 'core' ? '' : group,
    resource: plural,
    subresource,
    namespace,
    name,
  };
};

describe('minimal rules', () => {
  test.each<[string, readonly PolicyRule[], readonly PolicyRule[]]>([
    [
      'a wildcard swallows lists',
      [allow('get list', 'core', 'pods'), allow('*', 'core', '*')],
      [allow('*', 'core', '*')],
    ],
    [
      'verbs of one resource are one rule',
      [allow('list', 'core', 'pods'), allow('get', 'core', 'pods')],
      [allow('get list', 'core', 'pods')],
    ],
    [
      'a rule for any object swallows names',
      [allow('get', 'core', 'secrets', 'a b'), allow('get', 'core', 'secrets')],
      [allow('get', 'core', 'secrets')],
    ],
    [
      'names stay exact',
      [allow('get', 'core', 'secrets', 'b'), allow('get', 'core', 'secrets', 'a')],
      [allow('get', 'core', 'secrets', 'a b')],
    ],
    [
      'the subresource of any resource swallows one',
      [allow('get', 'apps', 'deployments/scale'), allow('get', 'apps', '*/scale')],
      [allow('get', 'apps', '*/scale')],
    ],
    [
      'a resource does not swallow its subresources',
      [allow('get', 'core', 'pods pods/log')],
      [allow('get', 'core', 'pods pods/log')],
    ],
    [
      'a prefix of paths swallows longer ones',
      [allowUrls('get', '/api/v1 /api* /api/**')],
      [allowUrls('get', '/api*')],
    ],
    ['a rule without verbs is none', [allow('', 'core', 'pods')], []],
    [
      'the object named by nothing is nobody’s',
      [{ ...allow('get', 'core', 'pods'), resourceNames: [''] }],
      [],
    ],
    [
      'paths of a rule with resources stand apart',
      [{ ...allow('get', 'core', 'pods'), nonResourceURLs: ['/x'] }],
      [allow('get', 'core', 'pods'), allowUrls('get', '/x')],
    ],
  ])('%s', (_, rules, expected) => expect(minimalRules(rules)).toEqual(expected));

  test('rules too many to take apart stay as they are', () => {
    const many = Array.from({ length: 600 }, (_, i) => `r${i}`).join(' ');
    const rules = [allow('get', many, many)];
    expect(minimalRules(rules)).toEqual(rules);
  });
});

describe('what one has and the other lacks', () => {
  test.each<[string, readonly PolicyRule[], readonly PolicyRule[], unknown]>([
    ['nothing beyond a wildcard', [allow('get list', 'core', 'pods')], [allow('*', '*', '*')], []],
    [
      'two rules together cover a third',
      [allow('get list', 'core', 'pods')],
      [allow('get', '*', 'pods'), allow('list', 'core', '*')],
      [],
    ],
    [
      'a wildcard is more than any list',
      [allow('*', 'core', 'pods')],
      [allow('get list', 'core', '*')],
      [{ rule: allow('*', 'core', 'pods'), except: [allow('get list', 'core', 'pods')] }],
    ],
    [
      'all objects but one',
      [allow('get', 'core', 'secrets')],
      [allow('get', 'core', 'secrets', 'db')],
      [{ rule: allow('get', 'core', 'secrets'), except: [allow('get', 'core', 'secrets', 'db')] }],
    ],
    [
      'paths below others',
      [allowUrls('get', '/api*')],
      [allowUrls('*', '/api/v1')],
      [{ rule: allowUrls('get', '/api*'), except: [allowUrls('get', '/api/v1')] }],
    ],
    [
      'another thing altogether',
      [allow('get', 'apps', 'pods')],
      [allow('get', 'core', 'pods')],
      [{ rule: allow('get', 'apps', 'pods'), except: [] }],
    ],
  ])('%s', (_, owned, other, expected) => expect(rulesBeyond(owned, other)).toEqual(expected));
});

describe('permissions by place', () => {
  const ops = {
    kind: 'iam',
    type: 'role',
    arn: testArn('role/ops'),
    accountId: '111122223333',
    principalId: 'AROAOPS',
    standing: 'exists',
  } as const;
  const permissions = (
    policies: Readonly<Record<string, readonly string[]>>,
    rbac: readonly RbacObject[] = [],
    change: Parameters<typeof testEntry>[2] = {},
  ) => {
    const { cluster } = testWorld({
      account: { roles: [testRole('ops')] },
      cluster: {
        accessEntries: [testEntry(ops.arn, policies, change)],
        rbac,
        namespaces: ['default', 'dev-a', 'prod'],
      },
    });
    return permissionsOf(cluster, cluster.identitiesOf(ops).identities);
  };

  test('who has nothing has no place', () =>
    expect(permissions({})).toMatchObject({ everywhere: [], places: [] }));

  test('a scope of a pattern is told with the namespaces it fits', () => {
    const { everywhere, places } = permissions({ AmazonEKSSecretReaderPolicy: ['dev-*', 'shop'] });
    expect(everywhere).toEqual([]);
    expect(places).toMatchObject([
      {
        namespaces: ['dev-a', 'shop'],
        patterns: ['dev-*'],
        rules: [{ ...allow('get list watch', 'core', 'secrets'), from: [{ by: 'accessPolicy' }] }],
      },
    ]);
  });

  test('what holds everywhere is not told again', () => {
    const groups = { kubernetesGroups: ['readers'] };
    const { everywhere, places } = permissions(
      { AmazonEKSSecretReaderPolicy: ['prod'] },
      testGrant('read', 'Group:readers', [allow('get', 'core', 'secrets pods')]),
      groups,
    );
    expect(everywhere).toMatchObject([
      { ...allow('get', 'core', 'pods secrets'), from: [{ by: 'rbac', binding: { name: 'read' } }] },
    ]);
    expect(places).toMatchObject([{ namespaces: ['prod'], rules: [allow('list watch', 'core', 'secrets')] }]);
  });

  test('an expired association is nothing', () => {
    const entry = testEntry(ops.arn, { AmazonEKSViewPolicy: [] });
    const expired = entry.associatedPolicies.map((one) => ({ ...one, expiresAt: 1 }));
    expect(permissions({}, [], { associatedPolicies: expired })).toMatchObject({
      everywhere: [],
      places: [],
    });
  });

  test('system:masters is everything, without a binding', () => {
    const { cluster } = testWorld();
    const { everywhere } = permissionsOf(cluster, [
      { user: { username: 'x', uid: '', groups: ['system:masters'], extra: {} } },
    ]);
    expect(everywhere).toMatchObject([
      { ...allow('*', '*', '*'), from: [{ by: 'systemMasters' }] },
      allowUrls('*', '*'),
    ]);
  });

  test('what everybody has can be told apart', () => {
    const { cluster } = testWorld({ cluster: { rbac: stockRbac } });
    const { identities } = cluster.identitiesOf({ kind: 'User', name: 'ada', namespace: '' });
    expect(permissionsOf(cluster, identities, { of: 'own' })).toMatchObject({ everywhere: [], places: [] });
    expect(permissionsOf(cluster, identities, { of: 'everybodys' }).everywhere.length).toBeGreaterThan(0);
  });
});

describe('agreement with the decider', () => {
  const rounds = Number(process.env.ENTRYWAY_WHATCAN_ROUNDS ?? 150);
  const seed = Number(process.env.ENTRYWAY_SEED ?? Date.now() % 1_000_000);

  /** A small generator of numbers (mulberry32): the same for the same seed. */
  const numbers = (start: number) => {
    let state = start;
    return (below: number): number => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
  };

  test(`minimal rules answer as \`can\` does (seed ${seed}, ${rounds} snapshots)`, () => {
    const next = numbers(seed);
    const one = <T>(list: readonly T[]): T => list[next(list.length)] as T;
    const some = (list: readonly string[]): string => list.filter(() => next(3) === 0).join(' ') || one(list);
    const verbs = ['get', 'list', 'create', 'delete', '*', 'bind'];
    const groups = ['core', 'apps', '*'];
    const resources = [
      'pods',
      'pods/log',
      'deployments',
      'deployments/scale',
      '*/scale',
      '*',
      'secrets',
      'namespaces',
    ];
    const urls = ['/api', '/api/*', '/*', '*', '/healthz', '/a**'];
    const namespaces = ['dev', 'dev-a', 'prod', 'other'];
    const rule = (): PolicyRule =>
      next(5) === 0
        ? allowUrls(some(verbs), some(urls))
        : {
            ...allow(some(verbs), some(groups), some(resources), next(4) === 0 ? some(['a', 'b']) : ''),
            nonResourceURLs: next(8) === 0 ? [one(urls)] : [],
          };
    const rules = (): readonly PolicyRule[] => Array.from({ length: 1 + next(3) }, rule);
    const who = [
      'User:ada',
      'Group:g',
      'Group:system:authenticated',
      'ServiceAccount:dev/sa',
      'User:me:alice',
      'User:me:bob',
    ];
    const subjects: readonly ClusterSubject[] = [
      {
        kind: 'iam',
        type: 'role',
        arn: testArn('role/ops'),
        accountId: '111122223333',
        principalId: 'AROAOPS',
        standing: 'exists',
      },
      { kind: 'User', name: 'ada', namespace: '' },
      { kind: 'Group', name: 'g', namespace: '' },
      { kind: 'ServiceAccount', name: 'sa', namespace: 'dev' },
    ];
    let compared = 0;
    for (let round = 0; round < rounds; round++) {
      const rbac = Array.from({ length: next(4) }, (_, i) =>
        testGrant(`r${i}`, one(who), rules(), next(2) === 0 ? '' : one(namespaces)),
      ).flat();
      const custom = 'arn:aws:eks::111122223333:cluster-access-policy/own';
      const policies: Record<string, readonly string[]> = {};
      for (const name of [
        'AmazonEKSSecretReaderPolicy',
        'AmazonEKSViewPolicy',
        'AmazonEKSClusterAdminPolicy',
        custom,
      ]) {
        if (next(4) === 0) policies[name] = next(3) === 0 ? [] : [one(['dev', 'dev-*', '*', '*-a', 'prod'])];
      }
      const { cluster } = testWorld({
        account: {
          roles: [testRole('ops')],
          accessPolicies: [{ arn: custom, name: 'own', version: 1, rules: rules() }],
        },
        cluster: {
          accessEntries: [
            testEntry(testArn('role/ops'), policies, {
              username: 'me:{{SessionName}}',
              kubernetesGroups: next(2) === 0 ? ['g'] : [],
            }),
          ],
          rbac,
        },
      });
      for (const subject of subjects) {
        const permissions = permissionsOf(cluster, cluster.identitiesOf(subject).identities);
        const byPlace = new Map<string, ReturnType<typeof compile>>();
        const compile = (where: string) => {
          const by = permissions.rulesIn(where);
          expect(minimalRules([...by].reverse())).toEqual(by);
          const place = permissions.places.find((one) => one.namespaces.includes(where));
          const isTold = where === '' || place !== undefined;
          const told = [...permissions.everywhere, ...(place?.rules ?? [])];
          return { mayBy: askRules(by), mayTold: isTold ? askRules(told) : undefined };
        };
        const asked = (where: string): ReturnType<typeof compile> => {
          const known = byPlace.get(where) ?? compile(where);
          byPlace.set(where, known);
          return known;
        };
        for (let at = 0; at < 12; at++) {
          const namespace = next(3) === 0 ? '' : one(namespaces);
          const question: Question =
            next(5) === 0
              ? {
                  kind: 'nonResource',
                  verb: one(['get', 'list', 'odd']),
                  path: one(['/api', '/api/v1', '/healthz', '/', '/abc']),
                }
              : resource(
                  `${one(['get', 'list', 'create', 'bind', 'odd', '*'])} ${one(['core', 'apps', 'batch', '*'])} ${one([...resources, 'x/scale', 'x'])}`,
                  namespace,
                  one(['', 'a', 'c']),
                );
          const where = question.kind === 'resource' ? question.namespace : '';
          const { mayBy, mayTold } = asked(where);
          const { allowed } = cluster.can(subject, question);
          expect(mayBy(question), JSON.stringify({ round, subject, question })).toBe(allowed);
          if (mayTold !== undefined) {
            expect(mayTold(question), JSON.stringify({ round, subject, question })).toBe(allowed);
          }
          compared++;
        }
        const [a, b] = [rules(), permissions.rulesIn(one(namespaces))];
        const beyond = rulesBeyond(a, b).map(({ rule, except }) => ({
          isIn: askRules([rule]),
          isExcept: askRules(except),
        }));
        const [mayA, mayB] = [askRules(a), askRules(b)];
        for (let at = 0; at < 12; at++) {
          const question = resource(
            `${one(['get', 'list', 'odd'])} ${one(['core', 'apps', 'x'])} ${one(['pods', 'secrets', 'deployments/scale', 'x'])}`,
            '',
            one(['', 'a', 'c']),
          );
          const isBeyond = beyond.some(({ isIn, isExcept }) => isIn(question) && !isExcept(question));
          expect(isBeyond, JSON.stringify({ round, a, b, question })).toBe(mayA(question) && !mayB(question));
        }
      }
    }
    expect(compared).toBe(rounds * subjects.length * 12);
  });
});
