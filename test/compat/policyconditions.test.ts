/**
 * What an administrator would write into IAM policies for EKS, attached for real and tried by stock clients: each
 * scenario has the calls that must pass and, above all, those that must not.
 */
import { randomUUID } from 'node:crypto';
import {
  AssociateAccessPolicyCommand,
  AssociateIdentityProviderConfigCommand,
  CreateAccessEntryCommand,
  type CreateAccessEntryRequest,
  CreateClusterCommand,
  DeleteClusterCommand,
  DescribeClusterCommand,
  ListAssociatedAccessPoliciesCommand,
  ListClustersCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-eks';
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateVirtualMFADeviceCommand,
  DeleteUserPermissionsBoundaryCommand,
  EnableMFADeviceCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleRequest,
  type Credentials,
  GetSessionTokenCommand,
  type GetSessionTokenRequest,
} from '@aws-sdk/client-sts';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell } from './process.ts';
import { createEntry, openScene, policyArn, type Scene } from './scene.ts';
import { type Clients, createCluster, createClusterRole, createUser, roleArn, sessionKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let account: string;
let region: string;

beforeAll(async () => {
  scene = await openScene();
  const { connection } = scene;
  ({ accountId: account, region } = connection);
  await createClusterRole(scene.root);
  await createCluster(scene.root, connection, 'main', 'API');
}, 120_000);

afterAll(() => scene?.close());

interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: object;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const policy = (...Statement: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });

/** A new user that has this policy. */
const userWith = async (name: string, document: string): Promise<Clients> =>
  scene.as(await createUser(scene.root, name, document));

/** `ok`, or the error's name with what follows `because` or `with`: who and what are the test's own words. */
const answer = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    ({ name, message }: Error) => {
      const reason = /(because no .*? allows|with an explicit deny in an? [\w -]+)/.exec(message)?.[1];
      return reason === undefined ? `${name}: ${message.trim()}` : `${name} ${reason}`;
    },
  );

const notAllowed = 'AccessDeniedException because no identity-based policy allows';
const denied = 'AccessDeniedException with an explicit deny in an identity-based policy';

describe('who may hand out AmazonEKSViewPolicy, in the namespaces of team A, and nothing else', () => {
  let member: string;
  let lead: Clients;

  beforeAll(async () => {
    member = await scene.role('view-member');
    await createEntry(scene.root, 'main', member);
    const document = policy({
      Effect: 'Allow',
      Action: 'eks:AssociateAccessPolicy',
      Resource: `arn:aws:eks:*:${account}:access-entry/main/*`,
      Condition: {
        ArnEquals: { 'eks:policyArn': policyArn('AmazonEKSViewPolicy') },
        StringEquals: { 'eks:accessScope': 'namespace' },
        'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' },
      },
    });
    lead = await userWith('lead', document);
  });

  test.each<[string, string, readonly string[], string]>([
    ['another policy', 'AmazonEKSEditPolicy', ['team-a-web'], notAllowed],
    ['the administrator', 'AmazonEKSClusterAdminPolicy', [], notAllowed],
    ['the policy for the whole cluster', 'AmazonEKSViewPolicy', [], notAllowed],
    ['a namespace of others', 'AmazonEKSViewPolicy', ['team-b'], notAllowed],
    ['a namespace of others among own', 'AmazonEKSViewPolicy', ['team-a-web', 'kube-system'], notAllowed],
    ['a pattern wider than own', 'AmazonEKSViewPolicy', ['team-*'], notAllowed],
    ['own namespaces', 'AmazonEKSViewPolicy', ['team-a-web', 'team-a-db'], 'ok'],
  ])('%s', async (_what, name, namespaces, expected) => {
    const command = new AssociateAccessPolicyCommand({
      clusterName: 'main',
      principalArn: member,
      policyArn: policyArn(name),
      accessScope:
        namespaces.length === 0 ? { type: 'cluster' } : { type: 'namespace', namespaces: [...namespaces] },
    });
    expect(await answer(lead.eks.send(command))).toBe(expected);
  });

  test('nothing of what was refused has happened', async () => {
    const { associatedAccessPolicies } = await scene.root.eks.send(
      new ListAssociatedAccessPoliciesCommand({ clusterName: 'main', principalArn: member }),
    );
    expect(associatedAccessPolicies).toMatchObject([
      {
        policyArn: policyArn('AmazonEKSViewPolicy'),
        accessScope: { type: 'namespace', namespaces: ['team-a-web', 'team-a-db'] },
      },
    ]);
  });
});

describe('a role that may create entries, for roles under one path only', () => {
  let operator: Clients;

  beforeAll(async () => {
    await scene.role('entry-operator');
    const document = policy({
      Effect: 'Allow',
      Action: 'eks:CreateAccessEntry',
      Resource: `arn:aws:eks:${region}:${account}:cluster/main`,
      Condition: {
        ArnLike: { 'eks:principalArn': `arn:aws:iam::${account}:role/teams/a/*` },
        StringEquals: { 'eks:accessEntryType': 'STANDARD' },
        Null: { 'eks:kubernetesGroups': 'true', 'eks:username': 'true' },
      },
    });
    const named = { RoleName: 'entry-operator', PolicyName: 'entries', PolicyDocument: document };
    await scene.root.iam.send(new PutRolePolicyCommand(named));
    operator = scene.as(await scene.session('entry-operator'));
  });

  test.each<[string, string, Partial<CreateAccessEntryRequest>, string]>([
    ['a role elsewhere', '/', {}, notAllowed],
    ['a role of another team', '/teams/b/', {}, notAllowed],
    ['a role below whose path only begins alike', '/teams/abc/', {}, notAllowed],
    ['with groups', '/teams/a/', { kubernetesGroups: ['admins'] }, notAllowed],
    ['with a name of its own', '/teams/a/', { username: 'root' }, notAllowed],
    ['of a node type', '/teams/a/', { type: 'EC2_LINUX' }, notAllowed],
    ['of a node type in other letters', '/teams/a/', { type: 'ec2_linux' }, notAllowed],
    ['a role of the team', '/teams/a/', {}, 'ok'],
  ])('%s', async (what, path, wish, expected) => {
    const principalArn = await scene.role(`operated-${what.replaceAll(' ', '-')}`.slice(0, 64), path);
    const command = new CreateAccessEntryCommand({ clusterName: 'main', principalArn, ...wish });
    expect(await answer(operator.eks.send(command))).toBe(expected);
  });
});

describe('MFA', () => {
  const period = 30_000;
  /** A device of the user, enabled with two consecutive codes; answers its serial number and its codes. */
  async function device(UserName: string) {
    const { iam } = scene.root;
    const { VirtualMFADevice } = await iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: `${UserName}-phone` }),
    );
    const { SerialNumber = '', Base32StringSeed = new Uint8Array() } = VirtualMFADevice ?? {};
    const totp = new TOTP({ secret: Secret.fromBase32(Buffer.from(Base32StringSeed).toString()) });
    // All codes count from one moment: two looks at the clock may lie in different periods.
    const now = Date.now();
    const code = (step: number): string => totp.generate({ timestamp: now + step * period });
    const codes = { AuthenticationCode1: code(-1), AuthenticationCode2: code(0) };
    await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
    return { SerialNumber, code };
  }

  const mfaForChanges = (): string =>
    policy(
      { Effect: 'Allow', Action: ['eks:*', 'sts:AssumeRole'], Resource: '*' },
      {
        Effect: 'Deny',
        NotAction: ['eks:Describe*', 'eks:List*', 'sts:*'],
        Resource: '*',
        Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
      },
    );
  const main = (): string => `arn:aws:eks:${region}:${account}:cluster/main`;
  const changeMain = ({ eks }: Clients): Promise<string> =>
    answer(eks.send(new TagResourceCommand({ resourceArn: main(), tags: { seen: 'yes' } })));

  test('is demanded for every change of EKS', async () => {
    const mia = await userWith('mia', mfaForChanges());
    const { SerialNumber, code } = await device('mia');
    const getSessionToken = (input: GetSessionTokenRequest) =>
      mia.sts.send(new GetSessionTokenCommand(input));
    expect(await answer(mia.eks.send(new DescribeClusterCommand({ name: 'main' })))).toBe('ok');
    expect(await changeMain(mia)).toBe(denied);
    const without = await getSessionToken({});
    expect(await changeMain(scene.as(sessionKeys(without.Credentials)))).toBe(denied);
    expect(await answer(getSessionToken({ SerialNumber, TokenCode: '000000' }))).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
    const withMfa = await getSessionToken({ SerialNumber, TokenCode: code(1) });
    expect(await changeMain(scene.as(sessionKeys(withMfa.Credentials)))).toBe('ok');
  });

  test('is demanded by a trust policy; the code works once', async () => {
    const max = await userWith('max', mfaForChanges());
    const { SerialNumber, code } = await device('max');
    const AssumeRolePolicyDocument = policy({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:user/max` },
      Action: 'sts:AssumeRole',
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    });
    for (const RoleName of ['mfa-admin', 'mfa-other']) {
      await scene.root.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    }
    const assume = (name: string, mfa: Partial<AssumeRoleRequest> = {}): Promise<string> => {
      const wanted = { RoleArn: roleArn(scene.connection, name), RoleSessionName: 'max' };
      return answer(max.sts.send(new AssumeRoleCommand({ ...wanted, ...mfa })));
    };
    expect(await assume('mfa-admin')).toBe(
      `AccessDenied: User: arn:aws:iam::${account}:user/max is not authorized to perform: sts:AssumeRole on resource: ${roleArn(scene.connection, 'mfa-admin')}`,
    );
    const withCode = { SerialNumber, TokenCode: code(1) };
    expect(await assume('mfa-admin', withCode)).toBe('ok');
    expect(await assume('mfa-other', withCode)).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
  });

  test.skipIf(unavailable !== undefined)(
    `is given to the AWS CLI, which then makes the change${because}`,
    async () => {
      const { connection, directory, root } = scene;
      const moe = openShell(directory, connection, await createUser(root, 'moe', mfaForChanges()));
      const { SerialNumber, code } = await device('moe');
      const change = ['eks', 'tag-resource', '--resource-arn', main(), '--tags', 'seen=yes'];
      expect((await moe.aws(...change)).stderr).toMatch(
        /\(AccessDeniedException\) when calling the TagResource operation: .* with an explicit deny in an identity-based policy/,
      );
      const { Credentials } = await moe.awsJson<{ Credentials: Credentials }>(
        ...['sts', 'get-session-token', '--serial-number', SerialNumber, '--token-code', code(1)],
      );
      const withMfa = openShell(directory, connection, sessionKeys(Credentials));
      expect(await withMfa.aws(...change)).toMatchObject({ code: 0 });
    },
    60_000,
  );
});

describe('what narrows a principal that may do everything', () => {
  const everything = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
  const looking = policy({ Effect: 'Allow', Action: ['eks:List*', 'eks:Describe*'], Resource: '*' });

  test('a permissions boundary', async () => {
    const { iam } = scene.root;
    const bounded = await userWith('bounded', everything);
    const listUsers = () => answer(bounded.iam.send(new ListUsersCommand({})));
    expect(await listUsers()).toBe('ok');
    const PermissionsBoundary = await lookingPolicy();
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: 'bounded', PermissionsBoundary }));
    expect(await answer(bounded.eks.send(new ListClustersCommand({})))).toBe('ok');
    expect(await answer(bounded.eks.send(new DeleteClusterCommand({ name: 'main' })))).toBe(
      'AccessDeniedException because no permissions boundary allows',
    );
    expect(await listUsers()).toBe('AccessDenied because no permissions boundary allows');
    await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: 'bounded' }));
    expect(await listUsers()).toBe('ok');
  });

  /** ARN of a managed policy that lets one look. */
  async function lookingPolicy(): Promise<string> {
    const { Policy } = await scene.root.iam.send(
      new CreatePolicyCommand({ PolicyName: `looking-${randomUUID()}`, PolicyDocument: looking }),
    );
    return Policy?.Arn ?? '';
  }

  test('a session policy, in the call or by ARN, which cannot widen', async () => {
    await scene.role('narrowed');
    const PolicyDocument = policy({ Effect: 'Allow', Action: 'eks:*', Resource: '*' });
    await scene.root.iam.send(
      new PutRolePolicyCommand({ RoleName: 'narrowed', PolicyName: 'eks', PolicyDocument }),
    );
    const caller = await userWith('narrower', policy({ Effect: 'Allow', Action: 'sts:*', Resource: '*' }));
    const may = async (narrowing: Partial<AssumeRoleRequest> = {}) => {
      const wanted = { RoleArn: roleArn(scene.connection, 'narrowed'), RoleSessionName: 'narrow' };
      const { Credentials } = await caller.sts.send(new AssumeRoleCommand({ ...wanted, ...narrowing }));
      const { eks, iam } = scene.as(sessionKeys(Credentials));
      return {
        describe: await answer(eks.send(new DescribeClusterCommand({ name: 'main' }))),
        // Of a cluster that does not exist: whoever may is told that.
        delete: await answer(eks.send(new DeleteClusterCommand({ name: 'none' }))),
        listUsers: await answer(iam.send(new ListUsersCommand({}))),
      };
    };
    const narrowed = {
      describe: 'ok',
      delete: 'AccessDeniedException because no session policy allows',
      listUsers: 'AccessDenied because no identity-based policy allows',
    };
    const full = { ...narrowed, delete: 'ResourceNotFoundException: No cluster found for name: none.' };
    expect(await may({ Policy: looking })).toEqual(narrowed);
    expect(await may({ PolicyArns: [{ arn: await lookingPolicy() }] })).toEqual(narrowed);
    expect(await may({ Policy: everything })).toEqual(full);
    expect(await may()).toEqual(full);
  });
});

test('tags of who asks decide which clusters they reach', async () => {
  const { eks, iam } = scene.root;
  for (const [name, tags] of [
    ['red-1', { team: 'red' }],
    ['blue-1', { team: 'blue' }],
    ['untagged', {}],
  ] as const) {
    const roleArnOfCluster = roleArn(scene.connection, 'cluster');
    await eks.send(
      new CreateClusterCommand({ name, roleArn: roleArnOfCluster, resourcesVpcConfig: {}, tags }),
    );
  }
  const document = policy(
    {
      Effect: 'Allow',
      Action: ['eks:DescribeCluster', 'eks:TagResource', 'eks:UntagResource'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': `$${'{aws:PrincipalTag/team}'}` } },
    },
    {
      Effect: 'Deny',
      Action: ['eks:TagResource', 'eks:UntagResource'],
      Resource: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } },
    },
  );
  const red = await userWith('red-user', document);
  const describeIt = (name: string) => answer(red.eks.send(new DescribeClusterCommand({ name })));
  // Without a tag of their own the variable has no value, and nothing is equal to it.
  for (const name of ['red-1', 'blue-1', 'untagged']) expect(await describeIt(name)).toBe(notAllowed);
  await iam.send(new TagUserCommand({ UserName: 'red-user', Tags: [{ Key: 'team', Value: 'red' }] }));
  expect(await describeIt('red-1')).toBe('ok');
  expect(await describeIt('blue-1')).toBe(notAllowed);
  expect(await describeIt('untagged')).toBe(notAllowed);
  const resourceArn = `arn:aws:eks:${region}:${account}:cluster/red-1`;
  const tagIt = (tags: Record<string, string>) =>
    answer(red.eks.send(new TagResourceCommand({ resourceArn, tags })));
  expect(await tagIt({ stage: 'dev' })).toBe('ok');
  expect(await tagIt({ team: 'blue' })).toBe(denied);
  expect(await tagIt({ stage: 'dev', team: 'blue' })).toBe(denied);
  const untag = new UntagResourceCommand({ resourceArn, tagKeys: ['team'] });
  expect(await answer(red.eks.send(untag))).toBe(denied);
});

test('eks:AssociateIdentityProviderConfig denied to who may do everything else', async () => {
  const most = await userWith(
    'almost-admin',
    policy(
      { Effect: 'Allow', Action: 'eks:*', Resource: '*' },
      { Effect: 'Deny', Action: 'eks:AssociateIdentityProviderConfig', Resource: '*' },
    ),
  );
  const associate = new AssociateIdentityProviderConfigCommand({
    clusterName: 'main',
    oidc: {
      identityProviderConfigName: 'x',
      issuerUrl: 'https://issuer.example.com',
      clientId: 'k8s',
    },
  });
  expect(await answer(most.eks.send(associate))).toBe(denied);
  expect(await answer(most.eks.send(new DescribeClusterCommand({ name: 'main' })))).toBe('ok');
});
