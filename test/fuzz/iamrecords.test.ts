import { expect, test } from 'vitest';
import { account, allowAll, createWorld, trustOf } from '../../src/services/iam/testworld.ts';
import type {
  AccessKeyRecord,
  GroupRecord,
  InstanceProfileRecord,
  PolicyRecord,
  PrincipalIdRecord,
  RoleRecord,
  UserRecord,
} from '../../src/storage/records/iam.ts';
import {
  groupsPrefix,
  instanceProfilesPrefix,
  policiesPrefix,
  rolesPrefix,
  usersPrefix,
} from '../../src/storage/records/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { AwsError } from '../../src/wire/protocols/errors.ts';
import { createRandom, type Random, roundsOfRun } from '../differential/random.ts';
import { seedOfRun } from '../seed.ts';

/** Random IAM calls, many at a time; after each burst the records must agree with one another. */

const arnOf = (name: string): string => `arn:aws:iam::${account}:policy/${name}`;
const aws = 'arn:aws:iam::aws:policy/PowerUserAccess';

function randomCall({ pick, chance }: Random): [operation: string, input: object] {
  const UserName = pick(['ada', 'bob', 'Eve']);
  const RoleName = pick(['ops', 'deploy']);
  const GroupName = pick(['devs', 'Admins', 'x']);
  const PolicyName = pick(['read', 'limit']);
  const PolicyArn = chance(0.2) ? aws : arnOf(PolicyName);
  const bounded = chance(0.4) ? { PermissionsBoundary: PolicyArn } : {};
  const profile = { InstanceProfileName: pick(['nodes', 'more']) };
  const trust = { AWS: chance(0.5) ? `arn:aws:iam::${account}:user/${UserName}` : '*' };
  const who = pick<[string, object]>([
    ['User', { UserName }],
    ['Role', { RoleName }],
    ['Group', { GroupName }],
  ]);
  const principal = pick<[string, object]>([
    ['User', { UserName }],
    ['Role', { RoleName }],
  ]);
  return pick<[string, object]>([
    ['CreateUser', { UserName, ...bounded }],
    ['DeleteUser', { UserName }],
    ['UpdateUser', { UserName, NewUserName: pick(['ada', 'bob', 'Eve', 'ADA']) }],
    ['CreateAccessKey', { UserName }],
    ['CreateRole', { RoleName, AssumeRolePolicyDocument: trustOf(trust), ...bounded }],
    ['UpdateAssumeRolePolicy', { RoleName, PolicyDocument: trustOf(trust) }],
    ['DeleteRole', { RoleName }],
    ['CreateGroup', { GroupName }],
    ['DeleteGroup', { GroupName }],
    ['UpdateGroup', { GroupName, NewGroupName: pick(['devs', 'Admins', 'x', 'X']) }],
    ['AddUserToGroup', { GroupName, UserName }],
    ['AddUserToGroup', { GroupName, UserName }],
    ['RemoveUserFromGroup', { GroupName, UserName }],
    ['CreatePolicy', { PolicyName, PolicyDocument: allowAll }],
    ['DeletePolicy', { PolicyArn }],
    ['CreatePolicyVersion', { PolicyArn, PolicyDocument: allowAll, SetAsDefault: chance(0.5) }],
    ['DeletePolicyVersion', { PolicyArn, VersionId: pick(['v1', 'v2', 'v3', 'v4']) }],
    ['SetDefaultPolicyVersion', { PolicyArn, VersionId: pick(['v1', 'v2', 'v3', 'v4']) }],
    [`Attach${who[0]}Policy`, { ...who[1], PolicyArn }],
    [`Attach${who[0]}Policy`, { ...who[1], PolicyArn }],
    [`Detach${who[0]}Policy`, { ...who[1], PolicyArn }],
    [`Put${principal[0]}PermissionsBoundary`, { ...principal[1], PermissionsBoundary: PolicyArn }],
    [`Delete${principal[0]}PermissionsBoundary`, principal[1]],
    ['CreateInstanceProfile', profile],
    ['DeleteInstanceProfile', profile],
    ['AddRoleToInstanceProfile', { ...profile, RoleName }],
    ['RemoveRoleFromInstanceProfile', { ...profile, RoleName }],
  ]);
}

/** Everything the records say about one another that is not so. */
async function contradictions(storage: Storage): Promise<string[]> {
  const found: string[] = [];
  const claim = (holds: boolean, text: string): void => {
    if (!holds) found.push(text);
  };
  const read = async <T>(prefix: string): Promise<T[]> =>
    (await storage.list({ prefix })).entries.map(({ value }) => JSON.parse(value) as T);
  const users = await read<UserRecord>(usersPrefix(account));
  const roles = await read<RoleRecord>(rolesPrefix(account));
  const groups = await read<GroupRecord>(groupsPrefix(account));
  const policies = await read<PolicyRecord>(policiesPrefix(account));
  const profiles = await read<InstanceProfileRecord>(instanceProfilesPrefix(account));
  const keys = await read<AccessKeyRecord>('access-key/');
  const ids = await read<PrincipalIdRecord>('principal-id/');

  const memberships = users.flatMap((user) => user.groupNames ?? []);
  for (const name of memberships) {
    claim(
      groups.some((group) => group.name === name),
      `a member of ${name}, which is gone`,
    );
  }
  for (const { name, memberCount } of groups) {
    claim(
      memberships.filter((other) => other === name).length === memberCount,
      `${name} miscounts its members`,
    );
  }
  const attached = [...users, ...roles, ...groups].flatMap((record) => record.attachedPolicyArns);
  const boundaries = [...users, ...roles].map((record) => record.permissionsBoundaryArn);
  for (const arn of [...attached, ...boundaries]) {
    if (arn === undefined || arn === aws) continue;
    claim(
      policies.some(({ name }) => arnOf(name) === arn),
      `${arn} is used and gone`,
    );
  }
  for (const policy of policies) {
    const arn = arnOf(policy.name);
    const uses = attached.filter((other) => other === arn).length;
    claim(policy.attachmentCount === uses, `${arn} miscounts its attachments`);
    const bounds = boundaries.filter((other) => other === arn).length;
    claim((policy.boundaryCount ?? 0) === bounds, `${arn} miscounts its boundaries`);
    const versions = policy.versions.map(({ versionId }) => versionId);
    claim(versions.includes(policy.defaultVersionId), `${arn} has lost its default version`);
    claim(versions.length <= 5 && new Set(versions).size === versions.length, `${arn} has odd versions`);
  }
  for (const record of [...users, ...roles]) {
    const holders = ids.filter(({ name }) => name === record.name);
    claim(holders.length === 1, `${record.name} has ${holders.length} unique ids`);
  }
  claim(ids.length === users.length + roles.length, 'unique ids and principals differ in number');
  for (const { accessKeyId, owner } of keys) {
    const holder = owner.kind === 'user' ? users.find(({ name }) => name === owner.userName) : undefined;
    claim(holder?.accessKeyIds.includes(accessKeyId) === true, `${accessKeyId} belongs to nobody`);
  }
  for (const { roleName, name } of profiles) {
    claim(
      roleName === undefined || roles.some((role) => role.name === roleName),
      `${name} holds a role that is gone`,
    );
  }
  return found;
}

test('records of IAM agree with one another after any burst of calls', async () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(60);
  console.log(`fuzz iam records: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  const random = createRandom(seed);
  const world = await createWorld();
  let succeeded = 0;
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: 1 + random.below(16) }, () => randomCall(random));
    const results = await Promise.allSettled(calls.map(([operation, input]) => world.call(operation, input)));
    for (const result of results) {
      if (result.status === 'fulfilled') succeeded++;
      else expect(result.reason, `ENTRYWAY_SEED=${seed}`).toBeInstanceOf(AwsError);
    }
    expect(await contradictions(world.storage), `ENTRYWAY_SEED=${seed} round ${round}`).toEqual([]);
  }
  expect(succeeded).toBeGreaterThan(rounds);
});

test('the check sees a group, a policy and a profile that do not fit', async () => {
  const world = await createWorld();
  await world.user('ada');
  await world.role('ops');
  await world.call('CreateGroup', { GroupName: 'devs' });
  await world.call('CreateInstanceProfile', { InstanceProfileName: 'nodes' });
  await world.call('CreatePolicy', { PolicyName: 'read', PolicyDocument: allowAll });
  expect(await contradictions(world.storage)).toEqual([]);
  const change = async (key: string, parts: object): Promise<void> => {
    const record = JSON.parse((await world.storage.get(key))?.value ?? '') as object;
    await world.storage.commit({
      changes: [{ type: 'put', key, value: JSON.stringify({ ...record, ...parts }) }],
    });
  };
  await change(`${usersPrefix(account)}ada`, {
    groupNames: ['devs', 'gone'],
    attachedPolicyArns: [arnOf('read')],
  });
  await change(`${instanceProfilesPrefix(account)}nodes`, { roleName: 'gone' });
  expect(await contradictions(world.storage)).toHaveLength(4);
});
