import { expect, test } from 'vitest';
import type { Attributes, UserInfo } from '../../src/engine/authorizer/attributes.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';
import { judge, ruleAllows } from '../reference/authorizer.ts';
import { piecesOf } from '../reference/escalation.ts';
import { seedOfRun } from '../seed.ts';
import { createBothSides } from './bothsides.ts';
import { createRandom, type Random, roundsOfRun } from './random.ts';
import { randomAttributes, randomUser } from './world.ts';

/** One request for each piece of the rules, where a star of a rule is something nobody else thought of. */
function requestsOf(rules: readonly PolicyRule[], user: UserInfo, namespace: string): readonly Attributes[] {
  return piecesOf(rules).map(({ verb: ruleVerb, resource: asked, url }): Attributes => {
    const verb = ruleVerb === '*' ? 'ponder' : ruleVerb;
    if (asked === undefined) {
      return { kind: 'nonResource', user, verb, path: (url ?? '').replace(/\*+$/, '/else') };
    }
    const [resource = '', ...rest] = (asked.resource === '*' ? 'thoughts' : asked.resource).split('/');
    return {
      ...{ kind: 'resource', user, verb, apiVersion: 'v1', namespace },
      apiGroup: asked.group === '*' ? 'of.nobody' : asked.group,
      ...{ resource: resource === '*' ? 'thoughts' : resource, subresource: rest.join('/') },
      name: asked.name ?? 'something',
    };
  });
}

const namespaceFor = (random: Random): string => random.pick(['dev', 'prod', 'dev-a']);

test('a rules review lists what RBAC allows, all of it and nothing else', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(20);
  console.log(`differential rules review: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  const counts = { reviews: 0, listed: 0, asked: 0, allowedByRbac: 0, incomplete: 0 };
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const sides = createBothSides(random);
    for (let review = 0; review < 5; review++) {
      if (review > 0) sides.change();
      const user = randomUser(random);
      const namespace = namespaceFor(random);
      const listed = sides.authorizer.rulesFor(user, namespace);
      const story = `seed ${seed}, round ${round}, review ${review}`;
      counts.reviews++;
      if (listed.incomplete) counts.incomplete++;
      const world = sides.world();
      // B22: those of RoleBindings are listed as well, which give no URLs (B7); the ones of ClusterRoleBindings do.
      const urls = sides.authorizer.rulesFor(user, '').nonResourceRules;
      expect(listed.nonResourceRules.slice(0, urls.length), story).toEqual(urls);
      for (const asked of requestsOf([...listed.resourceRules, ...urls], user, namespace)) {
        counts.listed++;
        // An empty name is no name, and names allow nothing without one.
        if (asked.kind === 'resource' && asked.name === '') continue;
        if (sides.authorizer.authorize(asked).decision !== 'allow' || !judge(world, asked).allowed) {
          throw new Error(`listed and not allowed, ${story}: ${JSON.stringify({ asked, world })}`);
        }
      }
      for (let question = 0; question < 40; question++) {
        const other = randomAttributes(random);
        const asked: Attributes =
          other.kind === 'resource' ? { ...other, user, namespace } : { ...other, user };
        const { decision, evidence } = sides.authorizer.authorize(asked);
        counts.asked++;
        if (decision !== 'allow') continue;
        if (evidence.by === 'accessPolicy') expect(listed.incomplete, story).toBe(true);
        if (evidence.by !== 'rbac') continue;
        counts.allowedByRbac++;
        const rules = asked.kind === 'resource' ? listed.resourceRules : listed.nonResourceRules;
        if (!rules.some((rule) => ruleAllows(rule, asked))) {
          throw new Error(`allowed and not listed, ${story}: ${JSON.stringify({ asked, world })}`);
        }
      }
    }
  }
  console.log(`differential rules review: ${JSON.stringify(counts)}`);
  for (const [what, times] of Object.entries(counts)) expect(times, what).toBeGreaterThan(rounds / 20);
}, 900_000);
