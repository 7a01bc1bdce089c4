/** Of worlds made at random: a plan changes nobody's roles, and looking only at what it touches misses nothing. */
import { expect, test } from 'vitest';
import type { Certainty } from '../iamworld/answer.ts';
import { accountsIn, createWorkloadRoles } from '../reach/workloadroles.ts';
import type { SnapshotRole } from '../snapshot/snapshot.ts';
import {
  type SeededRandom,
  seededRandom,
  testArn,
  testCluster,
  testClusterArn,
  testRole,
  testSnapshot,
} from '../testworld.ts';
import { createWorld, type World } from '../world/world.ts';
import { afterStep } from './after.ts';
import { planIrsaMigration } from './create.ts';
import type { IrsaPlan } from './plan.ts';
import { proveIrsaMigration } from './proof.ts';
import { account, issuerHost, policy, providerArn, sub, tokenStatement } from './testworld.ts';

const seeds = Number(process.env.ENTRYWAY_SEEDS ?? 40);
const names = ['a/x', 'a/y', 'b/x', 'b/y', 'c/z'];
const roleNames = ['one', 'two', 'three'];
const rank: Readonly<Record<Certainty, number>> = { never: 0, sometimes: 1, always: 2 };

function randomRole(name: string, { pick, chance, some }: SeededRandom): SnapshotRole {
  const subjects = some(names, 0.5).map(sub);
  const tokens = tokenStatement(
    pick([subjects, subjects, 'system:serviceaccount:a:*', 'system:serviceaccount:*:x', sub(pick(names))]),
  );
  const service = {
    ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
    Action: chance(0.7) ? ['sts:AssumeRole', 'sts:TagSession'] : 'sts:AssumeRole',
    ...(chance(0.3) && {
      Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': pick(['a', 'b']) } },
    }),
  };
  const deny = {
    ...{ Effect: 'Deny', Principal: '*', Action: pick(['sts:TagSession', 'sts:AssumeRoleWithWebIdentity']) },
    Condition: pick([
      { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'a' } },
      { StringEquals: { [`${issuerHost}:sub`]: sub(pick(names)) } },
      { Null: { 'aws:RequestTag/kubernetes-namespace': 'true' } },
    ]),
  };
  const other = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  return testRole(name, {
    trustPolicy: policy(
      ...(chance(0.8) && subjects.length > 0 ? [tokens] : []),
      ...(chance(0.3) ? [service] : []),
      ...(chance(0.2) ? [deny] : []),
      other,
    ),
  });
}

function randomWorld(random: SeededRandom): World {
  const { pick, chance, some } = random;
  const accounts = () => names.map((name) => account(name, chance(0.6) ? pick(roleNames) : undefined));
  const associations = () =>
    some(names, 0.2).map((name, at) => {
      const { namespace, name: serviceAccount } = account(name);
      const roleArn = testArn(`role/${pick(roleNames)}`);
      return {
        associationId: `a-${at}`,
        namespace,
        serviceAccount,
        roleArn,
        disableSessionTags: chance(0.3),
      };
    });
  const { clusters, ...snapshot } = testSnapshot({
    account: {
      roles: roleNames.map((name) => randomRole(name, random)),
      oidcProviders: [{ arn: providerArn, url: issuerHost, clientIds: ['sts.amazonaws.com'] }],
    },
    cluster: {
      ...{
        issuer: `https://${issuerHost}`,
        serviceAccounts: accounts(),
        podIdentityAssociations: associations(),
      },
      namespaces: ['a', 'b', 'c'],
    },
  });
  const other = testCluster({
    ...{ arn: testClusterArn.replace('prod', 'test'), name: 'test', issuer: 'https://other.example/id/A' },
    ...{ serviceAccounts: accounts(), podIdentityAssociations: associations(), namespaces: ['a', 'b', 'c'] },
  });
  return createWorld({ ...snapshot, clusters: [...clusters, other] });
}

/** Everybody with every role, one after the other. */
function everyPair(world: World): ReadonlyMap<string, Certainty> {
  const workloads = createWorkloadRoles(world);
  const found = new Map<string, Certainty>();
  for (const cluster of world.clusters) {
    for (const one of accountsIn(cluster)) {
      for (const { role, certainty } of workloads.rolesOf(cluster, one)) {
        const key = `${cluster.cluster.arn} ${one.namespace}/${one.name} ${role.arn}`;
        if (rank[certainty] > rank[found.get(key) ?? 'never']) found.set(key, certainty);
      }
    }
  }
  return found;
}

function changesOf(world: World, plan: IrsaPlan): ReadonlySet<string> {
  const before = everyPair(world);
  const changes = new Set<string>();
  for (const step of ['prepared', 'finished'] as const) {
    const after = everyPair(afterStep(world, plan, step));
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(key) ?? 'never', after.get(key) ?? 'never'];
      if (was !== is) changes.add(`${step} ${key} ${rank[is] > rank[was] ? 'gains' : 'loses'}`);
    }
  }
  return changes;
}

const told = (world: World, plan: IrsaPlan): ReadonlySet<string> => {
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('it has two');
  return new Set(
    proveIrsaMigration(world, cluster, plan)
      .pairs.filter(({ serviceAccount }) => !/[*?]/.test(serviceAccount))
      .map(
        ({ step, clusterArn, namespace, serviceAccount, roleArn, verdict }) =>
          `${step} ${clusterArn} ${namespace}/${serviceAccount} ${roleArn} ${verdict}`,
      ),
  );
};

test(`${seeds} plans change nobody's roles; of ${seeds} that were spoilt, everything is told`, () => {
  let moved = 0;
  let spoilt = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seededRandom(seed);
    const world = randomWorld(random);
    const [cluster] = world.clusters;
    if (cluster === undefined) continue;
    const plan = planIrsaMigration(world, cluster);
    moved += plan.associations.length;
    expect([...changesOf(world, plan)], `seed ${seed}`).toEqual([]);
    expect([...told(world, plan)], `seed ${seed}`).toEqual([]);
    const { pick } = random;
    const words = names.map((name) => account(name).name);
    const edit = (text: string): string =>
      text.replaceAll(`"${pick(words)}"`, `"${pick(words)}"`).replace(':a:x', ':b:y');
    const wrong: IrsaPlan = {
      ...plan,
      associations: plan.associations.map((one) => ({ ...one, roleArn: testArn(`role/${pick(roleNames)}`) })),
      roles: plan.roles.map((role) => ({
        ...role,
        prepared: edit(role.prepared),
        finished: edit(role.finished),
      })),
    };
    const changes = changesOf(world, wrong);
    spoilt += changes.size;
    expect(told(world, wrong), `seed ${seed}`).toEqual(changes);
  }
  expect(moved).toBeGreaterThan(seeds / 2);
  expect(spoilt).toBeGreaterThan(seeds / 2);
});
