import { expect, test } from 'vitest';
import { type Authorizer, createAuthorizer } from '../../src/engine/authorizer/authorizer.ts';
import type { Decision } from '../../src/engine/authorizer/decision.ts';
import type { RbacObject } from '../../src/engine/rbac/objects.ts';
import {
  applyingBindings,
  clusterRoleRules,
  judge,
  ruleAllows,
  type World,
  type WorldEntry,
  type WorldPolicy,
} from '../reference/authorizer.ts';
import { createRandom, type Random, roundsOfRun, seedOfRun } from './random.ts';
import { randomAttributes, randomEntry, randomObject, randomPolicy, randomUser, times } from './world.ts';

const requestsPerRound = 100;

const keyOf = (object: RbacObject): string =>
  `${object.kind}/${'namespace' in object ? object.namespace : ''}/${object.name}`;

/** Changes both sides alike, one object at a time, as a cluster changes. */
function change(
  random: Random,
  authorizer: Authorizer,
  objects: Map<string, RbacObject>,
  entries: Map<string, WorldEntry>,
  policies: Map<string, WorldPolicy>,
): void {
  const object = randomObject(random);
  if (random.chance(0.7)) {
    authorizer.applyObject(object);
    objects.set(keyOf(object), object);
  } else {
    const namespace = 'namespace' in object ? object.namespace : '';
    authorizer.removeObject({ kind: object.kind, namespace, name: object.name });
    objects.delete(keyOf(object));
  }
  const entry = randomEntry(random);
  if (random.chance(0.7)) {
    authorizer.applyEntry(entry);
    entries.set(entry.principalArn, entry);
  } else {
    authorizer.removeEntry(entry.principalArn);
    entries.delete(entry.principalArn);
  }
  const policy = randomPolicy(random);
  if (random.chance(0.7)) {
    authorizer.applyPolicy({ ...policy, name: 'own', version: 1 });
    policies.set(policy.policyArn, policy);
  } else {
    authorizer.removePolicy(policy.policyArn);
    policies.delete(policy.policyArn);
  }
}

function checkEvidence(decision: Decision): void {
  const { evidence } = decision;
  if (evidence.by !== 'nothing') return;
  expect(evidence.misses.length).toBeGreaterThan(0);
  for (const { message } of evidence.misses) expect(message).not.toMatch(/undefined|\n/);
}

test('the compiled authorizer decides as the obvious one does, through every change', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(150);
  console.log(`differential authorizer: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  let allowed = 0;
  const met = { ownPolicy: 0, matcher: 0, expired: 0 };
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    let now: number = random.pick(times);
    const authorizer = createAuthorizer({ partition: 'aws', now: () => now });
    const objects = new Map<string, RbacObject>();
    const entries = new Map<string, WorldEntry>();
    const policies = new Map<string, WorldPolicy>();
    const entriesCount = random.chance(0.9);
    authorizer.useEntries(entriesCount);
    for (let step = 20 + random.below(60); step > 0; step--) {
      change(random, authorizer, objects, entries, policies);
    }
    for (let request = 0; request < requestsPerRound; request++) {
      if (random.chance(0.3)) change(random, authorizer, objects, entries, policies);
      if (random.chance(0.1)) now = random.pick(times);
      const world: World = {
        partition: 'aws',
        entriesCount,
        now,
        policies: [...policies.values()],
        entries: [...entries.values()],
        objects: [...objects.values()],
      };
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
      if (decision.evidence.by === 'accessPolicy') {
        if (decision.evidence.version !== undefined) met.ownPolicy++;
        if (decision.evidence.principalArn.includes('*')) met.matcher++;
      } else if (decision.evidence.by === 'nothing') {
        if (decision.evidence.misses.some(({ code }) => code === 'expired')) met.expired++;
      }
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
  for (const times of Object.values(met)) expect(times).toBeGreaterThan(rounds / 10);
}, 120_000);

function compareRules(random: Random, authorizer: Authorizer, world: World): void {
  const user = randomUser(random);
  const namespace = random.pick(['dev', 'prod', '']);
  const expected = applyingBindings(world, user, namespace).flatMap(({ roleRef }) => {
    return authorizer.roleRules(roleRef.kind, namespace, roleRef.name) ?? [];
  });
  expect(authorizer.rbacRulesFor(user, namespace).rules).toEqual(expected);
  for (const object of world.objects) {
    if (object.kind !== 'ClusterRole') continue;
    const rules = authorizer.roleRules('ClusterRole', '', object.name) ?? [];
    const sorted = (list: readonly unknown[]) => list.map((rule) => JSON.stringify(rule)).sort();
    expect(sorted(rules)).toEqual(sorted(clusterRoleRules(world, object)));
  }
}
