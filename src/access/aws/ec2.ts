import type { SigningCredentials } from '../../wire/sigv4/sign.ts';
import type { InstanceNames } from '../instances.ts';
import { isHostName } from '../instancetable.ts';
import type { AwsConnections } from './connections.ts';
import { callQuery } from './query.ts';
import { elementsAt, textAt, type XmlElement } from './xml.ts';

export interface Ec2InstanceNamesOptions {
  readonly connections: AwsConnections;
  readonly credentials: () => Promise<SigningCredentials>;
  /** Where the instances are. */
  readonly region: string;
  readonly now: () => number;
  /** Milliseconds that a name, or that there is none, is good for. */
  readonly nameKept?: number;
  readonly absenceKept?: number;
  /** Milliseconds that somebody waits for a name; the call goes on without them. */
  readonly patience?: number;
  /** Instances remembered; instances waiting to be asked about. */
  readonly capacity?: number;
  readonly maximumWaiting?: number;
}

/** As many as the authenticator asks about at once (token-facts 7.2). */
const batchSize = 100;
/** Under way at once: what comes meanwhile is one batch more. */
const maximumCalls = 4;

/** As EC2 writes them; whatever else looks like one to a template (token-facts 7.2) is of nobody. */
const instanceIdPattern = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

/**
 * Private DNS names as EC2 tells them (`ec2:DescribeInstances`), asked in batches and remembered for a while: a stopped
 * instance may come back under another name.
 *
 * INVARIANT: a filter names the instances, not the list of ids: one unknown id would make EC2 refuse the whole call.
 */
export function createEc2InstanceNames({
  connections,
  credentials,
  region,
  now,
  nameKept = 15 * 60_000,
  absenceKept = 30_000,
  patience = 5_000,
  capacity = 10_000,
  maximumWaiting = 10_000,
}: Ec2InstanceNamesOptions): InstanceNames {
  const remembered = new Map<string, { readonly name: string | undefined; readonly until: number }>();
  /** Asked about or waiting to be: who else wants the same instance waits with them. */
  const wanted = new Map<string, PromiseWithResolvers<string | undefined>>();
  const waiting = new Set<string>();
  let calls = 0;

  const remember = (instanceId: string, name: string | undefined): void => {
    remembered.delete(instanceId);
    remembered.set(instanceId, { name, until: now() + (name === undefined ? absenceKept : nameKept) });
    const [oldest] = remembered.keys();
    if (remembered.size > capacity && oldest !== undefined) remembered.delete(oldest);
  };

  const describe = async (instanceIds: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const answer = await callQuery(
      connections,
      await credentials(),
      {
        service: 'ec2',
        host: `ec2.${region}.amazonaws.com`,
        region,
        action: 'DescribeInstances',
        version: '2016-11-15',
        parameters: [
          ['Filter.1.Name', 'instance-id'],
          ...instanceIds.map((id, at) => [`Filter.1.Value.${at + 1}`, id] as const),
        ],
      },
      now(),
    );
    return readNames(answer);
  };

  const work = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, batchSize);
      for (const id of batch) waiting.delete(id);
      let answer: ReadonlyMap<string, string> | { readonly failure: unknown };
      try {
        answer = await describe(batch);
      } catch (failure) {
        answer = { failure };
      }
      for (const id of batch) {
        const asking = wanted.get(id);
        wanted.delete(id);
        if ('failure' in answer) asking?.reject(answer.failure);
        else {
          remember(id, answer.get(id));
          asking?.resolve(answer.get(id));
        }
      }
    }
  };

  const ask = (instanceId: string): Promise<string | undefined> => {
    const underWay = wanted.get(instanceId);
    if (underWay !== undefined) return underWay.promise;
    if (waiting.size >= maximumWaiting) throw new Error('too many instances wait for EC2 already');
    const asking = Promise.withResolvers<string | undefined>();
    wanted.set(instanceId, asking);
    waiting.add(instanceId);
    if (calls < maximumCalls) {
      calls++;
      void work().finally(() => calls--);
    }
    return asking.promise;
  };

  return {
    async privateDnsName(instanceId) {
      if (!instanceIdPattern.test(instanceId)) return undefined;
      const known = remembered.get(instanceId);
      if (known !== undefined && now() < known.until) return known.name;
      return within(patience, ask(instanceId));
    },
  };
}

/** Tokens of nodes that wait take the places of other tokens, so that a slow EC2 must not keep them for long. */
async function within<Answer>(patience: number, answer: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`EC2 has not answered within ${patience / 1000} s`)),
    patience,
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Names by instance. An empty name is none: that of an instance which has ended. Throws where not everything was told,
 * because what is missing would be taken for what does not exist.
 */
function readNames(answer: XmlElement): ReadonlyMap<string, string> {
  if ((textAt(answer, 'nextToken') ?? '') !== '') throw new Error('EC2 tells of some instances only');
  const [reservations, ...more] = elementsAt(answer, 'reservationSet');
  if (reservations === undefined || more.length > 0) throw new Error('the answer of EC2 cannot be read');
  const names = new Map<string, string>();
  for (const instance of elementsAt(reservations, 'item', 'instancesSet', 'item')) {
    const id = textAt(instance, 'instanceId');
    const name = textAt(instance, 'privateDnsName') ?? '';
    if (id === undefined || names.has(id)) throw new Error('the answer of EC2 cannot be read');
    if (isHostName(name)) names.set(id, name);
  }
  return names;
}
