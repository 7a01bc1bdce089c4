import { type Attributes, principalIdExtraKey, type UserInfo } from '../src/engine/authorizer/attributes.ts';
import { type Authorizer, createAuthorizer } from '../src/engine/authorizer/authorizer.ts';
import { allow } from '../src/engine/rbac/allow.ts';
import { defaultRbacObjects } from '../src/engine/rbac/defaults.ts';

const account = '111122223333';
const sizes = [10, 1_000, 100_000] as const;
/** The same number of users asks at every size, so that only what the cluster holds differs. */
const askers = 10;
const decisionsPerMeasure = 200_000;
const updatesPerMeasure = 2_000;

const entry = (at: number) => ({
  principalArn: `arn:aws:iam::${account}:role/r${at}`,
  principalId: `AROA${at}`,
  associatedPolicies: [
    {
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy',
      accessScope: { type: 'namespace', namespaces: [`ns${at % 1_000}`, 'team-*'] },
    } as const,
  ],
});

const role = (at: number) =>
  ({
    kind: 'ClusterRole',
    name: `role${at}`,
    labels: {},
    rules: [allow('get list watch', 'core', 'pods configmaps'), allow('*', 'apps', 'deployments')],
  }) as const;

const binding = (at: number, roles: number) =>
  ({
    kind: 'RoleBinding',
    name: `binding${at}`,
    namespace: `ns${at % 1_000}`,
    roleRef: { kind: 'ClusterRole', name: `role${at % roles}` },
    subjects: [{ kind: 'User', name: `user${at}`, namespace: '' }],
  }) as const;

const roleCount = (size: number): number => Math.min(size, 10_000);

function fill(size: number): Authorizer {
  const authorizer = createAuthorizer({ partition: 'aws' });
  for (const object of defaultRbacObjects) authorizer.applyObject(object);
  for (let at = 0; at < roleCount(size); at++) authorizer.applyObject(role(at));
  for (let at = 0; at < size; at++) {
    authorizer.applyObject(binding(at, roleCount(size)));
    authorizer.applyEntry(entry(at));
  }
  return authorizer;
}

const user = (at: number): UserInfo => ({
  username: `user${at}`,
  uid: `aws-iam-authenticator:${account}:AROA${at}`,
  groups: ['team', 'system:authenticated'],
  extra: { [principalIdExtraKey]: [`AROA${at}`] },
  principal: {
    principalId: `AROA${at}`,
    canonicalArn: `arn:aws:iam::${account}:role/r${at}`,
    username: `user${at}`,
  },
});

const ask = (who: UserInfo, resource: string, namespace: string): Attributes => ({
  kind: 'resource',
  user: who,
  verb: 'list',
  apiGroup: '',
  apiVersion: 'v1',
  resource,
  subresource: '',
  namespace,
  name: '',
});

/** Nanoseconds of one call, over calls that go round the given requests. */
function perDecision(authorizer: Authorizer, requests: readonly Attributes[]): number {
  const run = (count: number): void => {
    for (let at = 0; at < count; at++) authorizer.authorize(requests[at % requests.length] as Attributes);
  };
  run(20_000);
  const started = performance.now();
  run(decisionsPerMeasure);
  return ((performance.now() - started) * 1e6) / decisionsPerMeasure;
}

/** The slowest and the usual time of one change, in milliseconds. */
function perUpdate(change: (at: number) => void): { readonly usual: number; readonly slowest: number } {
  for (let at = 0; at < updatesPerMeasure; at++) change(at);
  const times: number[] = [];
  for (let at = 0; at < updatesPerMeasure; at++) {
    const started = performance.now();
    change(at);
    times.push(performance.now() - started);
  }
  times.sort((one, other) => one - other);
  return { usual: times[times.length >> 1] ?? 0, slowest: times[times.length - 1] ?? 0 };
}

/** Prints what one decision and one change cost at 10, 1,000 and 100,000 bindings and entries. */
export async function benchAuthorizer(print: (line: string) => void): Promise<void> {
  for (const size of sizes) {
    const started = performance.now();
    const authorizer = fill(size);
    const filled = performance.now() - started;
    const users = Array.from({ length: askers }, (_, at) => user((at * size) / askers));
    const cases = [
      ['allowed by access policy', users.map((who) => ask(who, 'pods', 'team-x'))],
      [
        'allowed by RoleBinding',
        users.map((who, at) => ask({ ...who, uid: '' }, 'pods', `ns${((at * size) / askers) % 1_000}`)),
      ],
      ['refused', users.map((who) => ask(who, 'nodes', ''))],
    ] as const;
    print(
      `${size.toLocaleString('en')} bindings and entries, ${roleCount(size).toLocaleString('en')} roles (filled in ${filled.toFixed(0)} ms)`,
    );
    for (const [name, requests] of cases) {
      const expected = name === 'refused' ? 'noOpinion' : 'allow';
      if (requests.some((request) => authorizer.authorize(request).decision !== expected)) {
        throw new Error(`not every request is ${name}`);
      }
      const cost = perDecision(authorizer, requests);
      print(`  ${name}: ${cost.toFixed(0)} ns, ${Math.round(1e9 / cost).toLocaleString('en')}/s`);
    }
    const changes = [
      ['change of a binding', (at: number) => authorizer.applyObject(binding(at % size, roleCount(size)))],
      ['change of an entry', (at: number) => authorizer.applyEntry(entry(at % size))],
      ['change of a role', (at: number) => authorizer.applyObject(role(at % roleCount(size)))],
    ] as const;
    for (const [name, change] of changes) {
      const { usual, slowest } = perUpdate(change);
      print(
        `  ${name}: ${(usual * 1_000).toFixed(1)} µs, slowest of ${updatesPerMeasure.toLocaleString('en')} ${slowest.toFixed(2)} ms`,
      );
    }
  }
}
