import { beforeAll, expect, test } from 'vitest';
import { arnOf } from '../operation.ts';
import { createIamOperations } from './operations.ts';
import { account, allowAll, createWorld, trustOf, type World } from './testworld.ts';

/**
 * What the Service Authorization Reference says about each IAM action: the type of the resource it is judged on, and
 * the condition keys of the call (iam-facts F4.3; data of September 2026). Keys for things that do not exist here
 * (security keys, delegation) are left out.
 */
const reference: readonly [resource: string, keys: readonly string[], actions: string][] = [
  [
    'user',
    [],
    `CreateAccessKey DeactivateMFADevice DeleteAccessKey DeleteLoginProfile DeleteUser EnableMFADevice
     GetAccessKeyLastUsed GetLoginProfile GetMFADevice GetUser GetUserPolicy ListAccessKeys ListAttachedUserPolicies
     ListGroupsForUser ListMFADevices ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates
     ListUserPolicies ListUserTags ResyncMFADevice UpdateAccessKey UpdateUser GenerateServiceLastAccessedDetails
     GetContextKeysForPrincipalPolicy ListPoliciesGrantingServiceAccess SimulatePrincipalPolicy`,
  ],
  ['user', ['PermissionsBoundary', 'PolicyARN'], 'AttachUserPolicy DetachUserPolicy'],
  [
    'user',
    ['PermissionsBoundary'],
    'DeleteUserPermissionsBoundary DeleteUserPolicy PutUserPermissionsBoundary PutUserPolicy',
  ],
  ['user', ['PermissionsBoundary', 'RequestTag', 'TagKeys'], 'CreateUser'],
  ['user', ['RequestTag', 'TagKeys'], 'TagUser'],
  ['user', ['TagKeys'], 'UntagUser'],
  [
    'role',
    [],
    `DeleteServiceLinkedRole GetRolePolicy GetServiceLinkedRoleDeletionStatus ListAttachedRolePolicies
     ListInstanceProfilesForRole ListRolePolicies ListRoleTags UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription`,
  ],
  ['role', ['PermissionsBoundary', 'PolicyARN'], 'AttachRolePolicy DetachRolePolicy'],
  [
    'role',
    ['PermissionsBoundary'],
    'DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy GetRole PutRolePermissionsBoundary PutRolePolicy',
  ],
  ['role', ['PermissionsBoundary', 'RequestTag', 'TagKeys'], 'CreateRole'],
  ['role', ['AWSServiceName'], 'CreateServiceLinkedRole'],
  ['role', ['RequestTag', 'TagKeys'], 'TagRole'],
  ['role', ['TagKeys'], 'UntagRole'],
  [
    'group',
    [],
    `AddUserToGroup CreateGroup DeleteGroup DeleteGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies
     ListGroupPolicies PutGroupPolicy RemoveUserFromGroup UpdateGroup`,
  ],
  ['group', ['PolicyARN'], 'AttachGroupPolicy DetachGroupPolicy'],
  [
    'policy',
    [],
    `CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion ListEntitiesForPolicy
     ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion`,
  ],
  ['policy', ['RequestTag', 'TagKeys'], 'CreatePolicy TagPolicy'],
  ['policy', ['TagKeys'], 'UntagPolicy'],
  [
    'instance-profile',
    [],
    `AddRoleToInstanceProfile DeleteInstanceProfile GetInstanceProfile ListInstanceProfileTags
     RemoveRoleFromInstanceProfile`,
  ],
  ['instance-profile', ['RequestTag', 'TagKeys'], 'CreateInstanceProfile TagInstanceProfile'],
  ['instance-profile', ['TagKeys'], 'UntagInstanceProfile'],
  [
    'oidc-provider',
    [],
    `AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider
     ListOpenIDConnectProviderTags RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint`,
  ],
  ['oidc-provider', ['RequestTag', 'TagKeys'], 'CreateOpenIDConnectProvider TagOpenIDConnectProvider'],
  ['oidc-provider', ['TagKeys'], 'UntagOpenIDConnectProvider'],
  ['mfa', [], 'DeleteVirtualMFADevice ListMFADeviceTags'],
  ['mfa', ['RequestTag', 'TagKeys'], 'CreateVirtualMFADevice TagMFADevice'],
  ['mfa', ['TagKeys'], 'UntagMFADevice'],
  [
    '*',
    [],
    `CreateAccountAlias DeleteAccountAlias GenerateCredentialReport GetAccountAuthorizationDetails
     GetAccountPasswordPolicy GetAccountSummary GetContextKeysForCustomPolicy GetCredentialReport
     GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities ListAccountAliases ListGroups
     ListInstanceProfiles ListOpenIDConnectProviders ListPolicies ListRoles ListUsers ListVirtualMFADevices
     SimulateCustomPolicy`,
  ],
];

const rows = reference.flatMap(([resource, keys, actions]) =>
  actions.split(/\s+/).map((action): [string, string, readonly string[]] => [action, resource, keys]),
);
const implemented = new Set(Object.keys(createIamOperations({} as never)));
const boundary = 'arn:aws:iam::aws:policy/PowerUserAccess';
const ownArn = (resource: string): string => `arn:aws:iam::${account}:${resource}`;

/** Members of all operations at once: each takes its own. */
const input = {
  UserName: 'ada',
  RoleName: 'ops',
  GroupName: 'devs',
  PolicyName: 'read',
  InstanceProfileName: 'nodes',
  VirtualMFADeviceName: 'phone',
  Url: 'https://oidc.example.com/id',
  AWSServiceName: 'eks.amazonaws.com',
  PolicyArn: ownArn('policy/read'),
  Arn: ownArn('user/ada'),
  PolicySourceArn: ownArn('user/ada'),
  OpenIDConnectProviderArn: ownArn('oidc-provider/oidc.example.com/id'),
  SerialNumber: ownArn('mfa/phone'),
  DeletionTaskId: 'task/aws-service-role/eks.amazonaws.com/ops/00000000-0000-4000-8000-000000000000',
  PermissionsBoundary: boundary,
  Tags: [{ Key: 'Cost', Value: 'X' }],
  TagKeys: ['Cost'],
};

let world: World;
let AccessKeyId: string;
beforeAll(async () => {
  world = await createWorld();
  const trust = { AssumeRolePolicyDocument: trustOf({ AWS: '*' }) };
  await world.call('CreateUser', { UserName: 'ada', PermissionsBoundary: boundary });
  await world.call('CreateRole', { RoleName: 'ops', PermissionsBoundary: boundary, ...trust });
  await world.call('CreateGroup', { GroupName: 'devs' });
  await world.call('CreatePolicy', { PolicyName: 'read', PolicyDocument: allowAll });
  const { AccessKey } = await world.call<{ AccessKey: { AccessKeyId: string } }>('CreateAccessKey', {
    UserName: 'ada',
  });
  ({ AccessKeyId } = AccessKey);
});

test('every operation stands in the reference, once', () => {
  const listed = rows.map(([action]) => action);
  expect([...implemented].filter((name) => !listed.includes(name))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

const keyNames: Readonly<Record<string, string>> = {
  PermissionsBoundary: 'iam:permissionsboundary',
  PolicyARN: 'iam:policyarn',
  AWSServiceName: 'iam:awsservicename',
  RequestTag: 'aws:requesttag/cost',
  TagKeys: 'aws:tagkeys',
};

test.each(rows.filter(([action]) => implemented.has(action)))(
  '%s is judged on a resource of type %s and tells %j',
  async (action, resource, keys) => {
    const target = await world.target(action, { ...input, AccessKeyId });
    expect(target?.action).toBe(`iam:${action}`);
    const pattern = resource === '*' ? /^\*$/ : new RegExp(`^arn:aws:iam::${account}:${resource}/`);
    expect(target?.resources.map(arnOf)).not.toEqual([]);
    for (const arn of target?.resources.map(arnOf) ?? []) expect(arn).toMatch(pattern);
    expect([...(target?.context?.keys() ?? [])].sort()).toEqual(keys.map((key) => keyNames[key]).sort());
  },
);
