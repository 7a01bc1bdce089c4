import type { Attributes } from '../src/engine/authorizer/attributes.ts';
import { type Authorizer, createAuthorizer } from '../src/engine/authorizer/authorizer.ts';
import { type Change, changesAtTheirWorst, commonChanges } from './changes.ts';
import {
  addEntries,
  addObjects,
  ask,
  entryUser,
  grantOf,
  grantsOf,
  namespaceOf,
  namespaces,
  objectsOf,
  plainUser,
} from './decisionworld.ts';
import { eachAwaitedCall, eachCall, heapBytes, perCall, quantile, seededRandom } from './measure.ts';
import { type CasbinPeer, casbinName, createCasbin } from './peers/casbin.ts';
import { cedarName, createCedar } from './peers/cedar.ts';
import { createLinearRbac } from './peers/linear.ts';
import { duration, type Report, rate, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';

const sizes = [10, 1_000, 100_000] as const;
/** Cedar takes some 15 s to parse 100,000 policies and 0.5 s for each decision over them. */
const cedarLimit = 10_000;
const usersAsked = 1_000;

/**
 * Prints what a decision and a change cost at 10, 1,000 and 100,000 bindings and as many access entries, and what they
 * hold of memory, beside the same by others.
 */
export async function benchDecisions(report: Report, { seed, full }: BenchOptions): Promise<void> {
  const decisions = new Map<string, number[]>();
  const changes = new Map<string, number[][]>();
  const starts = new Map<string, string[]>();
  for (const size of sizes) {
    const empty = heapBytes();
    const started = performance.now();
    const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
    addObjects(authorizer, size);
    const bound = performance.now();
    const withObjects = heapBytes();
    const between = performance.now();
    addEntries(authorizer, size);
    const filled = performance.now() - between + (bound - started);
    append(starts, 'entryway: time until all is there', duration(filled * 1e6));
    append(starts, 'entryway: heap per binding, roles included', heapPer(size, withObjects - empty));
    append(starts, 'entryway: heap per access entry', heapPer(size, heapBytes() - withObjects));

    const chosen = choose(size, seed);
    const linear = createLinearRbac(objectsOf(size));
    const casbin = await startCasbin(size, starts);
    const cedar = size <= cedarLimit || full ? startCedar(size, starts) : undefined;
    if (cedar === undefined) append(starts, cedarStart, 'with --full');
    for (const { name, allowed, byRbac, requests } of casesOf(chosen)) {
      const peers: [string, ((attributes: Attributes) => boolean) | undefined][] = [
        ['entryway', (attributes) => authorizer.authorize(attributes).decision === 'allow'],
      ];
      if (byRbac) peers.push(['linear RBAC', linear], [casbinName, casbin.decide], [cedarName, cedar]);
      for (const [peer, decide] of peers) {
        check(`${peer}: ${name}`, decide, requests, allowed);
        const cost = decide && perCall((at) => void decide(requests[at % requests.length] as Attributes));
        append(decisions, `${name}\0${peer}`, cost ?? Number.NaN);
      }
    }
    measureChanges(authorizer, commonChanges(chosen, size), changes);
    append(changes, `a binding, in ${casbinName}`, await casbinChanges(casbin, chosen, size));
    measureChanges(authorizer, changesAtTheirWorst(size), changes);
  }

  report.note(
    `n bindings (half ClusterRoleBindings, half RoleBindings in ${whole(namespaces)} namespaces), n access entries, up to 10,000 roles and the default RBAC objects.`,
  );
  report.table([
    ['one decision', 'by', ...sizes.map((size) => `n = ${whole(size)}`), 'last ÷ first', 'rate at the last'],
    ...[...decisions].map(([key, costs]) => {
      const [name = '', peer = ''] = key.split('\0');
      const measured = costs.filter((cost) => !Number.isNaN(cost));
      const [first = 0, last = 0] = [measured[0], measured.at(-1)];
      return [
        name,
        peer,
        ...costs.map((cost) => (Number.isNaN(cost) ? 'with --full' : duration(cost))),
        times(last, first),
        rate(last),
      ];
    }),
  ]);
  report.note('A change, with the next decision that it concerns: what it leaves for later counts too.');
  report.table([
    ['one change', ...sizes.map((size) => `n = ${whole(size)}`), 'p99', 'slowest'],
    ...[...changes].map(([name, runs]) => [
      name,
      ...runs.map((run) => duration(quantile(run, 0.5))),
      duration(quantile(runs.at(-1) ?? [], 0.99)),
      duration(quantile(runs.at(-1) ?? [], 1)),
    ]),
  ]);
  report.table([
    ['at a start', ...sizes.map((size) => `n = ${whole(size)}`)],
    ...[...starts].map(([name, values]) => [name, ...values]),
  ]);
}

/** A policy set that changed is parsed as a whole. */
const cedarStart = `${cedarName}: time until all is parsed, after a change as well`;

async function startCasbin(size: number, starts: Map<string, string[]>): Promise<CasbinPeer> {
  const grants = grantsOf(size);
  const empty = heapBytes();
  const started = performance.now();
  const casbin = await createCasbin(grants);
  append(starts, `${casbinName}: time until all is there`, duration((performance.now() - started) * 1e6));
  append(starts, `${casbinName}: heap per binding, roles included`, heapPer(size, heapBytes() - empty));
  return casbin;
}

function startCedar(size: number, starts: Map<string, string[]>): (attributes: Attributes) => boolean {
  const grants = grantsOf(size);
  const started = performance.now();
  const cedar = createCedar(`bindings-${size}`, grants);
  append(starts, cedarStart, duration((performance.now() - started) * 1e6));
  return cedar;
}

/** Numbers of the users who ask: half of each kind of binding. */
function choose(size: number, seed: number): readonly number[] {
  const random = seededRandom(seed);
  return Array.from({ length: usersAsked }, () => Math.floor(random() * size));
}

interface Case {
  readonly name: string;
  readonly allowed: boolean;
  /** Whether RBAC alone decides, so that the peers can answer it too. */
  readonly byRbac: boolean;
  readonly requests: readonly Attributes[];
}

function casesOf(chosen: readonly number[]): readonly Case[] {
  return [
    {
      name: 'allowed by access policy',
      allowed: true,
      byRbac: false,
      requests: chosen.map((at) => ask(entryUser(at), 'pods', 'team-x')),
    },
    {
      name: 'allowed by a binding',
      allowed: true,
      byRbac: true,
      requests: chosen.map((at) => ask(plainUser(at), 'pods', namespaceOf(at))),
    },
    {
      name: 'refused',
      allowed: false,
      byRbac: true,
      requests: chosen.map((at) => ask(plainUser(at), 'secrets', namespaceOf(at))),
    },
  ];
}

/** A fast wrong answer is worth nothing. */
function check(
  what: string,
  decide: ((attributes: Attributes) => boolean) | undefined,
  requests: readonly Attributes[],
  allowed: boolean,
): void {
  for (const request of requests.slice(0, 50)) {
    if (decide !== undefined && decide(request) !== allowed) throw new Error(`${what}: the wrong answer`);
  }
}

function measureChanges(
  authorizer: Authorizer,
  all: readonly Change[],
  changes: Map<string, number[][]>,
): void {
  for (const { name, runs, prepare, change, asked, allowed } of all) {
    prepare?.(authorizer);
    const run = (at: number): void => {
      change(authorizer, at);
      const { decision } = authorizer.authorize(asked(at));
      if ((decision === 'allow') !== allowed(at)) throw new Error(`${name}: the wrong answer`);
    };
    eachCall(Math.min(runs, 10), run);
    append(changes, name, eachCall(runs, run));
  }
}

function casbinChanges(casbin: CasbinPeer, chosen: readonly number[], size: number): Promise<number[]> {
  return eachAwaitedCall(50, (at) => casbin.replace(grantOf(chosen[at % chosen.length] as number, size)));
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const there = lists.get(key);
  if (there === undefined) lists.set(key, [value]);
  else there.push(value);
}

/** Of a few objects nothing can be said: what else the process allocates weighs more. */
function heapPer(size: number, bytes: number): string {
  return size < 1_000 ? '–' : `${whole(bytes / size)} B`;
}
