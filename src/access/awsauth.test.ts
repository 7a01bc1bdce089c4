import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../test/processortime.ts';
import { parseAwsAuth } from './awsauth.ts';

const ops = 'arn:aws:iam::111122223333:role/Ops';
const ada = 'arn:aws:iam::111122223333:user/ada';

describe('what cannot be read maps nobody', () => {
  test.each([
    ['keys in another case', { maproles: `- rolearn: ${ops}`, MapUsers: `- userarn: ${ada}` }],
    ['broken YAML', { mapRoles: '- rolearn: [' }],
    ['a mapping instead of a list', { mapRoles: `rolearn: ${ops}` }],
    ['a scalar', { mapRoles: ops, mapAccounts: '111122223333' }],
    ['items of no shape', { mapRoles: `- ${ops}\n- [1]\n-`, mapUsers: '- 1', mapAccounts: '- {a: 1}' }],
    ['an ARN of another type', { mapRoles: '- rolearn: 5', mapUsers: '- userarn: [x]' }],
    [
      'both forms',
      { mapRoles: `- rolearn: ${ops}\n  sso: {permissionSetName: View, accountID: "111122223333"}` },
    ],
    ['a bad SSO item with an ARN', { mapRoles: `- rolearn: ${ops}\n  sso: 5` }],
    [
      'an SSO account without quotes',
      { mapRoles: '- sso: {permissionSetName: View, accountID: 111122223333}' },
    ],
    ['a value that is no text', { mapRoles: [{ rolearn: ops }] }],
    ['a name twice in one item', { mapRoles: `- rolearn: ${ops}\n  rolearn: ${ops}` }],
    ['inherited keys', Object.create({ mapRoles: `- rolearn: ${ops}` })],
    [
      'aliases without end',
      { mapRoles: `- &a [x,x,x,x,x,x,x,x,x]\n- &b [${'*a,'.repeat(50)}*a]\n- [${'*b,'.repeat(50)}*b]` },
    ],
    ['nesting without end', { mapRoles: '['.repeat(20_000), mapUsers: '- '.repeat(20_000) }],
    ['more text than a ConfigMap holds', { mapRoles: `- rolearn: ${ops}\n${' '.repeat(1_048_576)}` }],
    ['empty spellings (G6)', { mapRoles: '``', mapUsers: '""', mapAccounts: "''" }],
  ])('%s', (_, data) => {
    const { awsAuth } = parseAwsAuth(data as Record<string, unknown>);
    expect(awsAuth).toEqual({ roles: [], users: [], accounts: [] });
  });
});

// Each takes the YAML library from many seconds to minutes when it may go on to the end.
test.each([
  ['anchors in a row', '&a '.repeat(60_000)],
  ['names of one mapping', `- ${Array.from({ length: 20_000 }, (_, at) => `k${at}: x`).join('\n  ')}`],
  ['names that merge', `- ${'<<: *a\n  '.repeat(20_000)}`],
  ['an ordered map', `- !!omap [${Array.from({ length: 20_000 }, (_, at) => `{k${at}: 1}`).join(',')}]`],
  ['commas', `[${', '.repeat(60_000)}`],
  ['tags in a row', '!a '.repeat(60_000)],
  [
    'small mappings that are merged',
    Array.from({ length: 1000 }, (_, at) => `- &a${at} {x: y}\n${`- <<: *a${at}\n`.repeat(30)}`).join(''),
  ],
  [
    'a big mapping that is merged',
    `- &a {${Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join()}}\n${'- <<: *a\n'.repeat(99)}`,
  ],
  [
    'merges in one another',
    `- ${'{<<: '.repeat(400)}{${Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join()}}${'}'.repeat(400)}`,
  ],
  ['groups that are repeated', `- {groups: &a [${'a,'.repeat(60_000)}]}\n${'- {groups: *a}\n'.repeat(99)}`],
])('a hostile text is read in seconds and maps nobody: %s', (_, mapRoles) => {
  const spent = processorTimer();
  expect(parseAwsAuth({ mapRoles }).awsAuth.roles).toEqual([]);
  expect(spent()).toBeLessThan(3000);
});

test('anchors, aliases and merged names count', () => {
  const { awsAuth, errors } = parseAwsAuth({
    mapUsers: `- &ada\n  userarn: ${ada}\n  groups: &g [g]\n  username: ada\n- <<: *ada\n  username: eve`,
  });
  expect(errors).toEqual([]);
  expect(awsAuth.users.map(({ username }) => username)).toEqual(['ada', 'eve']);
});

test('a key whose value is null is absent: an API server makes an empty text of it', () => {
  expect(parseAwsAuth({ mapRoles: null }).keys.mapRoles).toEqual({ isAbsent: true, errors: [] });
});

test('a broken key leaves the others (G3)', () => {
  const { awsAuth, errors } = parseAwsAuth({
    mapRoles: '- [',
    mapUsers: `- userarn: ${ada}\n  username: ada`,
  });
  expect(awsAuth.users).toEqual([{ userarn: ada, username: 'ada', groups: [] }]);
  expect(errors).toEqual(['mapRoles is not valid YAML']);
});

test('a field of the wrong type is empty and the item stays (G4)', () => {
  const { awsAuth, errors } = parseAwsAuth({
    mapRoles: `- rolearn: ${ops}\n  username: 007\n  groups: system:masters\n- rolearn: ${ops}\n  username: yes\n  groups: [a, 5, b]`,
  });
  expect(awsAuth.roles).toEqual([
    { rolearn: ops, username: '', groups: [] },
    { rolearn: ops, username: '', groups: ['a', 'b'] },
  ]);
  expect(errors).toHaveLength(4);
});

test('names inside items do not count by case, and account ids keep their text (G9)', () => {
  const { awsAuth, errors } = parseAwsAuth({
    mapUsers: `- UserARN: ${ada}\n  USERNAME: ada\n  Groups: [g]\n  note: x`,
    mapAccounts: '- 012345678901\n- "1"',
  });
  expect(awsAuth).toEqual({
    roles: [],
    users: [{ userarn: ada, username: 'ada', groups: ['g'] }],
    accounts: ['012345678901', '1'],
  });
  expect(errors).toEqual([]);
});
