import { describe, expect, test } from 'vitest';
import { roleKey } from '../../storage/records/keys.ts';
import { account, createWorld, root, session, start, trustOf, type World } from './testworld.ts';

type RoleAnswer = {
  Role: { RoleName: string; RoleId: string; Arn: string; AssumeRolePolicyDocument: string; Tags?: object[] };
};

const arnOf = (kind: string, name: string): string => `arn:aws:iam::${account}:${kind}/${name}`;

async function trustRead(world: World, name = 'ops'): Promise<unknown> {
  const { Role } = await world.call<RoleAnswer>('GetRole', { RoleName: name });
  const document = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument)) as {
    Statement: { Principal: unknown }[];
  };
  return document.Statement.map(({ Principal }) => Principal)[0];
}

describe('refusals', () => {
  const trust = trustOf({ AWS: '*' });
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a trust policy that is no JSON',
      'CreateRole',
      { RoleName: 'new', AssumeRolePolicyDocument: '{' },
      'MalformedPolicyDocumentException',
      'Syntax errors in policy.',
    ],
    [
      'a trust policy with a resource',
      'CreateRole',
      {
        RoleName: 'new',
        AssumeRolePolicyDocument:
          '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}',
      },
      'MalformedPolicyDocumentException',
      'Has prohibited field Resource',
    ],
    [
      'a trust policy without a principal',
      'CreateRole',
      {
        RoleName: 'new',
        AssumeRolePolicyDocument:
          '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}',
      },
      'MalformedPolicyDocumentException',
      'Missing required field Principal',
    ],
    [
      'a trust policy about other actions',
      'UpdateAssumeRolePolicy',
      { RoleName: 'ops', PolicyDocument: trust.replace('sts:AssumeRole', 's3:GetObject') },
      'MalformedPolicyDocumentException',
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    ...[
      ['a user that does not exist', arnOf('user', 'bob')],
      ['a user named in another case', arnOf('user', 'ADA')],
      ['a user without its path', arnOf('user', 'grace')],
      ['a role that does not exist', arnOf('role', 'nobody')],
      ['the role itself, before it exists', arnOf('role', 'new')],
      ['a user of an account that is not here', 'arn:aws:iam::999999999999:user/ada'],
      ['a user of another partition', `arn:aws-cn:iam::${account}:user/ada`],
      ['a unique id nobody has', 'AIDAEXAMPLEEXAMPLE222'],
    ].map(([what, arn]): [string, string, object, string, string] => [
      `trust in ${what}`,
      'CreateRole',
      { RoleName: 'new', AssumeRolePolicyDocument: trustOf({ AWS: ['*', arn] }) },
      'MalformedPolicyDocumentException',
      `Invalid principal in policy: "AWS":"${arn}"`,
    ]),
    [
      'a trust policy of 2,049 characters',
      'CreateRole',
      { RoleName: 'new', AssumeRolePolicyDocument: trustOfSize(2049) },
      'LimitExceededException',
      'Cannot exceed quota for ACLSizePerRole: 2048',
    ],
    [
      'a name that exists in another case',
      'CreateRole',
      { RoleName: 'OPS', AssumeRolePolicyDocument: trust },
      'EntityAlreadyExistsException',
      'Role with name OPS already exists.',
    ],
    [
      'a path kept for services',
      'CreateRole',
      { RoleName: 'x', Path: '/aws-service-role/eks.amazonaws.com/', AssumeRolePolicyDocument: trust },
      'InvalidInputException',
      'the path `/aws-service-role/` is reserved for service-linked roles',
    ],
    [
      'a boundary that is no policy',
      'CreateRole',
      {
        RoleName: 'new',
        AssumeRolePolicyDocument: trust,
        PermissionsBoundary: 'arn:aws:iam::111122223333:policy/none',
      },
      'NoSuchEntityException',
      'Scope ARN: arn:aws:iam::111122223333:policy/none does not exist or is not attachable.',
    ],
    [
      'sessions of less than an hour',
      'UpdateRole',
      { RoleName: 'ops', MaxSessionDuration: 3599 },
      'ValidationError',
      "1 validation error detected: Value '3599' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
    ],
    [
      'sessions of more than twelve',
      'CreateRole',
      { RoleName: 'new', AssumeRolePolicyDocument: trust, MaxSessionDuration: 43_201 },
      'ValidationError',
      "1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200",
    ],
    ...['GetRole', 'UpdateRole', 'DeleteRole', 'ListInstanceProfilesForRole'].map(
      (operation): [string, string, object, string, string] => [
        `${operation} of none`,
        operation,
        { RoleName: 'none' },
        'NoSuchEntityException',
        'The role with name none cannot be found.',
      ],
    ),
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    await world.user('grace', '/team/');
    await world.role('ops');
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
  });

  const protectedCases: readonly [operation: string, input: object][] = [
    ['UpdateRole', { MaxSessionDuration: 7200 }],
    ['UpdateAssumeRolePolicy', { PolicyDocument: trust }],
    ['PutRolePolicy', { PolicyName: 'p', PolicyDocument: allow() }],
    ['DeleteRolePolicy', { PolicyName: 'p' }],
    ['AttachRolePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    ['DetachRolePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    ['DeleteRole', {}],
  ];
  test.each(protectedCases)('%s of a service-linked role is refused', async (operation, input) => {
    const world = await createWorld();
    await world.role('ops');
    const key = roleKey(account, 'ops');
    const record = JSON.parse((await world.storage.get(key))?.value ?? '') as object;
    await world.storage.commit({
      changes: [
        {
          type: 'put',
          key,
          value: JSON.stringify({ ...record, path: '/aws-service-role/eks.amazonaws.com/' }),
        },
      ],
    });
    await expect(world.call(operation, { RoleName: 'ops', ...input })).rejects.toMatchObject({
      code: 'UnmodifiableEntityException',
      message:
        "Cannot perform the operation on the protected role 'ops' - this role is only modifiable by AWS",
    });
  });
});

function allow(): string {
  return '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
}

/** A trust policy of so many characters that count, with white space that does not. */
function trustOfSize(size: number): string {
  const statement = { Sid: '', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
  const empty = JSON.stringify({ Version: '2012-10-17', Statement: [statement] }).length;
  const Sid = 'a'.repeat(size - empty);
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Sid }] }, undefined, 8);
}

test('a trust policy may have exactly 2,048 characters beside white space', async () => {
  const world = await createWorld();
  await world.role('ops', trustOfSize(2048));
});

test('a created role answers its trust policy percent-encoded, as written', async () => {
  const world = await createWorld();
  const text = `{ "Version": "2012-10-17",\n "Statement": [{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}] }`;
  const { Role } = await world.call<RoleAnswer>('CreateRole', {
    RoleName: 'Ops',
    Path: '/team/',
    AssumeRolePolicyDocument: text,
    Description: 'for (emergencies)!',
    MaxSessionDuration: 7200,
    Tags: [{ Key: 'team', Value: 'a' }],
  });
  expect(Role).toEqual({
    Path: '/team/',
    RoleName: 'Ops',
    RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
    Arn: `arn:aws:iam::${account}:role/team/Ops`,
    CreateDate: new Date(start),
    AssumeRolePolicyDocument: expect.stringMatching(/^[A-Za-z0-9._~%-]+$/),
    Description: 'for (emergencies)!',
    MaxSessionDuration: 7200,
    Tags: [{ Key: 'team', Value: 'a' }],
  });
  expect(decodeURIComponent(Role.AssumeRolePolicyDocument)).toBe(text);
  const read = await world.call<RoleAnswer>('GetRole', { RoleName: 'ops' });
  expect(read.Role).toEqual({ ...Role, RoleLastUsed: {} });
  const { Roles } = await world.call<{ Roles: { RoleName: string; Tags?: object }[] }>('ListRoles', {
    PathPrefix: '/team/',
  });
  expect(Roles.map(({ RoleName, Tags }) => [RoleName, Tags])).toEqual([['Ops', undefined]]);
});

describe('principals of a trust policy are pinned to their ids (iam-facts A11)', () => {
  test('the id is stored beside the text', async () => {
    const world = await createWorld();
    const ada = await world.user('ada');
    await world.role('ops', trustOf({ AWS: [arnOf('user', 'ada'), account, root.arn] }));
    const stored = JSON.parse((await world.storage.get(roleKey(account, 'ops')))?.value ?? '') as object;
    expect(stored).toMatchObject({ trustedPrincipalIds: { [arnOf('user', 'ada')]: ada.principalId } });
  });

  test('a re-created user is not the trusted one: the raw id of the old one shows', async () => {
    const world = await createWorld();
    const old = await world.user('ada');
    await world.role('ops', trustOf({ AWS: [arnOf('user', 'ada')] }));
    await world.call('DeleteUser', { UserName: 'ada' });
    expect(await trustRead(world)).toEqual({ AWS: [old.principalId] });
    const anew = await world.user('ada');
    expect(anew.principalId).not.toBe(old.principalId);
    expect(await trustRead(world)).toEqual({ AWS: [old.principalId] });
    // Written back as read, the dead id is refused; named again, the new user is trusted.
    await expect(
      world.call('UpdateAssumeRolePolicy', {
        RoleName: 'ops',
        PolicyDocument: trustOf({ AWS: old.principalId }),
      }),
    ).rejects.toMatchObject({ message: `Invalid principal in policy: "AWS":"${old.principalId}"` });
    await world.call('UpdateAssumeRolePolicy', {
      RoleName: 'ops',
      PolicyDocument: trustOf({ AWS: arnOf('user', 'ada') }),
    });
    expect(await trustRead(world)).toEqual({ AWS: arnOf('user', 'ada') });
  });

  test('a re-created role is not the trusted one either', async () => {
    const world = await createWorld();
    const oldId = await world.role('ci');
    await world.role('ops', trustOf({ AWS: arnOf('role', 'ci') }));
    await world.call('DeleteRole', { RoleName: 'ci' });
    expect(await world.role('ci')).not.toBe(oldId);
    expect(await trustRead(world)).toEqual({ AWS: oldId });
  });

  test('a renamed user stays trusted and shows under its new ARN, its old name going to somebody else', async () => {
    const world = await createWorld();
    const ada = await world.user('ada');
    await world.role('ops', trustOf({ AWS: arnOf('user', 'ada') }));
    await world.call('UpdateUser', { UserName: 'ada', NewUserName: 'countess', NewPath: '/team/' });
    await world.user('ada');
    expect(await trustRead(world)).toEqual({ AWS: arnOf('user', 'team/countess') });
    const stored = JSON.parse((await world.storage.get(roleKey(account, 'ops')))?.value ?? '') as {
      trustedPrincipalIds: Record<string, string>;
    };
    expect(Object.values(stored.trustedPrincipalIds)).toEqual([ada.principalId]);
  });

  test('a unique id that somebody has is stored as the ARN it stands for', async () => {
    const world = await createWorld();
    const ada = await world.user('ada');
    await world.role('ops', trustOf({ AWS: ada.principalId }));
    expect(await trustRead(world)).toEqual({ AWS: arnOf('user', 'ada') });
  });

  test('a role may come to trust itself', async () => {
    const world = await createWorld();
    const id = await world.role('ops');
    await world.call('UpdateAssumeRolePolicy', {
      RoleName: 'ops',
      PolicyDocument: trustOf({ AWS: arnOf('role', 'ops') }),
    });
    const stored = JSON.parse((await world.storage.get(roleKey(account, 'ops')))?.value ?? '') as object;
    expect(stored).toMatchObject({ trustedPrincipalIds: { [arnOf('role', 'ops')]: id } });
  });

  test('a principal deleted while it is being pinned is not pinned', async () => {
    const world = await createWorld();
    await world.user('ada');
    const [created, deleted] = await Promise.allSettled([
      world.call('CreateRole', {
        RoleName: 'ops',
        AssumeRolePolicyDocument: trustOf({ AWS: arnOf('user', 'ada') }),
      }),
      world.call('DeleteUser', { UserName: 'ada' }),
    ]);
    expect(deleted.status).toBe('fulfilled');
    const role = await world.storage.get(roleKey(account, 'ops'));
    expect(role === undefined).toBe(created.status === 'rejected');
    // Either order is lawful; what must not be is a role made after the deletion that trusts the dead user.
    if (created.status === 'rejected') {
      expect(created.reason).toMatchObject({ code: 'MalformedPolicyDocumentException' });
    }
  });

  test.each([
    [{ AWS: session.arn }],
    [{ AWS: `arn:aws:sts::${account}:federated-user/ada` }],
    [{ AWS: 'arn:aws:iam::999999999999:root' }],
    [{ Federated: `arn:aws:iam::${account}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE` }],
  ])('%j is kept as text', async (principal) => {
    const world = await createWorld();
    await world.role('ops', trustOf(principal));
    expect(await trustRead(world)).toEqual(principal);
  });
});

test('a role goes only after its policies', async () => {
  const world = await createWorld();
  await world.role('ops');
  const policyArn = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
  await world.call('AttachRolePolicy', { RoleName: 'ops', PolicyArn: policyArn });
  await world.call('PutRolePolicy', { RoleName: 'ops', PolicyName: 'p', PolicyDocument: allow() });
  const blocked = async (message: string): Promise<void> =>
    expect(world.call('DeleteRole', { RoleName: 'ops' })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message,
    });
  await blocked('Cannot delete entity, must detach all policies first.');
  await world.call('DetachRolePolicy', { RoleName: 'ops', PolicyArn: policyArn });
  await blocked('Cannot delete entity, must delete policies first.');
  await world.call('DeleteRolePolicy', { RoleName: 'ops', PolicyName: 'p' });
  await world.call('DeleteRole', { RoleName: 'OPS' });
  await expect(world.call('GetRole', { RoleName: 'ops' })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('UpdateRole without a duration goes back to one hour, without a description keeps it', async () => {
  const world = await createWorld();
  await world.role('ops');
  await world.call('UpdateRole', { RoleName: 'ops', Description: 'kept', MaxSessionDuration: 7200 });
  await world.call('UpdateRole', { RoleName: 'ops' });
  expect((await world.call<RoleAnswer>('GetRole', { RoleName: 'ops' })).Role).toMatchObject({
    Description: 'kept',
    MaxSessionDuration: 3600,
  });
  const { Role } = await world.call<RoleAnswer>('UpdateRoleDescription', {
    RoleName: 'ops',
    Description: '',
  });
  expect(Role).toMatchObject({ Description: '' });
});

test('two racing creates give one role and one EntityAlreadyExists', async () => {
  const world = await createWorld();
  const results = await Promise.allSettled(['Ops', 'ops'].map((name) => world.role(name)));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
    code: 'EntityAlreadyExistsException',
  });
});

test('a role that does not exist is judged at the root path and named the short way', async () => {
  const world = await createWorld();
  expect(await world.target('GetRole', { RoleName: 'none' })).toMatchObject({
    action: 'iam:GetRole',
    resources: [arnOf('role', 'none')],
    resourceInMessage: 'role none',
  });
});
