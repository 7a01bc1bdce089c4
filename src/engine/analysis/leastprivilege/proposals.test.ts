import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { stockRbac, testEntry, testGrant, testRole, testWorld } from '../testworld.ts';
import { permissionsOf } from '../whatcan/permissions.ts';
import { piecesOf } from '../whatcan/pieces.ts';
import { askRules, joinPieces } from '../whatcan/rules.ts';
import { ask, type Given, ops, shrink, use, withPolicies } from './testworld.ts';

describe('proposals, by the decider', () => {
  const seed = Number(process.env.ENTRYWAY_SEED ?? Date.now() % 1_000_000);
  const rounds = Number(process.env.ENTRYWAY_LEASTPRIVILEGE_ROUNDS ?? 8);

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
      /** The rules without each of their smallest parts in turn. */
      const lessThan = (rules: readonly PolicyRule[]): readonly (readonly PolicyRule[])[] => {
        const pieces = piecesOf(rules) ?? [];
        return pieces.map((_, at) => joinPieces(pieces.filter((__, other) => other !== at)));
      };
      const rules = [
        ...lessThan(kubernetes.everywhere).map((everywhere) => ({ everywhere, places: kubernetes.places })),
        ...kubernetes.places.flatMap((place, index) =>
          lessThan(place.rules).map((less) => ({
            everywhere: kubernetes.everywhere,
            places: kubernetes.places.map((other, i) => (i === index ? { ...place, rules: less } : other)),
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
