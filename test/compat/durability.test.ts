/**
 * Acknowledged means durable: SIGKILL among 1,000 concurrent writes loses none that was answered, and the trail has one
 * record of each that took effect, answered or not.
 */
import { randomInt } from 'node:crypto';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateAccessEntryCommand,
  DescribeAccessEntryCommand,
  EKSClient,
  paginateListAccessEntries,
} from '@aws-sdk/client-eks';
import { CreateUserCommand, IAMClient, paginateListUsers } from '@aws-sdk/client-iam';
import { afterAll, expect, test } from 'vitest';
import { clusterAddress, openKubernetesUser } from './kubernetes.ts';
import { type Connection, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import { createEntry } from './scene.ts';
import { type Clients, createClients, createCluster, createRole, roleArn, rootKeys } from './world.ts';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
/** Writes of each kind; together 1,000. */
const counts = { users: 334, entries: 333, configMaps: 333 } as const;
const total = counts.users + counts.entries + counts.configMaps;

/** mulberry32 */
function randomNumbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const directory = temporaryDirectory();
let server: ServerProcess | undefined;
afterAll(async () => {
  await server?.kill();
  directory.remove();
});

/** As `createClients`, but with as many connections as there are requests, so that all of them are under way. */
function unboundedClients(connection: Connection): Pick<Clients, 'eks' | 'iam'> {
  const options = {
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootKeys(connection),
    maxAttempts: 1,
    requestHandler: { httpAgent: { maxSockets: total } },
  };
  return { eks: new EKSClient(options), iam: new IAMClient(options) };
}

/** What a write was answered with: enough to recognise it, not only its name. */
interface Acknowledged {
  readonly users: Map<string, string | undefined>;
  readonly entries: Map<string, string | undefined>;
  readonly configMaps: Map<string, string | undefined>;
}

test(`SIGKILL among ${total} concurrent writes loses none that was acknowledged (SEED=${seed})`, async () => {
  const random = randomNumbers(seed);
  server = await startServerProcess(directory.path);
  const { connection } = server;
  const root = createClients(connection, rootKeys(connection));
  await createCluster(root, connection, 'main', 'API');
  const name = (kind: string, number: number): string => `${kind}-${String(number).padStart(3, '0')}`;
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
  await Promise.all(numbers(counts.entries).map((i) => createRole(root, connection, name('role', i))));
  const admin = await openKubernetesUser(
    directory.path,
    connection,
    await clusterAddress(root, 'main'),
    rootKeys(connection),
  );

  const acknowledged: Acknowledged = { users: new Map(), entries: new Map(), configMaps: new Map() };
  const countAcknowledged = (): number =>
    acknowledged.users.size + acknowledged.entries.size + acknowledged.configMaps.size;
  /** Anywhere between no answer yet and nearly all. */
  const killAfter = Math.floor(random() * 0.9 * total);
  const { eks, iam } = unboundedClients(connection);
  const writes: (() => Promise<void>)[] = [
    ...numbers(counts.users).map((i) => async () => {
      const UserName = name('user', i);
      const { User } = await iam.send(new CreateUserCommand({ UserName }));
      acknowledged.users.set(UserName, User?.UserId);
    }),
    ...numbers(counts.entries).map((i) => async () => {
      const principalArn = roleArn(connection, name('role', i));
      const { accessEntry } = await eks.send(
        new CreateAccessEntryCommand({ clusterName: 'main', principalArn, username: `u:${i}` }),
      );
      acknowledged.entries.set(principalArn, accessEntry?.accessEntryArn);
    }),
    ...numbers(counts.configMaps).map((i) => async () => {
      const body = { metadata: { name: name('cm', i) }, data: { number: String(i) } };
      const { metadata } = await admin.core.createNamespacedConfigMap({ namespace: 'default', body });
      acknowledged.configMaps.set(name('cm', i), `${metadata?.uid} ${metadata?.resourceVersion}`);
    }),
  ];
  // Shuffled, so that the kinds are mixed in every batch the store commits.
  for (let i = writes.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [writes[i], writes[j]] = [writes[j] as () => Promise<void>, writes[i] as () => Promise<void>];
  }

  const { promise: killed, resolve, reject } = Promise.withResolvers<void>();
  const running = server;
  let isKilled = false;
  const killInTime = (): void => {
    if (isKilled || countAcknowledged() < killAfter) return;
    isKilled = true;
    running.kill().then(resolve, reject);
  };
  const outcomes = await Promise.allSettled(
    writes.map(async (write) => {
      // For the draw that kills before any answer: the others are on their way by then.
      if (killAfter === 0) setImmediate(killInTime);
      await write();
      killInTime();
    }),
  );
  await killed;
  const atKill = countAcknowledged();
  console.log(
    `seed ${seed}: killed after ${killAfter} acknowledged writes; ${atKill} of ${total} acknowledged in the end`,
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(atKill);
  // Whatever was not acknowledged failed for want of a server, never by an answer.
  const answered = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' && isAnswer(outcome.reason) ? [String(outcome.reason)] : [],
  );
  expect(answered).toEqual([]);
  expect(atKill).toBeGreaterThanOrEqual(killAfter);
  for (const client of [root, eks, iam]) client.destroy();

  server = await startServerProcess(directory.path);
  const after = server.connection;
  const again = createClients(after, rootKeys(after));
  const found = await readAll(again, after);
  for (const kind of ['users', 'entries', 'configMaps'] as const) {
    const lost = [...acknowledged[kind]].filter(([key, value]) => found[kind].get(key) !== value);
    expect({ kind, lost }).toEqual({ kind, lost: [] });
    // What was written and not acknowledged may be there; nothing else may.
    expect(found[kind].size).toBeLessThanOrEqual(counts[kind]);
  }

  const told = await readTrail(after);
  expect(told.CreateUser?.toSorted()).toEqual([...found.users.keys()].toSorted());
  expect(told.CreateAccessEntry?.toSorted()).toEqual([...found.entries.keys()].toSorted());

  // The store goes on, also with the names that were in doubt.
  const inDoubt = numbers(counts.entries)
    .map((i) => roleArn(after, name('role', i)))
    .filter((arn) => !found.entries.has(arn));
  await Promise.all(inDoubt.map((arn) => createEntry(again, 'main', arn)));
  expect((await readAll(again, after)).entries.size).toBe(counts.entries);
  again.destroy();
}, 120_000);

/** By event name, what each successful creation in the trail says it made. */
async function readTrail(connection: Connection): Promise<Record<string, string[]>> {
  const cloudtrail = new CloudTrailClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootKeys(connection),
  });
  const made: Record<string, string[]> = {};
  for (const EventName of ['CreateUser', 'CreateAccessEntry']) {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await cloudtrail.send(
        new LookupEventsCommand({
          LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: EventName }],
          ...(NextToken !== undefined && { NextToken }),
        }),
      );
      for (const { CloudTrailEvent = '{}' } of page.Events ?? []) {
        const { errorCode, requestParameters } = JSON.parse(CloudTrailEvent);
        if (errorCode === undefined) names.push(requestParameters.userName ?? requestParameters.principalArn);
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    made[EventName] = names;
  }
  cloudtrail.destroy();
  return made;
}

/** An HTTP status says that the server answered; a broken connection leaves none. */
function isAnswer(error: unknown): boolean {
  const { $metadata, code } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  return $metadata?.httpStatusCode !== undefined || typeof code === 'number';
}

/** Everything the writes could have left, as it is stored now. */
async function readAll(clients: Clients, connection: Connection): Promise<Acknowledged> {
  const found: Acknowledged = { users: new Map(), entries: new Map(), configMaps: new Map() };
  for await (const { Users } of paginateListUsers({ client: clients.iam }, {})) {
    for (const { UserName, UserId } of Users ?? []) found.users.set(UserName ?? '', UserId);
  }
  const clusterName = 'main';
  for await (const page of paginateListAccessEntries({ client: clients.eks }, { clusterName })) {
    const roles = (page.accessEntries ?? []).filter((arn) => arn.includes(':role/'));
    const described = await Promise.all(
      roles.map((principalArn) =>
        clients.eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn })),
      ),
    );
    for (const { accessEntry } of described)
      found.entries.set(accessEntry?.principalArn ?? '', accessEntry?.accessEntryArn);
  }
  const address = await clusterAddress(clients, clusterName);
  const { core } = await openKubernetesUser(directory.path, connection, address, rootKeys(connection));
  for (const { metadata } of (await core.listNamespacedConfigMap({ namespace: 'default' })).items) {
    if (metadata?.name?.startsWith('cm-'))
      found.configMaps.set(metadata.name, `${metadata.uid} ${metadata.resourceVersion}`);
  }
  return found;
}
