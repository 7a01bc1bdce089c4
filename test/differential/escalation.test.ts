import { expect, test } from 'vitest';
import type { Attributes } from '../../src/engine/authorizer/attributes.ts';
import { uncoveredRules } from '../../src/engine/rbac/escalation.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';
import { ruleAllows } from '../reference/authorizer.ts';
import { missingPieces, piecesOf } from '../reference/escalation.ts';
import { seedOfRun } from '../seed.ts';
import { createRandom, type Random, roundsOfRun } from './random.ts';
import { randomRules, vocabulary } from './world.ts';

/** What is asked for is often owned in part: otherwise nearly everything would be missing. */
function randomPair(random: Random): { owned: PolicyRule[]; wanted: PolicyRule[] } {
  const owned = [...randomRules(random), ...randomRules(random)].map(named);
  const parts = random.some(owned, 0.5).map((rule) => ({
    ...rule,
    verbs: random.some(rule.verbs, 0.6),
    apiGroups: random.some(rule.apiGroups, 0.7),
    resources: random.some(rule.resources, 0.7),
  }));
  return { owned, wanted: random.chance(0.5) ? parts : [...parts, ...randomRules(random).map(named)] };
}

/**
 * COMPAT: an empty name in a rule's list is no name here, so that nobody covers it but by all names; Kubernetes compares it
 * like any other.
 */
function named(rule: PolicyRule): PolicyRule {
  return { ...rule, resourceNames: rule.resourceNames.filter((name) => name !== '') };
}

const anybody = { username: 'x', uid: '', groups: [], extra: {} };

function* everyRequest(): Generator<Attributes> {
  for (const verb of vocabulary.verbs) {
    for (const path of [...vocabulary.paths, '/api/v1/x', '/x']) {
      yield { kind: 'nonResource', user: anybody, verb, path };
    }
    for (const apiGroup of vocabulary.groups) {
      for (const resource of vocabulary.resources) {
        for (const subresource of ['', 'log', 'scale', 'else']) {
          for (const name of ['', 'a', 'b', 'else']) {
            const target = { apiGroup, apiVersion: 'v1', resource, subresource, namespace: 'dev', name };
            yield { kind: 'resource', user: anybody, verb, ...target };
          }
        }
      }
    }
  }
}
const requests = [...everyRequest()];

test('the escalation check finds missing what the obvious one does, and lets nobody grant what they may not', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(40);
  console.log(`differential escalation: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  const counts = { compared: 0, pieces: 0, covered: 0, requests: 0 };
  for (let round = 0; round < rounds * 10; round++) {
    const { owned, wanted } = randomPair(createRandom(seed + round));
    const missing = uncoveredRules(owned, wanted);
    const story = `seed ${seed}, round ${round}: ${JSON.stringify({ owned, wanted })}`;
    expect(sorted(piecesOf(missing)), story).toEqual(sorted(missingPieces(owned, wanted)));
    counts.compared++;
    counts.pieces += piecesOf(wanted).length;
    if (missing.length > 0 || wanted.length === 0) continue;
    counts.covered++;
    if (counts.covered % 4 !== 0) continue;
    for (const request of requests) {
      if (!wanted.some((rule) => ruleAllows(rule, request))) continue;
      counts.requests++;
      if (!owned.some((rule) => ruleAllows(rule, request))) {
        throw new Error(`granted more than owned, ${story}: ${JSON.stringify(request)}`);
      }
    }
  }
  console.log(`differential escalation: ${JSON.stringify(counts)}`);
  expect(counts.covered).toBeGreaterThan(rounds / 10);
  expect(counts.covered).toBeLessThan(counts.compared * 0.9);
}, 900_000);

function sorted(pieces: readonly unknown[]): readonly string[] {
  return pieces.map((piece) => JSON.stringify(piece)).sort();
}
