/**
 * What an administrator would write into IAM policies for EKS, attached for real and tried by stock clients: each
 * scenario has the calls that must pass and, above all, those that must not.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  AssociateAccessPolicyCommand,
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
  DeleteUserPermissionsBoundaryCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Keys, openShell, type Shell } from './process.ts';
import { createEntry, openScene, policyArn, type Scene } from './scene.ts';
import {
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createUser,
  roleArn,
} from './world.ts';

let scene: Scene;
let admin: Shell;
let account: string;
let region: string;

beforeAll(async () => {
  scene = await openScene();
  const { connection, directory } = scene;
  ({ accountId: account, region } = connection);
  admin = openShell(directory, connection, connection);
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

/** A terminal of a new user that has this policy. */
async function userWith(name: string, document: string): Promise<Shell> {
  return as(await createUser(scene.root, name, document));
}

const as = (keys: Keys): Shell => openShell(scene.directory, scene.connection, keys);

/** `ok`, or the error's code with what follows `because` or `with`: who and what are the test's own words. */
function told(code: string, message: string): string {
  const reason = /(because no .*? allows|with an explicit deny in an? [\w -]+)/.exec(message)?.[1];
  return reason === undefined ? `${code}: ${message.trim()}` : `${code} ${reason}`;
}

async function outcome(shell: Shell, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  if (code === 0) return 'ok';
  const [, error = stderr, message = ''] =
    /\((\w+)\) when calling the \w+ operation: (.*)/s.exec(stderr) ?? [];
  return told(error, message);
}

/** The same for a call of the SDK. */
const answer = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: Error) => told(error.name, error.message),
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
    lead = createClients(scene.connection, await createUser(scene.root, 'lead', document));
    return () => lead.destroy();
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
    operator = createClients(scene.connection, await scene.session('entry-operator'));
    return () => operator.destroy();
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
  async function device(user: string, name: string) {
    const { VirtualMFADevice } = await admin.awsJson<{
      VirtualMFADevice: { SerialNumber: string };
    }>(
      ...['iam', 'create-virtual-mfa-device', '--virtual-mfa-device-name', name],
      ...['--bootstrap-method', 'Base32StringSeed', '--outfile', `${scene.directory}/${name}.seed`],
    );
    const secret = Secret.fromBase32(readFileSync(`${scene.directory}/${name}.seed`, 'utf8').trim());
    const totp = new TOTP({ secret });
    // All codes count from one moment: two looks at the clock may lie in different periods.
    const now = Date.now();
    const code = (step: number): string => totp.generate({ timestamp: now + step * period });
    const serial = VirtualMFADevice.SerialNumber;
    await admin.awsJson(
      ...['iam', 'enable-mfa-device', '--user-name', user, '--serial-number', serial],
      ...['--authentication-code1', code(-1), '--authentication-code2', code(0)],
    );
    return { serial, code };
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
  const change = ['eks', 'tag-resource', '--resource-arn'];
  const changeMain = (): readonly string[] => [
    ...change,
    `arn:aws:eks:${region}:${account}:cluster/main`,
    '--tags',
    'seen=yes',
  ];

  async function sessionToken(shell: Shell, ...options: readonly string[]): Promise<Shell> {
    const { Credentials } = await shell.awsJson<{
      Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
    }>('sts', 'get-session-token', ...options);
    return as({
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    });
  }

  test('is demanded for every change of EKS', async () => {
    const mia = await userWith('mia', mfaForChanges());
    const { serial, code } = await device('mia', 'mia-phone');
    expect(await outcome(mia, 'eks', 'describe-cluster', '--name', 'main')).toBe('ok');
    expect(await outcome(mia, ...changeMain())).toBe(denied);
    const without = await sessionToken(mia);
    expect(await outcome(without, ...changeMain())).toBe(denied);
    const wrong = ['--serial-number', serial, '--token-code', '000000'];
    expect(await outcome(mia, 'sts', 'get-session-token', ...wrong)).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
    const withMfa = await sessionToken(mia, '--serial-number', serial, '--token-code', code(1));
    expect(await outcome(withMfa, ...changeMain())).toBe('ok');
  }, 60_000);

  test('is demanded by a trust policy; the code works once', async () => {
    const max = await userWith('max', mfaForChanges());
    const { serial, code } = await device('max', 'max-phone');
    for (const name of ['mfa-admin', 'mfa-other']) {
      await admin.awsJson(
        ...['iam', 'create-role', '--role-name', name, '--assume-role-policy-document'],
        policy({
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:user/max` },
          Action: 'sts:AssumeRole',
          Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
        }),
      );
    }
    const assume = (name: string, ...mfa: readonly string[]): readonly string[] => [
      ...['sts', 'assume-role', '--role-arn', roleArn(scene.connection, name)],
      ...['--role-session-name', 'max', ...mfa],
    ];
    const refusal = (name: string): string =>
      `AccessDenied: User: arn:aws:iam::${account}:user/max is not authorized to perform: sts:AssumeRole on resource: ${roleArn(scene.connection, name)}`;
    expect(await outcome(max, ...assume('mfa-admin'))).toBe(refusal('mfa-admin'));
    const withCode = ['--serial-number', serial, '--token-code', code(1)];
    expect(await outcome(max, ...assume('mfa-admin', ...withCode))).toBe('ok');
    expect(await outcome(max, ...assume('mfa-other', ...withCode))).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
  }, 60_000);
});

describe('what narrows a principal that may do everything', () => {
  const everything = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
  const looking = policy({ Effect: 'Allow', Action: ['eks:List*', 'eks:Describe*'], Resource: '*' });

  test('a permissions boundary', async () => {
    const { iam } = scene.root;
    const bounded = createClients(scene.connection, await createUser(scene.root, 'bounded', everything));
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
    bounded.destroy();
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
    const may = async (...options: readonly string[]) => {
      const { Credentials } = await caller.awsJson<{
        Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
      }>(
        ...['sts', 'assume-role', '--role-arn', roleArn(scene.connection, 'narrowed')],
        ...['--role-session-name', 'narrow', ...options],
      );
      const { eks, iam, destroy } = createClients(scene.connection, {
        accessKeyId: Credentials.AccessKeyId,
        secretAccessKey: Credentials.SecretAccessKey,
        sessionToken: Credentials.SessionToken,
      });
      const outcomes = {
        describe: await answer(eks.send(new DescribeClusterCommand({ name: 'main' }))),
        // Of a cluster that does not exist: whoever may is told that.
        delete: await answer(eks.send(new DeleteClusterCommand({ name: 'none' }))),
        listUsers: await answer(iam.send(new ListUsersCommand({}))),
      };
      destroy();
      return outcomes;
    };
    const narrowed = {
      describe: 'ok',
      delete: 'AccessDeniedException because no session policy allows',
      listUsers: 'AccessDenied because no identity-based policy allows',
    };
    const full = { ...narrowed, delete: 'ResourceNotFoundException: No cluster found for name: none.' };
    expect(await may('--policy', looking)).toEqual(narrowed);
    expect(await may('--policy-arns', `arn=${await lookingPolicy()}`)).toEqual(narrowed);
    expect(await may('--policy', everything)).toEqual(full);
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
  const red = createClients(scene.connection, await createUser(scene.root, 'red-user', document));
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
  red.destroy();
});

test('eks:AssociateIdentityProviderConfig denied to who may do everything else', async () => {
  const most = await userWith(
    'almost-admin',
    policy(
      { Effect: 'Allow', Action: 'eks:*', Resource: '*' },
      { Effect: 'Deny', Action: 'eks:AssociateIdentityProviderConfig', Resource: '*' },
    ),
  );
  expect(
    await outcome(
      most,
      ...['eks', 'associate-identity-provider-config', '--cluster-name', 'main', '--oidc'],
      'identityProviderConfigName=x,issuerUrl=https://issuer.example.com,clientId=k8s',
    ),
  ).toBe(denied);
  expect(await outcome(most, 'eks', 'describe-cluster', '--name', 'main')).toBe('ok');
});
