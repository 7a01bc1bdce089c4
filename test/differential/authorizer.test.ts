import { expect, test } from 'vitest';
import type { Attributes } from '../../src/engine/authorizer/attributes.ts';
import type { Authorizer } from '../../src/engine/authorizer/authorizer.ts';
import type { Decision } from '../../src/engine/authorizer/decision.ts';
import type { RbacObject } from '../../src/engine/rbac/objects.ts';
import {
  applyingBindings,
  clusterRoleRules,
  judge,
  ruleAllows,
  type World,
} from '../reference/authorizer.ts';
import { seedOfRun } from '../seed.ts';
import { createBothSides } from './bothsides.ts';
import { createRandom, type Random, roundsOfRun } from './random.ts';
import { randomAttributes, randomUser } from './world.ts';

const requestsPerRound = 100;

function checkEvidence(decision: Decision): void {
  const { evidence } = decision;
  if (evidence.by !== 'nothing') return;
  expect(evidence.misses.length).toBeGreaterThan(0);
  for (const { message } of evidence.misses) expect(message).not.toMatch(/undefined|\n/);
}

/** What a comparison was about: a kind that is never met proves nothing. */
function count(
  met: Record<string, number>,
  { reason, evidence }: Decision,
  { user, ...attributes }: Attributes,
  objects: ReadonlyMap<string, RbacObject>,
): void {
  const is = (what: string, holds: boolean | undefined): void => {
    if (holds === true) met[what] = (met[what] ?? 0) + 1;
  };
  is('impersonated', user.impersonated);
  if (evidence.by === 'systemMasters') return;
  if (evidence.by === 'nothing') {
    is('missingRole', reason.endsWith(' not found') || reason.endsWith(' not found]'));
    is(
      'expired',
      evidence.misses.some(({ code }) => code === 'expired'),
    );
    return;
  }
  const { rule } = evidence;
  is('named', rule.resourceNames.length > 0);
  is('url', attributes.kind === 'nonResource');
  is('urlPrefix', attributes.kind === 'nonResource' && !rule.nonResourceURLs.includes(attributes.path));
  is(
    'anySubresource',
    attributes.kind === 'resource' && rule.resources.includes(`*/${attributes.subresource}`),
  );
  if (evidence.by === 'accessPolicy') {
    is('ownPolicy', evidence.version !== undefined);
    is('matcher', evidence.principalArn.includes('*'));
    return;
  }
  const { role, subject, binding } = evidence;
  const object = objects.get(`${role.kind}//${role.name}`);
  is('aggregated', object?.kind === 'ClusterRole' && object.aggregationRule !== undefined);
  is('serviceAccount', subject.kind === 'ServiceAccount');
  const bound = objects.get(`${binding.kind}/${binding.namespace}/${binding.name}`);
  is(
    'ownNamespace',
    bound?.kind === 'RoleBinding' &&
      bound.subjects.some(
        ({ kind, name, namespace }) => kind === subject.kind && name === subject.name && namespace === '',
      ) &&
      subject.kind === 'ServiceAccount',
  );
}

test('the compiled authorizer decides as the obvious one does, through every change', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(110);
  console.log(`differential authorizer: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  let allowed = 0;
  const met = {
    ...{
      ownPolicy: 0,
      matcher: 0,
      expired: 0,
      missingRole: 0,
      aggregated: 0,
      serviceAccount: 0,
      ownNamespace: 0,
    },
    ...{ named: 0, anySubresource: 0, url: 0, urlPrefix: 0, impersonated: 0, changes: 0 },
  };
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const sides = createBothSides(random);
    const { authorizer, objects } = sides;
    for (let request = 0; request < requestsPerRound; request++) {
      if (random.chance(0.3)) {
        sides.change();
        met.changes++;
      }
      if (random.chance(0.1)) sides.passTime();
      const world = sides.world();
      const attributes = randomAttributes(random);
      const decision = authorizer.authorize(attributes);
      const verdict = judge(world, attributes);
      const story = () =>
        `seed ${seed}, round ${round}, request ${request}: ${JSON.stringify({ attributes, decision, world })}`;
      if ((decision.decision === 'allow') !== verdict.allowed) throw new Error(`wrong decision, ${story()}`);
      if (!verdict.reasons.has(decision.reason)) throw new Error(`wrong reason, ${story()}`);
      if (decision.evidence.by === 'rbac' || decision.evidence.by === 'accessPolicy') {
        if (!ruleAllows(decision.evidence.rule, attributes)) throw new Error(`wrong evidence, ${story()}`);
      }
      checkEvidence(decision);
      count(met, decision, attributes, objects);
      if (verdict.allowed) allowed++;
      if (request % 10 === 0) compareRules(random, authorizer, world);
    }
  }
  const share = allowed / (rounds * requestsPerRound);
  console.log(
    `differential authorizer: ${rounds * requestsPerRound} requests, ${Math.round(share * 100)} % allowed; ${JSON.stringify(met)}`,
  );
  // Were nearly everything refused (or allowed), the comparison would prove little.
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.9);
  for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(rounds / 100);
}, 900_000);

function compareRules(random: Random, authorizer: Authorizer, world: World): void {
  const user = randomUser(random);
  const namespace = random.pick(['dev', 'prod', '']);
  // However often somebody is bound to it, the rules of a role are listed once, where it is met first.
  const bound = applyingBindings(world, user, namespace).map(
    ({ roleRef: { kind, name } }) => [kind, name] as const,
  );
  const expected = [...new Map(bound.map((role) => [role.join(' '), role])).values()].flatMap(
    ([kind, name]) => authorizer.roleRules(kind, namespace, name) ?? [],
  );
  expect(authorizer.rbacRulesFor(user, namespace).rules).toEqual(expected);
  for (const object of world.objects) {
    if (object.kind !== 'ClusterRole') continue;
    const rules = authorizer.roleRules('ClusterRole', '', object.name) ?? [];
    const sorted = (list: readonly unknown[]) => list.map((rule) => JSON.stringify(rule)).sort();
    expect(sorted(rules)).toEqual(sorted(clusterRoleRules(world, object)));
  }
}
