import { describe, expect, test } from 'vitest';
import { findingsIn } from './check.ts';

const account = '111122223333';
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const gateShut = { ssoRoleMatch: false };

/** Ids and places of what is found: `021 9:16`. */
const found = (text: string, options = gateShut): readonly string[] =>
  findingsIn(text, options).map(({ id, position }) => `${id.slice(-3)} ${position.line}:${position.column}`);
/** Ids alone, of bare data. */
const idsOf = (mapRoles: string, options = gateShut): string =>
  findingsIn(JSON.stringify({ mapRoles }), options)
    .map(({ id }) => id.slice(-3))
    .join(' ');
const user = (fields: string): string =>
  findingsIn(
    JSON.stringify({ mapUsers: `- {userarn: "arn:aws:iam::${account}:user/ada", ${fields}}` }),
    gateShut,
  )
    .map(({ id }) => id.slice(-3))
    .join(' ');

const manifest = (data: string, metadata = 'name: aws-auth\n  namespace: kube-system'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  ${metadata}\ndata:\n${data}`;
const good = `  mapRoles: |\n    - rolearn: ${role('Ops')}\n      username: ops:{{SessionName}}\n      groups: [ops]\n`;

describe('nothing is found in', () => {
  test.each([
    ['a good manifest', manifest(good)],
    ['bare data', good.replaceAll(/^ {2}/gm, '')],
    [
      'a manifest in JSON',
      JSON.stringify({
        kind: 'ConfigMap',
        metadata: { name: 'aws-auth', namespace: 'kube-system' },
        data: { mapUsers: '[]' },
      }),
    ],
    ['a manifest among others', `kind: ConfigMap\nmetadata: {name: coredns}\n---\n${manifest(good)}`],
    ['a manifest in a List', `kind: List\nitems:\n- ${manifest(good).trimEnd().replaceAll('\n', '\n  ')}`],
    [
      'a manifest with an alias for its text',
      manifest('  mapRoles: *a\n', 'name: aws-auth\n  namespace: kube-system\n  annotations: {a: &a "[]"}'),
    ],
    ['a manifest without data', manifest('').replace(/data:\n$/, '')],
  ])('%s', (_, text) => expect(found(text)).toEqual([]));

  test.each([
    ['anchors and merges', `- &a {rolearn: "${role('A')}", username: a}\n- <<: *a\n  rolearn: ${role('B')}`],
    ['odd case of fields', `- {RoleARN: "${role('A')}", UserName: a, GROUPS: [g]}`],
    [
      'a node',
      `- {rolearn: "${role('N')}", username: "system:node:{{EC2PrivateDNSName}}", groups: [system:bootstrappers, system:nodes]}`,
    ],
    ['an empty list', '[]'],
  ])('%s', (_, mapRoles) => expect(idsOf(mapRoles)).toBe(''));
});

describe('places are those in the file', () => {
  test('inside a literal block, comments and blank lines included', () => {
    const text = manifest(
      `  # who\n  mapRoles: | # roles\n\n    # one\n    - rolearn: ${role('team/Ops')}\n\n      username: "{{Session}}"\n`,
    );
    expect(found(text)).toEqual(['021 11:16', '031 13:17']);
  });

  test('inside a block with an indicator, and one that keeps its end', () => {
    expect(found(manifest('  mapAccounts: |2+\n      - nobody\n\n'))).toEqual(['050 8:9']);
  });

  test('of broken YAML: where it breaks', () => {
    expect(found(manifest(`  mapRoles: |\n    - rolearn: ${role('Ops')}\n     - {\n`))[0]).toMatch(
      /^002 (9|10):/,
    );
    expect(found(manifest(`  mapRoles: |\n    - rolearn: a\n      rolearn: b\n`))).toEqual(['002 9:7']);
  });

  test('of a text in quotes or folded: where it begins', () => {
    expect(found(manifest(`  mapRoles: "- rolearn: x\\n  username: u"\n`))).toEqual(['020 7:13']);
    expect(found(manifest(`  mapRoles: >\n    [{rolearn: x,\n    username: u}]\n`))).toEqual(['020 7:13']);
  });

  test('in a List, and with Windows line ends', () => {
    const text = `kind: List\nitems:\n- ${manifest('  mapAccounts: |\n    - nobody\n').trimEnd().replaceAll('\n', '\n  ')}\n`;
    expect(found(text)).toEqual(['050 10:9']);
    expect(found(manifest('  mapAccounts: |\n    - nobody\n').replaceAll('\n', '\r\n'))).toEqual(['050 8:7']);
  });
});

describe('the manifest', () => {
  test.each<[string, string, readonly string[]]>([
    ['is none', 'kind: Secret\nmetadata: {name: aws-auth}\n', ['001']],
    ['is no mapping', '- a', ['001']],
    ['is empty', '', ['001']],
    ['cannot be read', 'kind: [', ['002']],
    ['has an alias of nothing', manifest(`${good}  notes: *nothing\n`), ['002']],
    ['is something else without a kind', 'name: x\n', ['001', '006']],
    ['has another name', manifest(good, 'name: aws-outh\n  namespace: kube-system'), ['001']],
    ['is in another namespace', manifest(good, 'name: aws-auth\n  namespace: default'), ['001']],
    ['names no namespace', manifest(good, 'name: aws-auth'), ['008']],
    ['is there twice', `${manifest(good)}---\n${manifest(good)}`, ['001']],
    ['has a misspelt key', manifest('  MapRoles: ""\n  mapUser: ""\n  notes: x\n'), ['005', '005', '006']],
    [
      'has empty values',
      manifest(`  mapRoles: ""\n  mapUsers: "''"\n  mapAccounts: ""\n`),
      ['007', '007', '007'],
    ],
    ['has a list for text', manifest('  mapAccounts:\n  - "x"\n'), ['003', '050']],
  ])('that %s', (_, text, ids) => {
    expect(findingsIn(text, gateShut).map(({ id }) => id.slice(-3))).toEqual(ids);
  });
});

test.each([
  ['no list', 'rolearn: x', '004'],
  ['an item that is text', `- ${role('A')}`, '010'],
  ['an item without ARN', '- {username: a}', '011'],
  ['an item with an empty ARN', '- {rolearn: "", username: a}', '011'],
  [
    'both forms',
    `- {rolearn: "${role('A')}", sso: {permissionSetName: V, accountID: "${account}"}, username: a}`,
    '012',
  ],
  ['a number for a name', `- {rolearn: "${role('A')}", username: 7}`, '013'],
  ['a number for an ARN', '- {rolearn: 7, username: a}', '013'],
  ['text for groups', `- {rolearn: "${role('A')}", username: a, groups: g}`, '013'],
  ['a truth value among groups', `- {rolearn: "${role('A')}", username: a, groups: [yes]}`, '013'],
  ['an unknown field', `- {rolearn: "${role('A')}", username: a, group: [g]}`, '014'],
  ['a user’s field', `- {rolearn: "${role('A')}", username: a, userarn: x}`, '014'],
  ['names that differ in case', `- {rolearn: "${role('A')}", username: a, UserName: b}`, '015'],
  ['a name twice', `- {rolearn: "${role('A')}", rolearn: "${role('B')}", username: a}`, '002'],
  ['a wildcard', `- {rolearn: "${role('*')}", username: a}`, '020'],
  ['a policy’s ARN', `- {rolearn: "arn:aws:iam::${account}:policy/x", username: a}`, '020'],
  ['a blank behind an ARN', `- {rolearn: "${role('A')} ", username: a}`, '020'],
  [
    'a path',
    `- {rolearn: "${role('aws-reserved/sso.amazonaws.com/AWSReservedSSO_V_0123456789abcdef')}", username: a}`,
    '021',
  ],
  ['a session', `- {rolearn: "arn:aws:sts::${account}:assumed-role/A/s1", username: a}`, '022'],
  ['a partition', `- {rolearn: "arn:moon:iam::${account}:role/A", username: a}`, '023'],
  ['a user', `- {rolearn: "arn:aws:iam::${account}:user/a", username: a}`, '024'],
  ['root', `- {rolearn: "arn:aws:iam::${account}:root", username: a}`, '024'],
  [
    'one ARN twice',
    `- {rolearn: "${role('A')}", username: a}\n- {rolearn: "${role('a')}", username: b}`,
    '025',
  ],
  ['no name', `- {rolearn: "${role('A')}"}`, '030'],
  ['a placeholder in a group', `- {rolearn: "${role('A')}", username: a, groups: ["{{accountid}}"]}`, '031'],
  ['a name of ours', `- {rolearn: "${role('A')}", username: "entryway:break-glass:x"}`, '033'],
  ['an empty group', `- {rolearn: "${role('A')}", username: a, groups: [""]}`, '034'],
  ['masters', `- {rolearn: "${role('A')}", username: a, groups: [system:masters]}`, '040'],
  ['a name by choice', `- {rolearn: "${role('A')}", username: "{{SessionName}}"}`, '041'],
  ['a permission set', `- {sso: {permissionSetName: V, accountID: "${account}"}, username: a}`, '060'],
  ['a permission set without account', '- {sso: {permissionSetName: V}, username: a}', '061'],
  ['an account without quotes', `- {sso: {permissionSetName: V, accountID: ${account}}, username: a}`, '061'],
  [
    'a node without groups',
    `- {rolearn: "${role('N')}", username: "system:node:{{EC2PrivateDNSName}}", groups: [g]}`,
    '070',
  ],
  [
    'a Fargate node of other groups',
    `- {rolearn: "${role('N')}", username: "system:node:{{SessionName}}", groups: [system:bootstrappers, system:nodes]}`,
    '072',
  ],
  ['somebody among the nodes', `- {rolearn: "${role('A')}", username: a, groups: [system:nodes]}`, '071'],
])('mapRoles with %s', (_, mapRoles, id) => expect(idsOf(mapRoles)).toBe(id));

test('a user has no session, and a role among users never is one', () => {
  expect(user('username: "u:{{SessionName}}"')).toBe('032');
  expect(user('username: u')).toBe('');
});

test('where the gate is open a permission set is fine, but for the partition the authenticator loses', () => {
  const item = (more: string) =>
    `- {sso: {permissionSetName: V, accountID: "${account}"${more}}, username: a}`;
  expect(idsOf(item(''), { ssoRoleMatch: true })).toBe('');
  expect(idsOf(item(', partition: aws-cn'), { ssoRoleMatch: true })).toBe('062');
});

test('of one ARN in roles and users the roles’ item counts; users in two cases are a lottery', () => {
  const text = JSON.stringify({
    mapRoles: `- {rolearn: "${role('A')}", username: a}`,
    mapUsers: `- {userarn: "${role('A')}", username: b}`,
  });
  expect(findingsIn(text, gateShut).map(({ id }) => id.slice(-3))).toEqual(['024', '025']);
  const ada = `arn:aws:iam::${account}:user/ada`;
  const lottery = `- {userarn: "${ada}", username: a}\n- {userarn: "${ada.replace('ada', 'Ada')}", username: b}`;
  const [finding] = findingsIn(JSON.stringify({ mapUsers: lottery }), gateShut);
  expect(finding?.message).toContain('at random');
});

test('accounts: the digits, the quotes and what they open', () => {
  const text = manifest(
    `  mapAccounts: |\n    - "${account}"\n    - 012345678901\n    - "${account}"\n    - 12\n`,
  );
  expect(found(text)).toEqual(['042 8:7', '042 9:7', '051 9:7', '025 10:7', '050 11:7']);
});

test.each([
  [
    'aliases without end',
    `- &a [x,x,x,x,x,x,x,x,x]\n- &b [${'*a,'.repeat(110)}*a]\n- [${'*b,'.repeat(110)}*b]`,
  ],
  ['an alias of itself', '&a [*a]'],
])('%s ends as broken', (_, mapRoles) => expect(idsOf(mapRoles)).toBe('002'));
