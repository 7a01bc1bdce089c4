import { IAM } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { decodeInput } from '../../wire/protocols/decode.ts';
import { encodeError, encodeOutput } from '../../wire/protocols/encode.ts';
import type { HttpRequest } from '../../wire/protocols/http.ts';
import { routeRequest } from '../../wire/protocols/route.ts';
import { account, allowAll, createWorld, trustOf, type World } from './testworld.ts';

/** The stock SDK, whose requests go through our codec to the operations: no signature, no socket. */
function clientOf(world: World): IAM {
  return new IAM({
    region: 'us-east-1',
    endpoint: 'http://localhost',
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIAEXAMPLEEXAMPLE22', secretAccessKey: 'x' },
    requestHandler: {
      async handle(sent: { method: string; path: string; headers: Record<string, string>; body?: string }) {
        const request: HttpRequest = {
          method: sent.method,
          path: sent.path,
          query: '',
          headers: Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
          body: Buffer.from(sent.body ?? ''),
        };
        const route = routeRequest(request);
        if (route.kind === 'unknown') throw route.error;
        const answer = await world
          .call(route.operation, decodeInput(route, request) as object)
          .then((output) => encodeOutput(route, output, 'r'))
          .catch((error: unknown) => encodeError(route, error, 'r'));
        const { status: statusCode, headers } = answer;
        return { response: { statusCode, headers, body: Buffer.from(answer.body) } };
      },
    },
  });
}

test('the stock SDK leads a user, a role and a policy through their lives', async () => {
  const iam = clientOf(await createWorld());
  await expect(
    iam.createUser({ UserName: 'ada', Tags: [{ Key: 'team', Value: 'a & <b>' }] }),
  ).rejects.toMatchObject({ name: 'ValidationError', message: expect.stringContaining("Value 'a & <b>'") });
  const { User } = await iam.createUser({
    UserName: 'ada',
    Path: '/team/',
    Tags: [{ Key: 'team', Value: 'a' }],
  });
  expect(User?.CreateDate).toBeInstanceOf(Date);
  expect((await iam.getUser({ UserName: 'ADA' })).User).toEqual(User);
  expect((await iam.getUser({})).User?.Arn).toBe(`arn:aws:iam::${account}:root`);

  const { Role } = await iam.createRole({
    RoleName: 'ops',
    AssumeRolePolicyDocument: trustOf({ AWS: `arn:aws:iam::${account}:user/team/ada` }),
  });
  const read = await iam.getRole({ RoleName: 'ops' });
  expect(read.Role).toEqual({ ...Role, RoleLastUsed: {} });
  // The JS SDK leaves documents percent-encoded, as on AWS (iam-facts J27).
  expect(JSON.parse(decodeURIComponent(read.Role?.AssumeRolePolicyDocument ?? ''))).toMatchObject({
    Statement: [{ Principal: { AWS: `arn:aws:iam::${account}:user/team/ada` } }],
  });

  const { Policy } = await iam.createPolicy({ PolicyName: 'read', PolicyDocument: allowAll });
  const PolicyArn = Policy?.Arn ?? '';
  await iam.attachRolePolicy({ RoleName: 'ops', PolicyArn });
  expect(await iam.listAttachedRolePolicies({ RoleName: 'ops' })).toMatchObject({
    AttachedPolicies: [{ PolicyName: 'read', PolicyArn }],
    IsTruncated: false,
  });
  await expect(iam.deletePolicy({ PolicyArn })).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: 'Cannot delete a policy attached to entities.',
    $metadata: { httpStatusCode: 409 },
  });
  expect((await iam.listPolicies({ Scope: 'Local' })).Policies).toMatchObject([{ AttachmentCount: 1 }]);
  await iam.detachRolePolicy({ RoleName: 'ops', PolicyArn });
  await iam.deletePolicy({ PolicyArn });
  await iam.deleteRole({ RoleName: 'ops' });
  await expect(iam.getRole({ RoleName: 'ops' })).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: 'The role with name ops cannot be found.',
    $metadata: { httpStatusCode: 404 },
  });

  const { AccessKey } = await iam.createAccessKey({ UserName: 'ada' });
  expect(AccessKey?.SecretAccessKey).toHaveLength(40);
  const { AccessKeyMetadata } = await iam.listAccessKeys({ UserName: 'ada' });
  expect(AccessKeyMetadata).toMatchObject([{ AccessKeyId: AccessKey?.AccessKeyId, Status: 'Active' }]);
});

test('the stock SDK leads a group, policy versions and a boundary through their lives', async () => {
  const iam = clientOf(await createWorld());
  const { Policy } = await iam.createPolicy({ PolicyName: 'limit', PolicyDocument: allowAll });
  const PolicyArn = Policy?.Arn ?? '';
  const { User } = await iam.createUser({ UserName: 'ada', PermissionsBoundary: PolicyArn });
  expect(User?.PermissionsBoundary?.PermissionsBoundaryArn).toBe(PolicyArn);
  const { Group } = await iam.createGroup({ GroupName: 'devs', Path: '/team/' });
  await iam.addUserToGroup({ GroupName: 'devs', UserName: 'ada' });
  const members = await iam.getGroup({ GroupName: 'DEVS' });
  expect(members).toMatchObject({ Group, Users: [{ UserName: 'ada', UserId: User?.UserId }] });
  expect((await iam.listGroupsForUser({ UserName: 'ada' })).Groups).toEqual([Group]);
  await iam.putGroupPolicy({ GroupName: 'devs', PolicyName: 'p', PolicyDocument: allowAll });
  expect((await iam.listGroupPolicies({ GroupName: 'devs' })).PolicyNames).toEqual(['p']);
  await expect(iam.deleteGroup({ GroupName: 'devs' })).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: 'Cannot delete entity, must remove users from group first.',
  });

  const { PolicyVersion } = await iam.createPolicyVersion({
    PolicyArn,
    PolicyDocument: allowAll,
    SetAsDefault: true,
  });
  expect(PolicyVersion).toMatchObject({ VersionId: 'v2', IsDefaultVersion: true });
  await expect(iam.deletePolicyVersion({ PolicyArn, VersionId: 'v2' })).rejects.toMatchObject({
    name: 'DeleteConflictException',
  });
  await iam.deletePolicyVersion({ PolicyArn, VersionId: 'v1' });
  await iam.tagPolicy({ PolicyArn, Tags: [{ Key: 'team', Value: 'a' }] });
  expect(
    await iam.listEntitiesForPolicy({ PolicyArn, PolicyUsageFilter: 'PermissionsBoundary' }),
  ).toMatchObject({
    PolicyUsers: [{ UserName: 'ada', UserId: User?.UserId }],
    PolicyGroups: [],
    PolicyRoles: [],
  });
  await expect(
    iam.putUserPermissionsBoundary({
      UserName: 'ada',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy',
    }),
  ).rejects.toMatchObject({ name: 'PolicyNotAttachableException', $metadata: { httpStatusCode: 400 } });
  await iam.deleteUserPermissionsBoundary({ UserName: 'ada' });
  expect((await iam.getPolicy({ PolicyArn })).Policy).toMatchObject({
    PermissionsBoundaryUsageCount: 0,
    Tags: [{ Key: 'team', Value: 'a' }],
  });
});

test('the questions Terraform asks before it deletes a user and a role have answers', async () => {
  const iam = clientOf(await createWorld());
  const UserName = 'ada';
  await iam.createUser({ UserName });
  expect(await iam.listGroupsForUser({ UserName })).toMatchObject({ Groups: [], IsTruncated: false });
  expect(await iam.listSSHPublicKeys({ UserName })).toMatchObject({ SSHPublicKeys: [], IsTruncated: false });
  expect(await iam.listSigningCertificates({ UserName })).toMatchObject({ Certificates: [] });
  expect(await iam.listServiceSpecificCredentials({ UserName })).toMatchObject({
    ServiceSpecificCredentials: [],
  });
  expect(await iam.listMFADevices({ UserName })).toMatchObject({ MFADevices: [] });
  await expect(iam.deleteLoginProfile({ UserName })).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  await iam.deleteUser({ UserName });
  const RoleName = 'ops';
  await iam.createRole({ RoleName, AssumeRolePolicyDocument: trustOf({ AWS: '*' }) });
  expect(await iam.listInstanceProfilesForRole({ RoleName })).toMatchObject({ InstanceProfiles: [] });
  expect(await iam.listRolePolicies({ RoleName })).toMatchObject({ PolicyNames: [] });
  expect(await iam.listAttachedRolePolicies({ RoleName })).toMatchObject({ AttachedPolicies: [] });
  await iam.deleteRole({ RoleName });
});
