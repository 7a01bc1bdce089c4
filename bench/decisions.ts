import { type Attributes, principalIdExtraKey, type UserInfo } from '../src/engine/authorizer/attributes.ts';
import { type Authorizer, createAuthorizer } from '../src/engine/authorizer/authorizer.ts';
import { allow } from '../src/engine/rbac/allow.ts';
import { defaultRbacObjects } from '../src/engine/rbac/defaults.ts';
import type { ClusterRole, RbacObject } from '../src/engine/rbac/objects.ts';
import { eachCall, perCall, quantile, seededRandom } from './measure.ts';
import { cedarName, createCedar } from './peers/cedar.ts';
import { createLinearRbac } from './peers/linear.ts';
import { duration, type Report, rate, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';

const account = '111122223333';
const sizes = [10, 1_000, 100_000] as const;
/** Cedar takes some 15 s to parse 100,000 policies and 0.5 s for each decision over them. */
const cedarLimit = 10_000;
const namespaces = 1_000;
const changesTimed = 2_000;
const usersAsked = 1_000;

/** Prints what a decision and a change cost at 10, 1,000 and 100,000 bindings and as many access entries. */
export async function benchDecisions(report: Report, { seed, full }: BenchOptions): Promise<void> {
  const decisions = new Map<string, number[]>();
  const changes = new Map<string, number[][]>();
  const fills: number[] = [];
  for (const size of sizes) {
    const started = performance.now();
    const authorizer = fill(size);
    fills.push((performance.now() - started) * 1e6);
    const chosen = choose(size, seed);
    const cases = casesOf(chosen);
    const linear = createLinearRbac(objectsOf(size));
    const cedar = size <= cedarLimit || full ? createCedar(`bindings-${size}`, grantsOf(size)) : undefined;
    for (const { name, allowed, byRbac, requests } of cases) {
      const peers: [string, ((attributes: Attributes) => boolean) | undefined][] = [
        ['entryway', (attributes) => authorizer.authorize(attributes).decision === 'allow'],
      ];
      if (byRbac) peers.push(['linear RBAC', linear], [cedarName, cedar]);
      for (const [peer, decide] of peers) {
        check(`${peer}: ${name}`, decide, requests, allowed);
        const cost = decide && perCall((at) => void decide(requests[at % requests.length] as Attributes));
        append(decisions, `${name}\0${peer}`, cost ?? Number.NaN);
      }
    }
    for (const [name, change] of changesOf(authorizer, chosen))
      append(changes, name, eachCall(changesTimed, change));
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
  report.table([
    ['one change, index included', ...sizes.map((size) => `n = ${whole(size)}`), 'p99', 'slowest'],
    ...[...changes].map(([name, runs]) => [
      name,
      ...runs.map((run) => duration(quantile(run, 0.5))),
      duration(quantile(runs.at(-1) ?? [], 0.99)),
      duration(quantile(runs.at(-1) ?? [], 1)),
    ]),
    ['all of it, at a start', ...fills.map(duration), '', ''],
  ]);
}

const roleCount = (size: number): number => Math.min(size, 10_000);

function role(at: number): ClusterRole {
  return {
    kind: 'ClusterRole',
    name: `role${at}`,
    labels: {},
    rules: [allow('get list watch', 'core', 'pods configmaps'), allow('*', 'apps', 'deployments')],
  };
}

function binding(at: number, roles: number): RbacObject {
  const shared = {
    name: `binding${at}`,
    roleRef: { kind: 'ClusterRole', name: `role${at % roles}` },
    subjects: [{ kind: 'User', name: `user${at}`, namespace: '' }],
  } as const;
  return at % 2 === 0
    ? { kind: 'RoleBinding', namespace: namespaceOf(at), ...shared }
    : { kind: 'ClusterRoleBinding', ...shared };
}

const namespaceOf = (at: number): string => `ns${at % namespaces}`;

function* objectsOf(size: number): Generator<RbacObject> {
  yield* defaultRbacObjects;
  for (let at = 0; at < roleCount(size); at++) yield role(at);
  for (let at = 0; at < size; at++) yield binding(at, roleCount(size));
}

function entry(at: number) {
  return {
    principalArn: `arn:aws:iam::${account}:role/r${at}`,
    principalId: `AROA${at}`,
    associatedPolicies: [
      {
        policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy',
        accessScope: { type: 'namespace', namespaces: [namespaceOf(at), 'team-*'] },
      } as const,
    ],
  };
}

function fill(size: number): Authorizer {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  for (const object of objectsOf(size)) authorizer.applyObject(object);
  for (let at = 0; at < size; at++) authorizer.applyEntry(entry(at));
  return authorizer;
}

/** The same permissions as the bindings' first rule, which is what the requests are about. */
function grantsOf(size: number) {
  return Array.from({ length: size }, (_, at) => ({
    username: `user${at}`,
    namespace: at % 2 === 0 ? namespaceOf(at) : '',
    resources: ['pods', 'configmaps'],
  }));
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

function plainUser(at: number): UserInfo {
  return { username: `user${at}`, uid: '', groups: ['team', 'system:authenticated'], extra: {} };
}

function entryUser(at: number): UserInfo {
  return {
    ...plainUser(at),
    uid: `aws-iam-authenticator:${account}:AROA${at}`,
    extra: { [principalIdExtraKey]: [`AROA${at}`] },
    principal: {
      principalId: `AROA${at}`,
      canonicalArn: `arn:aws:iam::${account}:role/r${at}`,
      username: `user${at}`,
    },
  };
}

function ask(user: UserInfo, resource: string, namespace: string): Attributes {
  return {
    kind: 'resource',
    user,
    verb: 'list',
    apiGroup: '',
    apiVersion: 'v1',
    resource,
    subresource: '',
    namespace,
    name: '',
  };
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

function changesOf(authorizer: Authorizer, chosen: readonly number[]) {
  const one = (at: number): number => chosen[at % chosen.length] as number;
  const roles = roleCount(Math.max(...chosen) + 1);
  return [
    ['a binding', (at: number) => authorizer.applyObject(binding(one(at), roles))],
    ['an access entry', (at: number) => authorizer.applyEntry(entry(one(at)))],
    ['a role', (at: number) => authorizer.applyObject(role(one(at) % roles))],
  ] as const;
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const there = lists.get(key);
  if (there === undefined) lists.set(key, [value]);
  else there.push(value);
}
