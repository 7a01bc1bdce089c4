/**
 * What analyses say of the AWS credentials of pods, and what the services then do: `explain pod` and `who-can` on generated
 * small worlds, beside the webhook, EKS Auth, STS and IAM over the same records. A sure answer must be what happens, and
 * whoever gets through must be in every list.
 */
import { expect, test } from 'vitest';
import { explainPod } from '../../src/engine/analysis/workload/explainpod.ts';
import { whoCanBecomeRole, whoCanCall } from '../../src/engine/analysis/workload/whocancall.ts';
import { parseWorkload } from '../../src/engine/analysis/workload/workload.ts';
import type { WorkloadRow } from '../../src/engine/analysis/workload/workloadrow.ts';
import { createWorld } from '../../src/engine/analysis/world/world.ts';
import type { Principal } from '../../src/engine/iam/principal.ts';
import { seedOfRun } from '../seed.ts';
import { createRandom, type Random, roundsOfRun } from './random.ts';
import { type MadePod, openServices } from './workloadservices.ts';
import {
  arnOfRole,
  calls,
  generatePodWorld,
  type PodAccount,
  type PodWorld,
  partOf,
} from './workloadworld.ts';

/** Credentials that pods of an account can have, and how. */
interface Had {
  readonly account: Pick<PodAccount, 'namespace' | 'name'>;
  readonly roleArn: string;
  readonly mechanism: 'irsa' | 'podIdentity';
  readonly principal: Principal;
}

const audiences = ['sts.amazonaws.com', 'app', 'nobody'] as const;
/** No list has it. */
const ghost = { namespace: 'a', name: 'ghost' };

async function round(
  random: Random,
  world: PodWorld,
  { seen, isWhole }: { readonly seen: Set<string>; readonly isWhole: boolean },
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const services = await openServices(world);
  const pods: MadePod[] = [];
  for (const account of world.accounts) pods.push(await services.makePod(account, `pod-${account.name}`));
  // What was told to the pods stays, what is given changes.
  for (const account of world.accounts) if (random.chance(0.1)) await services.dissociate(account);
  const whole = await services.snapshot();
  const snapshot = isWhole ? whole : partOf(whole, random);
  const analysed = createWorld(snapshot);
  const [cluster] = snapshot.clusters;
  if (cluster === undefined) throw new Error('the snapshot has no cluster');

  for (const pod of pods) {
    const name = `${pod.account.namespace}/${pod.name}`;
    const principal = await services.credentialsOf(pod);
    const workload = parseWorkload(name, { cluster, snapshot }, { isAccount: false });
    for (const call of calls) {
      const isAllowed = principal !== undefined && (await services.may(principal, call));
      const { certainty, steps, changes } = explainPod(analysed, cluster, workload, call, { limit: 0 });
      seen.add(`explain ${certainty} ${isAllowed}`);
      if (certainty === (isAllowed ? 'never' : 'always'))
        wrong.push(
          `explain pod ${name} ${call.action}: ${certainty}, and it is ${isAllowed ? 'allowed' : 'refused'} (${steps.map(({ message }) => message).join(' | ')}) ${changes.length}`,
        );
    }
  }

  // Of accounts that were not read only what a cluster names can be told.
  const isKnown = (accountId: string): boolean =>
    snapshot.accounts.some((one) => one.accountId === accountId);
  const had: Had[] = [];
  for (const account of [...world.accounts, ghost]) {
    for (const role of world.roles.filter(({ accountId }) => isKnown(accountId))) {
      const roleArn = arnOfRole(role);
      for (const audience of audiences) {
        const principal = await services.webIdentity(account, roleArn, audience);
        if (principal !== undefined) had.push({ account, roleArn, mechanism: 'irsa', principal });
      }
    }
    const principal = await services.podIdentity({ account, name: `pod-${account.name}` });
    if (principal !== undefined && isKnown(principal.accountId))
      had.push({ account, roleArn: principal.principalArn, mechanism: 'podIdentity', principal });
  }
  /** With a role of the account at all; `by` that one. */
  const isListed = (rows: readonly WorkloadRow[], { namespace, name }: Had['account'], by?: Had): boolean =>
    rows.some(
      (row) =>
        (by === undefined ||
          ((row.assumes?.at(-1) ?? row.roleArn) === by.roleArn && row.mechanism === by.mechanism)) &&
        (row.isPattern === true
          ? fits(row.namespace, namespace) && fits(row.name, name)
          : row.namespace === namespace && row.name === name),
    );
  const sure = (rows: readonly WorkloadRow[]) =>
    rows.filter(({ certainty, isPattern }) => certainty === 'always' && isPattern !== true);
  /** Of those that nobody has made yet too. */
  const hadBy = async (row: WorkloadRow): Promise<readonly Had[]> => {
    const account = { namespace: row.namespace, name: row.name };
    if (world.accounts.some((one) => nameOf(one) === nameOf(account))) return hadByListed(row);
    const sessions = await Promise.all(
      audiences.map((audience) => services.webIdentity(account, row.roleArn, audience)),
    );
    const { roleArn } = row;
    return sessions.flatMap((principal) =>
      principal === undefined ? [] : [{ account, roleArn, mechanism: 'irsa' as const, principal }],
    );
  };
  const hadByListed = (row: WorkloadRow): readonly Had[] =>
    had.filter(
      ({ account, roleArn, mechanism }) =>
        roleArn === row.roleArn &&
        mechanism === row.mechanism &&
        account.namespace === row.namespace &&
        account.name === row.name,
    );

  for (const call of calls) {
    const { rows } = whoCanCall(analysed, call);
    const able = new Set<Had>();
    for (const one of had) if (await services.may(one.principal, call)) able.add(one);
    for (const one of able) {
      seen.add('can');
      if (!isListed(rows, one.account, one)) wrong.push(`who can ${call.action}: not ${shown(one)}`);
    }
    for (const row of sure(rows)) {
      seen.add('surely');
      let isAble = false;
      for (const { principal } of await hadBy(row)) isAble ||= await services.may(principal, call);
      if (!isAble) wrong.push(`who can ${call.action}: not really ${JSON.stringify(row)}`);
    }
  }

  for (const role of world.roles.filter(({ accountId }) => isKnown(accountId))) {
    const roleArn = arnOfRole(role);
    const { rows } = whoCanBecomeRole(analysed, roleArn);
    for (const one of had) {
      if (one.account === ghost) continue;
      if (!(await reaches(one.principal, roleArn))) continue;
      seen.add(one.roleArn === roleArn ? 'has' : 'becomes');
      if (!isListed(rows, one.account)) wrong.push(`who can become ${role.name}: not ${shown(one)}`);
    }
    for (const row of sure(rows)) {
      const path = (row.assumes ?? []).filter((arn) => arn !== row.roleArn);
      let isReached = false;
      for (const { principal } of await hadBy(row)) isReached ||= await follows(principal, path);
      seen.add(path.length === 0 ? 'surely has' : 'surely becomes');
      if (!isReached) wrong.push(`who can become ${role.name}: not really ${JSON.stringify(row)}`);
    }
  }

  async function follows(principal: Principal, [next, ...path]: readonly string[]): Promise<boolean> {
    if (next === undefined) return true;
    const session = await services.assumeRole(principal, next);
    return session !== undefined && follows(session, path);
  }
  /** In as many steps as it takes. */
  async function reaches(
    principal: Principal,
    wanted: string,
    been: readonly string[] = [],
  ): Promise<boolean> {
    if (principal.principalArn === wanted) return true;
    for (const role of world.roles.filter(({ accountId }) => isKnown(accountId))) {
      const arn = arnOfRole(role);
      if (been.includes(arn)) continue;
      const session = await services.assumeRole(principal, arn);
      if (session !== undefined && (await reaches(session, wanted, [...been, arn]))) return true;
    }
    return false;
  }
  services.close();
  return wrong;
}

function fits(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}

function nameOf({ namespace, name }: Pick<PodAccount, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function shown({ account, roleArn, mechanism }: Had): string {
  return `${nameOf(account)} by ${mechanism} of ${roleArn}`;
}

test('what is said of the credentials of pods is what the services do', async () => {
  const first = seedOfRun();
  const rounds = roundsOfRun(25);
  console.log(`differential workload: ENTRYWAY_SEED=${first} ENTRYWAY_ROUNDS=${rounds}`);
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (let seed = first; seed < first + rounds; seed++) {
    const random = createRandom(seed);
    const world = generatePodWorld(random);
    const found = await round(random, world, { seen, isWhole: seed % 3 !== 0 });
    if (found.length > 0 && wrong.length === 0) console.log(`seed ${seed}: ${JSON.stringify(world)}`);
    wrong.push(...found.map((one) => `seed ${seed}: ${one}`));
  }
  expect(wrong).toEqual([]);
  // Worlds in which nobody gets anything would show nothing.
  const usual = ['explain always true', 'explain never false', 'can', 'surely', 'has', 'surely has'];
  expect([...seen]).toEqual(expect.arrayContaining(usual));
}, 3_600_000);
