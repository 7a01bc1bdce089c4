import { expect, test } from 'vitest';
import { emptyContext, type RequestContext } from '../../engine/iam/request.ts';
import { createWorld, trustOf } from './testworld.ts';

const power = 'arn:aws:iam::aws:policy/PowerUserAccess';
const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
const boundary = { 'iam:permissionsboundary': power };
const teamTag = { 'aws:resourcetag/team': 'A', 'iam:resourcetag/team': 'A' };
const policyTag = { 'aws:resourcetag/team': 'A' };
const requestTags = { 'aws:requesttag/cost': 'X', 'aws:tagkeys': ['Cost'] };
const Tags = [{ Key: 'Cost', Value: 'X' }];
const ownPolicy = 'arn:aws:iam::111122223333:policy/read';

async function taggedWorld() {
  const world = await createWorld();
  const tagged = { Tags: [{ Key: 'Team', Value: 'A' }], PermissionsBoundary: power };
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' },
  });
  await world.call('CreateUser', { UserName: 'ada', ...tagged });
  const trust = { AssumeRolePolicyDocument: trustOf({ AWS: '*' }) };
  await world.call('CreateRole', { RoleName: 'ops', ...trust, ...tagged });
  await world.call('CreateGroup', { GroupName: 'devs' });
  await world.call('CreatePolicy', { PolicyName: 'read', PolicyDocument, Tags: tagged.Tags });
  await world.user('plain');
  return world;
}

const plain = (context: RequestContext = emptyContext): object => Object.fromEntries(context);

/** Service Authorization Reference for IAM: keys of the call, keys of the resource. */
const cases: readonly [operation: string, input: object, call: object, resource: object][] = [
  // A boundary that was not asked for is absent: `Null` and `StringNotEquals` decide about it.
  ['CreateUser', { UserName: 'new' }, {}, {}],
  ['CreateUser', { UserName: 'new', PermissionsBoundary: power, Tags }, { ...boundary, ...requestTags }, {}],
  ['CreateRole', { RoleName: 'new', PermissionsBoundary: power, Tags }, { ...boundary, ...requestTags }, {}],
  ['CreatePolicy', { PolicyName: 'new', Tags }, requestTags, {}],
  // What is told is the boundary it shall have, not the one it has.
  [
    'PutUserPermissionsBoundary',
    { UserName: 'ada', PermissionsBoundary: admin },
    { 'iam:permissionsboundary': admin },
    teamTag,
  ],
  ['DeleteUserPermissionsBoundary', { UserName: 'ada' }, boundary, teamTag],
  ['DeleteUserPermissionsBoundary', { UserName: 'plain' }, {}, {}],
  ['DeleteRolePermissionsBoundary', { RoleName: 'ops' }, boundary, teamTag],
  [
    'AttachUserPolicy',
    { UserName: 'ada', PolicyArn: admin },
    { ...boundary, 'iam:policyarn': admin },
    teamTag,
  ],
  [
    'DetachRolePolicy',
    { RoleName: 'ops', PolicyArn: admin },
    { ...boundary, 'iam:policyarn': admin },
    teamTag,
  ],
  ['AttachGroupPolicy', { GroupName: 'devs', PolicyArn: admin }, { 'iam:policyarn': admin }, {}],
  ['ListAttachedUserPolicies', { UserName: 'ada' }, {}, teamTag],
  ['PutUserPolicy', { UserName: 'ada', PolicyName: 'p' }, boundary, teamTag],
  ['DeleteRolePolicy', { RoleName: 'ops', PolicyName: 'p' }, boundary, teamTag],
  ['GetRolePolicy', { RoleName: 'ops', PolicyName: 'p' }, {}, teamTag],
  ['GetRole', { RoleName: 'ops' }, boundary, teamTag],
  ['DeleteRole', { RoleName: 'ops' }, boundary, teamTag],
  ['GetUser', { UserName: 'ada' }, {}, teamTag],
  ['DeleteUser', { UserName: 'ada' }, {}, teamTag],
  ['CreateAccessKey', { UserName: 'ada' }, {}, teamTag],
  ['UpdateAssumeRolePolicy', { RoleName: 'ops' }, {}, teamTag],
  ['TagUser', { UserName: 'ada', Tags }, requestTags, teamTag],
  ['UntagUser', { UserName: 'ada', TagKeys: ['Cost'] }, { 'aws:tagkeys': ['Cost'] }, teamTag],
  ['TagPolicy', { PolicyArn: ownPolicy, Tags }, requestTags, policyTag],
  ['UntagPolicy', { PolicyArn: ownPolicy, TagKeys: ['Cost'] }, { 'aws:tagkeys': ['Cost'] }, policyTag],
  ['ListPolicyTags', { PolicyArn: ownPolicy }, {}, policyTag],
  ['CreatePolicyVersion', { PolicyArn: ownPolicy }, {}, policyTag],
  ['DeletePolicy', { PolicyArn: ownPolicy }, {}, policyTag],
  ['GetPolicy', { PolicyArn: power }, {}, {}],
  ['GetPolicy', { PolicyArn: 'no ARN' }, {}, {}],
  ['AddUserToGroup', { GroupName: 'devs', UserName: 'ada' }, {}, {}],
  ['ListUsers', {}, {}, {}],
];
test.each(cases)('%s %j tells %j, its resource %j', async (operation, input, call, resource) => {
  const world = await taggedWorld();
  const target = await world.target(operation, input);
  expect(plain(target?.context)).toEqual(call);
  const [first] = target?.resources ?? [];
  expect(plain(typeof first === 'object' ? first.context : undefined)).toEqual(resource);
});

test('both ends of a move tell the tags', async () => {
  const world = await taggedWorld();
  const target = await world.target('UpdateUser', { UserName: 'ada', NewPath: '/admins/' });
  expect(
    target?.resources.map((resource) => typeof resource === 'object' && plain(resource.context)),
  ).toEqual([teamTag, teamTag]);
});

test('members that a request leaves out, or gives by halves, tell nothing', async () => {
  const world = await taggedWorld();
  const target = await world.target('TagUser', { Tags: [{ Value: 'x' }, { Key: 'k' }] });
  expect(plain(target?.context)).toEqual({ 'aws:requesttag/k': '', 'aws:tagkeys': ['k'] });
  expect(plain((await world.target('TagUser', { UserName: 'ada', Tags: [] }))?.context)).toEqual({});
});
