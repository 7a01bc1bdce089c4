import { describe, expect, test } from 'vitest';
import type { TrailItem } from '../../audit/item.ts';
import type { TrailQuery } from '../../audit/trail.ts';
import { StorageError } from '../../storage/storage.ts';
import { createTrailApi, type TrailReadAnswer } from './api.ts';
import { createTrailFeed, type TrailFeedLimits } from './feed.ts';
import { matchesFilter, parseTrailFilter, type TrailFilter } from './filter.ts';

const account = '111122223333';
const roleSession = {
  type: 'AssumedRole',
  principalId: 'AROAQQQQQQQQQQQQQQQQQ:alice',
  arn: `arn:aws:sts::${account}:assumed-role/dev/alice`,
  accountId: account,
  accessKeyId: 'ASIAQQQQQQQQQQQQQQQQ',
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: 'AROAQQQQQQQQQQQQQQQQQ',
      arn: `arn:aws:iam::${account}:role/team/dev`,
      accountId: account,
      userName: 'dev',
    },
    attributes: { creationDate: '2026-01-15T11:00:00Z', mfaAuthenticated: 'false' },
  },
};

let serial = 0;
function aws(fields: object = {}): TrailItem {
  serial += 1;
  return {
    kind: 'aws',
    position: String(serial).padStart(8, '0'),
    accountId: account,
    record: {
      userIdentity: roleSession,
      eventTime: '2026-01-15T12:00:00Z',
      eventSource: 'eks.amazonaws.com',
      eventName: 'DescribeCluster',
      eventID: `event-${serial}`,
      sourceIPAddress: '192.0.2.1',
      requestParameters: { name: 'prod' },
      responseElements: null,
      readOnly: true,
      ...fields,
    },
  } as unknown as TrailItem;
}

function kubernetes(fields: object = {}): TrailItem {
  serial += 1;
  return {
    kind: 'kubernetes',
    position: String(serial).padStart(8, '0'),
    accountId: account,
    event: {
      auditID: `audit-${serial}`,
      verb: 'list',
      user: { username: 'alice' },
      sourceIPs: ['192.0.2.1'],
      objectRef: { resource: 'pods' },
      responseStatus: { code: 200 },
      annotations: {
        'entryway/cluster-arn': `arn:aws:eks:us-east-1:${account}:cluster/prod`,
        'entryway/access-key-id': 'ASIAQQQQQQQQQQQQQQQQ',
        'entryway/principal-arn': `arn:aws:iam::${account}:role/team/dev`,
        'entryway/principal-id': 'AROAQQQQQQQQQQQQQQQQQ',
      },
      ...fields,
    },
  } as unknown as TrailItem;
}

describe('a filter', () => {
  test.each<readonly [string, TrailItem, TrailFilter, boolean]>([
    ['nothing asked shows AWS calls', aws(), {}, true],
    ['nothing asked hides Kubernetes requests', kubernetes(), {}, false],
    ['Kubernetes requests when asked', kubernetes(), { kubernetes: true }, true],
    ['the account', aws(), { accountId: account }, true],
    ['another account', aws(), { accountId: '444455556666' }, false],
    ['the session as user', aws(), { user: 'alice' }, true],
    ['the role is not the user', aws(), { user: 'dev' }, false],
    ['a name in another case is another user', aws(), { user: 'Alice' }, false],
    ['the Kubernetes user', kubernetes(), { kubernetes: true, user: 'alice' }, true],
    ['the event in any case', aws(), { event: 'describecluster' }, true],
    ['part of an event', aws(), { event: 'Describe' }, false],
    ['the verb', kubernetes(), { kubernetes: true, event: 'list' }, true],
    ['the service', aws(), { source: 'eks' }, true],
    ['the service in full', aws(), { source: 'eks.amazonaws.com' }, true],
    ['another service', aws(), { source: 'iam' }, false],
    ['our own notices', aws({ eventSource: 'entryway' }), { source: 'entryway' }, true],
    ['the address', aws(), { ip: '192.0.2.1' }, true],
    ['the start of an address', aws(), { ip: '192.0.2' }, false],
    ['the key', kubernetes(), { kubernetes: true, accessKey: 'ASIAQQQQQQQQQQQQQQQQ' }, true],
    ['another key', aws(), { accessKey: 'ASIAQQQQQQQQQQQQQQQR' }, false],
    ['the session', aws(), { principal: `arn:aws:sts::${account}:assumed-role/dev/alice` }, true],
    ['the role behind it', aws(), { principal: `arn:aws:iam::${account}:role/team/dev` }, true],
    ['the role in short', aws(), { principal: 'role/team/dev' }, true],
    ['the role without its path', aws(), { principal: 'role/dev' }, false],
    ['the id', aws(), { principal: 'AROAQQQQQQQQQQQQQQQQQ' }, true],
    ['the role in a cluster', kubernetes(), { kubernetes: true, principal: 'role/team/dev' }, true],
    ['errors only, and none', aws(), { errors: true }, false],
    ['errors only, and one', aws({ errorCode: 'AccessDenied' }), { errors: true }, true],
    [
      'errors in clusters',
      kubernetes({ responseStatus: { code: 403 } }),
      { kubernetes: true, errors: true },
      true,
    ],
    ['no errors in clusters', kubernetes(), { kubernetes: true, errors: true }, false],
    ['the cluster', aws(), { cluster: 'prod' }, true],
    ['another cluster', aws(), { cluster: 'dev' }, false],
    ['a user of the cluster’s name', aws({ eventSource: 'iam.amazonaws.com' }), { cluster: 'prod' }, false],
    ['the cluster of a request', kubernetes(), { kubernetes: true, cluster: 'prod' }, true],
    ['the end of a cluster’s name', kubernetes(), { kubernetes: true, cluster: 'od' }, false],
  ])('%s', (_, item, filter, expected) => {
    expect(matchesFilter(item, filter)).toBe(expected);
  });

  test.each<readonly [unknown]>([
    [null],
    [[]],
    ['x'],
    [7],
    [{ user: 7 }],
    [{ user: '' }],
    [{ user: 'x'.repeat(3000) }],
    [{ errors: false }],
    [{ kubernetes: 'yes' }],
    [{ eventName: 'x' }],
    [{ toString: 'x' }],
  ])('%j is none', (value) => {
    expect(parseTrailFilter(value)).toBeUndefined();
  });
});

/** A trail whose records are the given ones, oldest first. */
function fakeTrail(items: readonly TrailItem[]) {
  const listeners = new Set<(items: readonly TrailItem[]) => void>();
  const asked: TrailQuery[] = [];
  return {
    asked,
    listeners,
    async read(query: TrailQuery) {
      asked.push(query);
      const ordered = query.order === 'oldest' ? items : items.toReversed();
      const begin =
        query.after === undefined ? 0 : ordered.findIndex(({ position }) => position === query.after) + 1;
      const page = ordered.slice(begin, begin + query.limit);
      return { items: page, next: begin + query.limit < ordered.length ? page.at(-1)?.position : undefined };
    },
    async settle(): Promise<number> {
      throw new StorageError('storageFailed', 'the disk is full');
    },
    subscribe(listener: (items: readonly TrailItem[]) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(...told: readonly TrailItem[]) {
      for (const listener of listeners) listener(told);
    },
  };
}

function api(items: readonly TrailItem[] = [], limits: Partial<TrailFeedLimits> = {}) {
  const trail = fakeTrail(items);
  const feed = createTrailFeed(trail, limits);
  return { trail, feed, ...createTrailApi({ trail, feed, now: () => performance.now() }) };
}

describe('reading', () => {
  test.each<readonly [unknown]>([
    [null],
    [[]],
    ['x'],
    [{ limit: 0 }],
    [{ limit: 1001 }],
    [{ limit: 1.5 }],
    [{ limit: '5' }],
    [{ order: 'latest' }],
    [{ from: -1 }],
    [{ to: 'now' }],
    [{ after: '' }],
    [{ after: 7 }],
    [{ filter: null }],
    [{ filter: { x: 'y' } }],
    [{ query: {} }],
  ])('%j is refused', async (input) => {
    const { read, trail } = api();
    expect(await read(input)).toMatchObject({ refused: 400 });
    expect(trail.asked).toEqual([]);
  });

  test('pages follow one another and hold every match once', async () => {
    const items = Array.from({ length: 5000 }, (_, i) =>
      aws(i % 100 === 0 ? { errorCode: 'AccessDenied' } : {}),
    );
    const { read } = api(items);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = (await read({
        order: 'oldest',
        limit: 7,
        filter: { errors: true },
        ...(after && { after }),
      })) as TrailReadAnswer;
      found.push(...page.items.map(({ position }) => position));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(items.filter((_, i) => i % 100 === 0).map(({ position }) => position));
  });

  test('one page looks through a bounded number of records', async () => {
    const { read, trail } = api(Array.from({ length: 50_000 }, () => aws()));
    const page = (await read({ order: 'oldest', filter: { errors: true } })) as TrailReadAnswer;
    expect(page.items).toEqual([]);
    expect(page.next).toBeDefined();
    expect(trail.asked.length).toBeLessThan(25);
  });

  test('one page has a bounded length', async () => {
    const long = 'x'.repeat(90_000);
    const { read } = api(Array.from({ length: 200 }, () => aws({ errorMessage: long })));
    const page = (await read({ limit: 1000 })) as TrailReadAnswer;
    expect(JSON.stringify(page).length).toBeLessThan(5 * 1024 * 1024);
    expect(page.next).toBeDefined();
  });

  test('what the trail can look up is asked of it', async () => {
    const { read, trail } = api();
    await read({ filter: { accessKey: 'K', user: 'u', accountId: account }, from: 1, to: 2 });
    expect(trail.asked[0]).toEqual({
      accountId: account,
      kind: 'aws',
      attribute: { key: 'AccessKeyId', value: 'K' },
      order: 'newest',
      from: 1,
      to: 2,
      limit: 1000,
    });
  });
});

describe('settling', () => {
  test.each<readonly [unknown]>([[null], [[]], ['x'], [{ until: 1 }]])('%j is refused', async (input) => {
    expect(await api().settle(input)).toMatchObject({ refused: 400 });
  });

  test('nothing is promised while the store refuses', async () => {
    expect(await api().settle({})).toMatchObject({ refused: 503 });
  });
});

describe('following', () => {
  test.each<readonly [unknown]>([
    [null],
    [{ waitMs: -1 }],
    [{ waitMs: 60_000 }],
    [{ cursor: 7 }],
    [{ filter: 7 }],
    [{ x: 1 }],
  ])('%j is refused', async (input) => {
    expect(await api().follow(input)).toMatchObject({ refused: 400 });
  });

  const begin = async (made: ReturnType<typeof api>): Promise<string> => {
    const answer = await made.follow({});
    return 'cursor' in answer ? answer.cursor : '';
  };

  test('begins at the end and answers as soon as there is something', async () => {
    const made = api();
    const cursor = await begin(made);
    const waiting = made.follow({ cursor, waitMs: 10_000 });
    const item = aws();
    made.trail.tell(item);
    expect(await waiting).toEqual({ items: [item], cursor: expect.any(String), missed: false });
  });

  test('answers nothing when the time is over', async () => {
    const made = api();
    const cursor = await begin(made);
    expect(await made.follow({ cursor, waitMs: 20 })).toEqual({ items: [], cursor, missed: false });
  });

  test('what others did does not end the wait', async () => {
    const made = api();
    const cursor = await begin(made);
    const waiting = made.follow({ cursor, waitMs: 10_000, filter: { errors: true } });
    made.trail.tell(aws());
    await new Promise((resolve) => setImmediate(resolve));
    made.trail.tell(aws());
    await new Promise((resolve) => setImmediate(resolve));
    const denied = aws({ errorCode: 'AccessDenied' });
    made.trail.tell(denied);
    expect(await waiting).toMatchObject({ items: [denied], missed: false });
  });

  test('what came between two questions is there', async () => {
    const made = api();
    const cursor = await begin(made);
    const items = [aws(), aws(), aws()];
    made.trail.tell(...items);
    expect(await made.follow({ cursor })).toMatchObject({ items, missed: false });
  });

  test('whoever is too slow is told that something is missing', async () => {
    const made = api([], { records: 10 });
    const cursor = await begin(made);
    for (let i = 0; i < 11; i += 1) made.trail.tell(aws());
    expect(await made.follow({ cursor })).toMatchObject({ items: [], missed: true });
    const wide = api([], { bytes: 2000 });
    const other = await begin(wide);
    for (let i = 0; i < 11; i += 1) wide.trail.tell(aws());
    expect(await wide.follow({ cursor: other })).toMatchObject({ missed: true });
  });

  test.each(['x', 'x/y', '/', `${'0'.repeat(36)}/0`])(
    'cursor %s of another process is told to be one',
    async (cursor) => {
      expect(await api().follow({ cursor })).toMatchObject({ items: [], missed: true });
    },
  );

  test('those who wait are bounded, and answered when the server ends', async () => {
    const made = api([], { waiting: 2 });
    const cursor = await begin(made);
    const waiting = [made.follow({ cursor }), made.follow({ cursor })];
    expect(await made.follow({ cursor })).toMatchObject({ refused: 429 });
    made.feed.close();
    expect(await Promise.all(waiting)).toMatchObject([{ items: [] }, { items: [] }]);
    expect(made.trail.listeners.size).toBe(0);
  });

  test('nothing is held for nobody', async () => {
    const made = api([], { idleMs: 10 });
    await begin(made);
    expect(made.trail.listeners.size).toBe(1);
    const deadline = Date.now() + 5000;
    while (made.trail.listeners.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(made.trail.listeners.size).toBe(0);
  });
});
