import type { LookupEventsCommandInput, LookupEventsCommandOutput } from '@aws-sdk/client-cloudtrail';
import { beforeEach, describe, expect, test } from 'vitest';
import { aCall, accountId, alice, aRequest, aTrail, type CallMembers } from '../../audit/testworld.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import { testContext } from '../testworld.ts';
import { createCloudTrailOperations } from './operations.ts';

const now = Date.UTC(2026, 0, 15, 12);
const stranger: Principal = {
  ...alice,
  accountId: '444455556666',
  arn: 'arn:aws:iam::444455556666:user/mallory',
  principalArn: 'arn:aws:iam::444455556666:user/mallory',
} as Principal;

let storage: Storage;
let trail: Trail;
let time: number;

beforeEach(async () => {
  storage = createMemoryStorage();
  trail = await aTrail(storage);
  time = now;
  return () => trail.close();
});

const pageTokens = createPageTokens(new Uint8Array(32));

async function lookUp(
  input: LookupEventsCommandInput,
  caller: Principal = alice,
): Promise<LookupEventsCommandOutput> {
  const operation = createCloudTrailOperations({ trail, pageTokens, publicKeys: () => [] }).LookupEvents;
  if (operation === undefined || operation.unsigned) throw new Error('LookupEvents is signed');
  const context = { ...testContext(storage), caller, now: time };
  return (await operation.handle(input, context)) as LookupEventsCommandOutput;
}

const record = (members: CallMembers): void => trail.calls.record(aCall(members));
const namesOf = ({ Events = [] }: LookupEventsCommandOutput): readonly (string | undefined)[] =>
  Events.map(({ EventName }) => EventName);

describe('what may not be seen', () => {
  test('events of another account are not there, by whatever attribute', async () => {
    record({ operation: 'ListClusters' });
    expect(await lookUp({}, stranger)).toEqual({ Events: [] });
    for (const attribute of [
      { AttributeKey: 'EventName', AttributeValue: 'ListClusters' },
      { AttributeKey: 'AccessKeyId', AttributeValue: alice.accessKeyId },
    ] as const) {
      expect(await lookUp({ LookupAttributes: [attribute] }, stranger)).toEqual({ Events: [] });
    }
  });

  test('a token answers no other account, no other query and no later than an hour', async () => {
    for (let at = 0; at < 3; at++) record({});
    const { NextToken } = await lookUp({ MaxResults: 1 });
    const invalid = { code: 'InvalidNextTokenException' };
    await expect(lookUp({ MaxResults: 1, NextToken }, stranger)).rejects.toMatchObject(invalid);
    await expect(lookUp({ NextToken, StartTime: new Date(now) })).rejects.toMatchObject(invalid);
    await expect(lookUp({ NextToken: 'x'.repeat(40) })).rejects.toMatchObject(invalid);
    time += 3_600_001;
    await expect(lookUp({ MaxResults: 1, NextToken })).rejects.toMatchObject(invalid);
  });

  test('audit events of clusters are not CloudTrail events', async () => {
    trail.requests.record(aRequest());
    expect(await lookUp({})).toEqual({ Events: [] });
  });
});

test.each([
  ['no results', { MaxResults: 0 }, 'InvalidMaxResultsException'],
  ['more results than fifty', { MaxResults: 51 }, 'InvalidMaxResultsException'],
  [
    'a range that ends before it begins',
    { StartTime: new Date(2), EndTime: new Date(1) },
    'InvalidTimeRangeException',
  ],
  [
    'two attributes',
    {
      LookupAttributes: [
        { AttributeKey: 'EventName', AttributeValue: 'a' },
        { AttributeKey: 'Username', AttributeValue: 'b' },
      ],
    },
    'InvalidLookupAttributesException',
  ],
  [
    'an attribute nobody knows',
    { LookupAttributes: [{ AttributeKey: 'PrincipalId', AttributeValue: 'a' }] },
    'InvalidLookupAttributesException',
  ],
  [
    'an empty value',
    { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: '' }] },
    'InvalidLookupAttributesException',
  ],
  [
    'a value that is too long',
    { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'a'.repeat(2001) }] },
    'InvalidLookupAttributesException',
  ],
  ['a category nobody knows', { EventCategory: 'data' }, 'InvalidEventCategoryException'],
])('%s is refused', async (_name, input, code) => {
  await expect(lookUp(input as LookupEventsCommandInput)).rejects.toMatchObject({ code });
});

test('there are no insight events', async () => {
  record({});
  expect(await lookUp({ EventCategory: 'insight' })).toEqual({ Events: [] });
});

test('an event tells what CloudTrail tells', async () => {
  record({
    operation: 'CreateAccessEntry',
    input: { clusterName: 'prod', principalArn: 'arn:aws:iam::111122223333:role/ops' },
    output: {},
    resources: ['arn:aws:eks:us-east-1:111122223333:cluster/prod'],
  });
  const { Events = [] } = await lookUp({});
  expect(Events).toEqual([
    {
      EventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      EventName: 'CreateAccessEntry',
      ReadOnly: 'false',
      AccessKeyId: alice.accessKeyId,
      EventTime: new Date(now),
      EventSource: 'eks.amazonaws.com',
      Username: 'alice',
      Resources: [{ ResourceType: 'AWS::EKS::Cluster', ResourceName: 'prod' }],
      CloudTrailEvent: expect.any(String),
    },
  ]);
  expect(JSON.parse(Events[0]?.CloudTrailEvent ?? '')).toMatchObject({
    eventID: Events[0]?.EventId,
    recipientAccountId: accountId,
    requestParameters: { name: 'prod', principalArn: 'arn:aws:iam::111122223333:role/ops' },
  });
});

test.each([
  ['EventName', 'DeleteCluster', ['DeleteCluster']],
  ['ReadOnly', 'true', ['ListUsers']],
  ['ReadOnly', 'False', ['DeleteCluster']],
  ['Username', 'alice', ['DeleteCluster', 'ListUsers']],
  ['Username', 'bob', []],
  ['ResourceType', 'AWS::EKS::Cluster', ['DeleteCluster']],
  ['ResourceName', 'prod', ['DeleteCluster']],
  ['ResourceName', 'arn:aws:eks:us-east-1:111122223333:cluster/prod', ['DeleteCluster']],
  ['EventSource', 'iam.amazonaws.com', ['ListUsers']],
  ['AccessKeyId', alice.accessKeyId, ['DeleteCluster', 'ListUsers']],
] as const)('looking up %s %s', async (AttributeKey, AttributeValue, expected) => {
  record({ service: 'iam', operation: 'ListUsers', input: {} });
  record({
    operation: 'DeleteCluster',
    resources: ['arn:aws:eks:us-east-1:111122223333:cluster/prod'],
  });
  expect(namesOf(await lookUp({ LookupAttributes: [{ AttributeKey, AttributeValue }] }))).toEqual(expected);
});

test('pages show every event once, newest first, while calls go on', async () => {
  for (let at = 0; at < 120; at++) record({ operation: `Get${at}` });
  const seen: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page: LookupEventsCommandOutput = await lookUp({ MaxResults: 50, ...(NextToken && { NextToken }) });
    seen.push(...namesOf(page));
    NextToken = page.NextToken;
    record({ operation: 'Late' });
  } while (NextToken !== undefined);
  expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => `Get${119 - at}`));
});
