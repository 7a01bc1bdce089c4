/**
 * What is explained agrees with what is decided, what is proposed helps, and what is said to give nothing else gives nothing
 * else, on generated snapshots. ENTRYWAY_SEED repeats a run, ENTRYWAY_ROUNDS makes it longer or shorter.
 */
import { expect, test } from 'vitest';
import { applyEdits } from '../../src/engine/analysis/explain/applyedits.ts';
import type { ProposedChange } from '../../src/engine/analysis/explain/proposedchange.ts';
import { explainRequest } from '../../src/engine/analysis/explain/request.ts';
import type { ClusterWorld } from '../../src/engine/analysis/world/cluster.ts';
import type { Question } from '../../src/engine/analysis/world/question.ts';
import { type ClusterSubject, subjectKey } from '../../src/engine/analysis/world/subject.ts';
import { createWorld, type World } from '../../src/engine/analysis/world/world.ts';
import { createRandom, roundsOfRun } from '../differential/random.ts';
import { seedOfRun } from '../seed.ts';
import { randomQuestion, randomSnapshot } from './randomsnapshot.ts';

const explanationsPerCluster = 2;
const questionsAfter = 8;

test('an explanation says what is decided, and its changes do what they say', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(150);
  console.log(`explanations: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  let refused = 0;
  let changed = 0;
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const world = createWorld(randomSnapshot(random));
    for (const [at, cluster] of world.clusters.entries()) {
      const subjects = cluster.subjects();
      for (let turn = 0; turn < explanationsPerCluster; turn++) {
        const subject = subjects[random.below(subjects.length)];
        if (subject === undefined) continue;
        const question = randomQuestion(random);
        const story = `ENTRYWAY_SEED=${seed + round} ENTRYWAY_ROUNDS=1: ${cluster.cluster.name} ${subjectKey(subject)} ${JSON.stringify(question)}`;
        const explanation = explainRequest(world, cluster, subject, question, {
          extensions: random.chance(0.5),
        });
        const isAllowed = cluster.can(subject, question).allowed;
        expect(explanation.allowed, story).toBe(isAllowed);
        const failed = explanation.steps.filter(({ outcome }) => outcome === 'failed');
        expect(failed.length, story).toBe(isAllowed ? 0 : 1);
        for (const { hint = '', message } of failed) {
          expect(hint.length * message.length, `${story}: no next step`).toBeGreaterThan(0);
        }
        if (isAllowed) expect(explanation.changes, story).toEqual([]);
        else refused++;
        for (const change of explanation.changes) {
          changed++;
          const after = worldAfter(world, at, change);
          const text = `${story} ${change.commands.join('; ')}`;
          expect(after.can(subject, question).allowed, `does not help: ${text}`).toBe(true);
          const { pairs, everything, others, otherCount, othersKnown } = change.adds;
          const isMuch = everything || pairs > 0;
          expect(othersKnown, text).toBe(true);
          for (let asked = 0; asked < questionsAfter; asked++) {
            const other = randomQuestion(random);
            for (const somebody of subjects) {
              const isOwn = somebody === subject;
              if (isOwn ? isMuch || isPartOf(other, question) : isTold(somebody, others, otherCount))
                continue;
              if (!after.can(somebody, other).allowed || cluster.can(somebody, other).allowed) continue;
              if (isOwnName(somebody, subject, after)) continue;
              const isEverybodys = isOwn && isAuthenticated(subject) && cluster.can(anybody, other).allowed;
              expect(isEverybodys, `gives ${subjectKey(somebody)} ${JSON.stringify(other)}: ${text}`).toBe(
                true,
              );
            }
          }
        }
      }
    }
  }
  // A generator that refuses nothing, or for whom nothing helps, would prove nothing.
  expect(refused).toBeGreaterThan(rounds / 2);
  expect(changed).toBeGreaterThan(rounds / 2);
}, 900_000);

const anybody: ClusterSubject = { kind: 'User', name: 'entryway:nobody', namespace: '' };

function worldAfter(world: World, at: number, { edits }: ProposedChange): ClusterWorld {
  const { snapshot } = world;
  const { clusters } = snapshot;
  const cluster = clusters[at];
  if (cluster === undefined) throw new Error('no such cluster');
  const after = applyEdits({ snapshot, cluster }, edits, world.now);
  const changed = clusters.map((one, place) => (place === at ? after.cluster : one));
  const found = createWorld({ ...after.snapshot, clusters: changed }, { now: world.now }).clusters[at];
  if (found === undefined) throw new Error('no such cluster');
  return found;
}

function isTold(somebody: ClusterSubject, others: readonly string[], otherCount: number): boolean {
  return otherCount > others.length || others.includes(subjectKey(somebody));
}

/** Whoever has no credential has not what everybody has who has one. */
function isAuthenticated(subject: ClusterSubject): boolean {
  return !['User:system:anonymous', 'Group:system:unauthenticated'].includes(subjectKey(subject));
}

/** What was asked for also holds for each object of it, and in each namespace of all; a star stands for what it does in a rule. */
function isPartOf(other: Question, asked: Question): boolean {
  const fits = (wanted: string, one: string): boolean => wanted === one || wanted === '*';
  if (!fits(asked.verb, other.verb)) return false;
  if (asked.kind === 'nonResource') {
    if (other.kind !== 'nonResource') return false;
    return asked.path.endsWith('*')
      ? other.path.startsWith(asked.path.replace(/\*+$/, ''))
      : other.path === asked.path;
  }
  if (other.kind === 'nonResource') return false;
  // The name of what is created, and of all that is deleted, is not in a rule.
  const isNamed = asked.name !== '' && asked.verb !== 'create' && asked.verb !== 'deletecollection';
  const wanted = targetOf(asked);
  return (
    fits(asked.apiGroup, other.apiGroup) &&
    (fits(wanted, targetOf(other)) || (other.subresource !== '' && wanted === `*/${other.subresource}`)) &&
    (!isNamed || other.name === asked.name) &&
    (asked.namespace === '' || other.namespace === asked.namespace)
  );
}

/** As a rule writes it: what a review asks for as the resource `pods/log` is the log of pods. */
function targetOf({ resource, subresource }: Extract<Question, { readonly kind: 'resource' }>): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}

/** The user or service account the subject is: bound by its name, the same one. */
function isOwnName(somebody: ClusterSubject, subject: ClusterSubject, after: ClusterWorld): boolean {
  if (somebody.kind === 'iam') return false;
  const names = after.identitiesOf(subject).identities.map(({ user }) => user.username);
  return after.identitiesOf(somebody).identities.some(({ user }) => names.includes(user.username));
}
