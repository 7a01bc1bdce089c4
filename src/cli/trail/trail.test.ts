import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { call, kubernetes } from '../../audit/alerts/fixture.ts';
import type { TrailItem } from '../../audit/item.ts';
import type { TrailFollowAnswer } from '../../server/trail/api.ts';
import { CommandError } from '../failure.ts';
import type { TrailClient } from './client.ts';
import { withNew } from './follow.ts';
import { createRowWriter } from './lines.ts';
import { trailRow } from './row.ts';
import { parseMoment, parseRange } from './times.ts';

const now = Date.parse('2026-01-15T12:00:00Z');

describe('a moment', () => {
  test.each([
    '',
    'yesterday',
    '5',
    '5w',
    '-5m',
    '1.5h',
    '2026-13-01',
    '2026-01-15T25:00:00Z',
    '2026-01-15T12:00',
    '15/01/2026',
  ])('`%s` is none', (text) => {
    expect(() => parseMoment(text, '--since', now)).toThrow(CommandError);
  });

  test.each([
    ['90s', '2026-01-15T11:58:30Z'],
    ['15m', '2026-01-15T11:45:00Z'],
    ['2h', '2026-01-15T10:00:00Z'],
    ['7d', '2026-01-08T12:00:00Z'],
    ['2026-01-14', '2026-01-14T00:00:00Z'],
    ['2026-01-14T10:00Z', '2026-01-14T10:00:00Z'],
    ['2026-01-14 10:00:30Z', '2026-01-14T10:00:30Z'],
    ['2026-01-14T10:00:00+02:00', '2026-01-14T08:00:00Z'],
  ])('`%s` is %s', (text, moment) => {
    expect(parseMoment(text, '--since', now)).toBe(Date.parse(moment));
  });

  test('a range has one end, both or none', () => {
    expect(parseRange({}, now)).toEqual({});
    expect(parseRange({ since: '1h' }, now)).toEqual({ from: now - 3_600_000 });
    expect(parseRange({ since: '1h', until: '30m' }, now)).toEqual({
      from: now - 3_600_000,
      to: now - 1_800_000,
    });
    expect(() => parseRange({ since: '1h', until: '2h' }, now)).toThrow(/later than --until/);
  });
});

const aws = (fields: Readonly<Record<string, unknown>>): TrailItem =>
  ({
    kind: 'aws',
    position: '1',
    accountId: '1',
    record: call('eks:DescribeCluster', fields).record,
  }) as TrailItem;
const request = (what: string, fields: object, status = 200): TrailItem =>
  ({
    kind: 'kubernetes',
    position: '1',
    accountId: '1',
    event: kubernetes(
      what,
      { stageTimestamp: '2026-01-15T12:00:00.123456Z', annotations: {}, ...fields },
      status,
    ).record,
  }) as TrailItem;
const annotations = {
  'entryway/cluster-arn': 'arn:aws:eks:us-east-1:111122223333:cluster/prod',
  'entryway/access-key-id': 'ASIAQ',
};
const principal = 'arn:aws:iam::111122223333:role/team/dev';
const session = { arn: ['arn:aws:sts::111122223333:assumed-role/dev/dana'] };

describe('a record in one line', () => {
  test.each<readonly [string, TrailItem, readonly string[]]>([
    ['a user', aws({}), ['user/alice', 'eks:DescribeCluster', 'ok', '']],
    [
      'a key of nobody we know',
      aws({
        userIdentity: { type: 'Unknown', accessKeyId: 'AKIAX' },
        errorCode: 'UnrecognizedClientException',
      }),
      ['AKIAX', 'eks:DescribeCluster', 'UnrecognizedClientException', ''],
    ],
    ['nobody', aws({ userIdentity: { type: 'Unknown' } }), ['unknown', 'eks:DescribeCluster', 'ok', '']],
    [
      'the trail itself',
      aws({ userIdentity: { type: 'AWSService', invokedBy: 'entryway' }, eventSource: 'entryway' }),
      ['entryway', 'entryway:DescribeCluster', 'ok', ''],
    ],
    [
      'an access entry by its cluster and principal',
      aws({
        resources: [{ ARN: 'arn:aws:eks:us-east-1:1:access-entry/prod/role/1/dev/abc' }],
        requestParameters: { principalArn: encodeURIComponent(principal) },
      }),
      ['user/alice', 'eks:DescribeCluster', 'ok', 'cluster/prod role/team/dev'],
    ],
    [
      'a principal whose encoding is broken',
      aws({ requestParameters: { principalArn: '%zz' } }),
      ['user/alice', 'eks:DescribeCluster', 'ok', '%zz'],
    ],
    [
      'a session in a cluster',
      request('list pods team-a/', { annotations, user: { username: session.arn[0], extra: session } }),
      ['dev/dana', 'k8s:list pods', 'ok', 'cluster/prod team-a'],
    ],
    [
      'a session that has a user name of its own',
      request('get pods team-a/web', { annotations, user: { username: 'dana', extra: session } }),
      ['dana', 'k8s:get pods', 'ok', 'cluster/prod team-a/web'],
    ],
    [
      'what was only tried out',
      request('create configmaps team-a/', {
        annotations,
        requestURI: '/api/v1/namespaces/team-a/configmaps?dryRun=All',
      }),
      ['alice', 'k8s:create configmaps (dry run)', 'ok', 'cluster/prod team-a'],
    ],
    [
      'who acts as another',
      request('list pods', { user: { username: 'dana' }, impersonatedUser: { username: 'bob' } }),
      ['dana as bob', 'k8s:list pods', 'ok', 'cluster/'],
    ],
    [
      'who was refused at the door, by principal',
      request(
        'list pods',
        {
          annotations: { ...annotations, 'entryway/principal-arn': principal },
          user: {},
          objectRef: undefined,
          requestURI: '/api/v1/pods?limit=500',
          responseStatus: { code: 401, reason: 'Unauthorized' },
        },
        401,
      ),
      ['role/team/dev', 'k8s:list', 'Unauthorized', 'cluster/prod /api/v1/pods'],
    ],
    [
      'who was refused at the door, by key',
      request('list pods', { annotations, user: {}, responseStatus: { code: 401 } }, 401),
      ['ASIAQ', 'k8s:list pods', '401', 'cluster/prod'],
    ],
  ])('%s', (_, item, [who, event, result, resource]) => {
    const row = trailRow(item);
    expect([row[1], row[2], row[4], row[5]]).toEqual([who, event, result, resource]);
    expect(row[0]).toBe('2026-01-15T12:00:00Z');
    expect(row[3]).toBe('192.0.2.1');
  });
});

test('columns are as wide as the first rows need; a longer cell pushes its own line; nothing moves the cursor', async () => {
  const out = new PassThrough();
  const table = createRowWriter(out, [
    { title: 'who', usual: 6 },
    { title: 'what', usual: 0 },
  ]);
  await table.write([['a', 'one']]);
  await table.write([
    ['a-longer-name', 'two'],
    ['b\u001b[2J', 'three\u202e'],
  ]);
  expect(String(out.read())).toBe(
    'WHO     WHAT\na       one\na-longer-name  two\nb\\u001b[2J  three\\u202e\n',
  );
});

describe('following', () => {
  const item = (position: string): TrailItem => ({ ...aws({}), position });
  const none: TrailFollowAnswer = { items: [], cursor: 'c', missed: false };

  /** Positions shown until the answers of the server are used up. */
  async function followed(
    past: readonly string[],
    answers: readonly Partial<TrailFollowAnswer>[],
    reread: readonly string[] = [],
  ): Promise<{ readonly shown: readonly string[]; readonly asked: readonly string[] }> {
    const asked: string[] = [];
    const left = [...answers];
    const client: TrailClient = {
      async *read(_, { from = 0 }) {
        asked.push(from > 0 ? 'read from before' : 'read everything');
        yield reread.map(item);
      },
      newest: async () => [],
      settledUntil: async () => 0,
      async follow(_, cursor) {
        asked.push(cursor ?? 'begin');
        const answer = cursor === undefined ? none : left.shift();
        if (answer === undefined) throw new Error('the end');
        return { ...none, ...answer };
      },
    };
    async function* shownPast() {
      yield past.map(item);
    }
    const shown: string[] = [];
    try {
      for await (const items of withNew(client, {}, shownPast()))
        shown.push(...items.map(({ position }) => position));
    } catch (error) {
      expect(String(error)).toContain('the end');
    }
    return { shown, asked };
  }

  test('the place of new records is asked for before the past is read, so that none falls in between', async () => {
    const { shown, asked } = await followed(['1', '2'], [{ items: [item('2'), item('3')], cursor: 'd' }]);
    expect(shown).toEqual(['1', '2', '3']);
    expect(asked).toEqual(['begin', 'c', 'd']);
  });

  test('what was missed is read again, and shown once', async () => {
    const { shown, asked } = await followed(
      ['1', '2'],
      [{ missed: true }, { items: [item('5')] }],
      ['2', '3', '4'],
    );
    expect(shown).toEqual(['1', '2', '3', '4', '5']);
    expect(asked).toEqual(['begin', 'c', 'read from before', 'c', 'c']);
  });
});
