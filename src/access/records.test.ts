import { describe, expect, test } from 'vitest';
import { parseClusterRecord, parseEntryRecord } from './records.ts';

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const entry = { principalArn: role('ops'), principalId: 'AROAOPS', type: 'STANDARD', username: 'u' };
const scope = { type: 'cluster', namespaces: [] };
const withPolicy = (association: object) => ({ ...entry, associatedPolicies: [association] });

describe('an access entry is not read', () => {
  test.each<[string, object]>([
    ['without the id of its principal', { ...entry, principalId: '' }],
    ['with an id of another type', { ...entry, principalId: null }],
    [
      'with an empty id that AWS’s IAM is said to have told',
      { ...entry, principalId: '', pinnedBy: 'awsIam' },
    ],
    ['for a star beside an id', { ...entry, principalArn: role('*') }],
    ['for a star that means nothing', { ...entry, principalArn: role('*/ops'), principalId: '' }],
    [
      'for a star that means nothing and waits',
      { ...entry, principalArn: role('*/ops'), principalId: '', pinnedBy: 'firstUse' },
    ],
    ['for nodes of many roles', { ...entry, principalArn: role('*'), principalId: '', type: 'EC2_LINUX' }],
    ['with a policy of no scope', withPolicy({ policyArn: 'p', accessScope: { type: 'planet' } })],
    ['with an end that is no time', withPolicy({ policyArn: 'p', accessScope: scope, expiresAt: '2026' })],
    ['with an end that is null', withPolicy({ policyArn: 'p', accessScope: scope, expiresAt: null })],
  ])('%s', (_, record) => expect(parseEntryRecord(JSON.stringify(record))).toBeUndefined());
});

test.each<[string, object]>([
  ['for a principal', entry],
  ['for a matcher', { ...entry, principalArn: role('dev-*'), principalId: '' }],
  ['for a principal that is awaited', { ...entry, principalId: '', pinnedBy: 'firstUse' }],
  ['for one that came', { ...entry, pinnedBy: 'firstUse', pinnedAt: 1 }],
])('an access entry is read %s', (_, record) => {
  const { principalArn, principalId } = record as typeof entry;
  expect(parseEntryRecord(JSON.stringify(record))).toMatchObject({ principalArn, principalId });
});

test('the end of an association is read', () => {
  const record = withPolicy({ policyArn: 'p', accessScope: scope, expiresAt: 7, reason: 'x' });
  expect(parseEntryRecord(JSON.stringify(record))?.associatedPolicies).toEqual([
    { policyArn: 'p', accessScope: scope, expiresAt: 7 },
  ]);
});

describe('of a cluster', () => {
  const cluster = {
    clusterId: 'c',
    accountId: '111122223333',
    region: 'r',
    name: 'prod',
    authenticationMode: 'API',
  };
  const read = (change: object) => parseClusterRecord(JSON.stringify({ ...cluster, ...change }));

  test.each([
    ['null', null],
    ['a text', 'AROAOPS'],
    ['without id', { principalArn: role('ops'), principalId: '' }],
    ['without ARN', { principalId: 'AROAOPS' }],
  ])('a break-glass principal that is %s makes the record unreadable', (_, breakGlass) => {
    expect(read({ breakGlass })).toBeUndefined();
  });

  test.each([
    ['null', null],
    ['a text', 'https://api'],
    ['an empty list', []],
    ['a list with an empty one', ['https://api', '']],
    ['a list with a number', ['https://api', 1]],
  ])('audiences that are %s make the record unreadable', (_, apiAudiences) => {
    expect(read({ apiAudiences })).toBeUndefined();
  });

  test('audiences are read', () => {
    expect(read({ apiAudiences: ['https://api'] })?.apiAudiences).toEqual(['https://api']);
  });

  test('a break-glass principal is read', () => {
    const breakGlass = { principalArn: role('ops'), principalId: 'AROAOPS', reason: 'x', setAt: 1 };
    expect(read({ breakGlass })?.breakGlass).toEqual(breakGlass);
    expect(read({})).toBeDefined();
  });
});
