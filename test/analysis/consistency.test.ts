/**
 * `can` asked of everybody, `who-can`, `what-can` and the slow reference agree, on generated snapshots. ENTRYWAY_SEED repeats a run,
 * ENTRYWAY_ROUNDS makes it longer or shorter.
 */
import { expect, test } from 'vitest';
import type { Snapshot, SnapshotCluster } from '../../src/engine/analysis/snapshot/snapshot.ts';
import { permissionsOf } from '../../src/engine/analysis/whatcan/permissions.ts';
import { rulesAllow } from '../../src/engine/analysis/whatcan/rules.ts';
import type { AccessPath, PathGrant } from '../../src/engine/analysis/whocan/answer.ts';
import { whoCan } from '../../src/engine/analysis/whocan/whocan.ts';
import type { SubjectIdentity } from '../../src/engine/analysis/world/cluster.ts';
import { type ClusterSubject, subjectKey } from '../../src/engine/analysis/world/subject.ts';
import { createWorld } from '../../src/engine/analysis/world/world.ts';
import type { Decision } from '../../src/engine/authorizer/decision.ts';
import { createRandom, roundsOfRun } from '../differential/random.ts';
import { createReference } from '../reference/analysis.ts';
import { seedOfRun } from '../seed.ts';
import { accessKeyIds, randomQuestion, randomSnapshot, sessionNames } from './randomsnapshot.ts';

const questionsPerCluster = 1;

test('who can is everybody who can, once, each way once, and the first way is the one that decides', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(1_200);
  console.log(`analysis consistency: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  let compared = 0;
  let allowed = 0;
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const snapshot = randomSnapshot(random);
    const world = createWorld(snapshot);
    for (const cluster of world.clusters) {
      const reference = createReference(snapshot, cluster.cluster, sessionNames, accessKeyIds);
      const subjects = cluster.subjects();
      for (let turn = 0; turn < questionsPerCluster; turn++) {
        const question = randomQuestion(random);
        const story = `ENTRYWAY_SEED=${seed + round} ENTRYWAY_ROUNDS=1: ${cluster.cluster.name} ${JSON.stringify(question)}`;
        const { rows } = whoCan(world, cluster, question, { pathsPerRow: 10_000 });
        const decided = new Map<string, Decision>();
        for (const subject of subjects) {
          const answer = cluster.can(subject, question);
          if (answer.allowed) decided.set(subjectKey(subject), answer.decision);
          // Minimal rules take their time; of a part of the rounds they are enough.
          if (round % 100 !== 0) continue;
          const { rulesIn } = permissionsOf(cluster, cluster.identitiesOf(subject).identities);
          const rules = rulesIn(question.kind === 'resource' ? question.namespace : '');
          expect(rulesAllow(rules, question), `${story} what can ${subjectKey(subject)}`).toBe(
            answer.allowed,
          );
        }
        if (
          !sameList(
            rows.map(({ key }) => key),
            [...decided.keys()],
          )
        ) {
          expect(
            rows.map(({ key }) => key),
            story,
          ).toEqual([...decided.keys()]);
        }
        const may = reference.whoMay(question);
        if (!sameList(rows.map(({ key }) => key).sort(), [...may.keys()].sort())) {
          expect(rows.map(({ key }) => key).sort(), story).toEqual([...may.keys()].sort());
        }
        for (const { key, paths, subject, missing } of rows) {
          const told = paths.map(textOf).sort();
          const expected = [...(may.get(key) ?? [])].sort();
          if (!sameList(told, expected)) expect(told, `${story} ${key}`).toEqual(expected);
          const { identities } = cluster.identitiesOf(subject);
          const foreign = paths.find((path) => !isOwn(path, identities));
          if (foreign !== undefined) expect.fail(`${story} ${key}: not its way: ${JSON.stringify(foreign)}`);
          if (missing !== isMissing(snapshot, cluster.cluster, subject))
            expect.fail(`${story} ${key}: missing`);
          const [first] = paths;
          const decision = decided.get(key);
          if (first === undefined || decision === undefined || !isSame(first.grant, decision)) {
            expect(first, `${story} ${key}`).toEqual(decision);
          }
        }
        compared += subjects.length;
        allowed += rows.length;
      }
    }
  }
  console.log(`analysis consistency: ${compared} subjects asked, ${allowed} may`);
  // Where hardly anybody may, agreement says nothing.
  expect(allowed / compared).toBeGreaterThan(0.1);
}, 600_000);

test('in any namespace is in one of those it tells of, and in no other', () => {
  const seed = seedOfRun();
  const rounds = Math.ceil(roundsOfRun(1_200) / 20);
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const world = createWorld(randomSnapshot(random));
    for (const cluster of world.clusters) {
      const question = randomQuestion(random);
      if (question.kind === 'nonResource') continue;
      const story = `ENTRYWAY_SEED=${seed + round} ENTRYWAY_ROUNDS=1: ${cluster.cluster.name} ${JSON.stringify(question)}`;
      const { rows } = whoCan(world, cluster, question, { namespaces: 'any' });
      for (const { key, where } of rows) {
        const isSomewhere = where?.everywhere === true || where?.namespaces.some((name) => name !== '');
        expect(isSomewhere, `${story} ${key}`).toBe(true);
      }
      // `de?` is a scope of no namespace that can be; the others stand for these.
      for (const namespace of ['', 'dev', 'dev-a', 'prod', 'elsewhere', 'de?']) {
        const there = whoCan(world, cluster, { ...question, namespace }).rows.map(({ key }) => key);
        const told = rows
          .filter(({ where }) => where !== undefined && holds(where, namespace))
          .map(({ key }) => key);
        expect(told, `${story} in ${namespace}`).toEqual(there);
      }
    }
  }
}, 600_000);

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at]);
}

function holds(
  { everywhere, namespaces }: { readonly everywhere: boolean; readonly namespaces: readonly string[] },
  namespace: string,
): boolean {
  if (everywhere) return true;
  if (namespace === '') return false;
  return namespaces.some((pattern) =>
    new RegExp(
      `^${pattern
        .split('*')
        .map((piece) => piece.replace('?', '\\?'))
        .join('.*')}$`,
    ).test(namespace),
  );
}

/** A way as the reference tells it. */
function textOf({ grant }: AccessPath): string {
  switch (grant.by) {
    case 'systemMasters':
      return 'masters';
    case 'accessPolicy': {
      const { principalArn, policyArn, accessScope } = grant;
      return ['policy', principalArn, policyArn, accessScope.type, ...accessScope.namespaces].join(' ');
    }
    case 'rbac': {
      const { kind, namespace, name } = grant.binding;
      return ['binding', kind, namespace, name, grant.through.is, grant.through.name].join(' ');
    }
    default:
      return grant satisfies never;
  }
}

/** Whether the way is that of somebody whom the subject can be, and who has what it goes through. */
function isOwn({ identity, grant }: AccessPath, identities: readonly SubjectIdentity[]): boolean {
  const { username, groups } = identity;
  const isOne = identities.some(({ user }) => user.username === username && user.groups === groups);
  if (grant.by === 'systemMasters') return isOne && groups.includes('system:masters');
  if (grant.by === 'accessPolicy') return isOne;
  const { is, name } = grant.through;
  return isOne && (is === 'user' ? username === name : groups.includes(name));
}

/** Of a service account that is not in a list that was wholly read. */
function isMissing(
  { gaps }: Snapshot,
  { serviceAccounts }: SnapshotCluster,
  subject: ClusterSubject,
): true | undefined {
  if (subject.kind !== 'ServiceAccount' || gaps.some(({ area }) => area === 'serviceAccounts'))
    return undefined;
  const { namespace, name } = subject;
  const isThere = serviceAccounts?.some((one) => one.namespace === namespace && one.name === name);
  return isThere === false ? true : undefined;
}

/** Whether a way is what the decider names. */
function isSame(grant: AccessPath['grant'], { evidence }: Decision): boolean {
  return JSON.stringify(identityOf(grant)) === JSON.stringify(identityOf(evidence));
}

function identityOf(evidence: PathGrant | Decision['evidence']): unknown {
  switch (evidence.by) {
    case 'systemMasters':
    case 'nothing':
      return evidence.by;
    case 'accessPolicy':
      return [evidence.principalArn, evidence.policyArn, evidence.accessScope, evidence.rule];
    case 'rbac': {
      const { kind, name, namespace } = evidence.binding;
      return [kind, name, namespace, evidence.role.kind, evidence.role.name, evidence.rule];
    }
    default:
      return evidence satisfies never;
  }
}
