/**
 * What an administrator would write into IAM policies for EKS, attached for real and tried by stock clients: each
 * scenario has the calls that must pass and, above all, those that must not.
 */
import { readFileSync } from 'node:fs';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Keys, openShell, type Shell } from './process.ts';
import { openScene, policyArn, type Scene } from './scene.ts';
import { createClusterRole, createUser, roleArn } from './world.ts';

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
  await admin.awsJson('eks', 'create-cluster', ...clusterOptions('main'));
}, 120_000);

afterAll(() => scene?.close());

function clusterOptions(name: string): readonly string[] {
  return [
    '--name',
    name,
    '--role-arn',
    roleArn(scene.connection, 'cluster'),
    '--resources-vpc-config',
    'subnetIds=subnet-1',
    '--access-config',
    'authenticationMode=API',
  ];
}

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
  return openShell(scene.directory, scene.connection, await createUser(scene.root, name, document));
}

const as = (keys: Keys): Shell => openShell(scene.directory, scene.connection, keys);

/** `ok`, or the error's code with what follows `because` or `with`: who and what are the test's own words. */
async function outcome(shell: Shell, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  if (code === 0) return 'ok';
  const [, error = stderr, message = ''] =
    /\((\w+)\) when calling the \w+ operation: (.*)/s.exec(stderr) ?? [];
  const reason = /(because no .*? allows|with an explicit deny in an? [\w -]+)/.exec(message)?.[1];
  return reason === undefined ? `${error}: ${message.trim()}` : `${error} ${reason}`;
}

const notAllowed = 'AccessDeniedException because no identity-based policy allows';
const denied = 'AccessDeniedException with an explicit deny in an identity-based policy';

function associate(principal: string, policyName: string, scope: string): readonly string[] {
  const target = ['--cluster-name', 'main', '--principal-arn', principal];
  return [
    'eks',
    'associate-access-policy',
    ...target,
    '--policy-arn',
    policyArn(policyName),
    '--access-scope',
    scope,
  ];
}

describe('who may hand out AmazonEKSViewPolicy, in the namespaces of team A, and nothing else', () => {
  let member: string;
  let lead: Shell;

  beforeAll(async () => {
    member = await scene.role('view-member');
    await admin.awsJson('eks', 'create-access-entry', '--cluster-name', 'main', '--principal-arn', member);
    lead = await userWith(
      'lead',
      policy({
        Effect: 'Allow',
        Action: 'eks:AssociateAccessPolicy',
        Resource: `arn:aws:eks:*:${account}:access-entry/main/*`,
        Condition: {
          ArnEquals: { 'eks:policyArn': policyArn('AmazonEKSViewPolicy') },
          StringEquals: { 'eks:accessScope': 'namespace' },
          'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' },
        },
      }),
    );
  });

  test.each<[string, string, string, string]>([
    ['another policy', 'AmazonEKSEditPolicy', 'type=namespace,namespaces=team-a-web', notAllowed],
    ['the administrator', 'AmazonEKSClusterAdminPolicy', 'type=cluster', notAllowed],
    ['the policy for the whole cluster', 'AmazonEKSViewPolicy', 'type=cluster', notAllowed],
    ['a namespace of others', 'AmazonEKSViewPolicy', 'type=namespace,namespaces=team-b', notAllowed],
    [
      'a namespace of others among own',
      'AmazonEKSViewPolicy',
      'type=namespace,namespaces=team-a-web,kube-system',
      notAllowed,
    ],
    ['a pattern wider than own', 'AmazonEKSViewPolicy', 'type=namespace,namespaces=team-*', notAllowed],
    ['own namespaces', 'AmazonEKSViewPolicy', 'type=namespace,namespaces=team-a-web,team-a-db', 'ok'],
  ])('%s', async (_what, policyName, scope, expected) => {
    expect(await outcome(lead, ...associate(member, policyName, scope))).toBe(expected);
  });

  test('nothing of what was refused has happened', async () => {
    const { associatedAccessPolicies } = await admin.awsJson<{ associatedAccessPolicies: object[] }>(
      ...['eks', 'list-associated-access-policies', '--cluster-name', 'main', '--principal-arn', member],
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
  let operator: Shell;

  beforeAll(async () => {
    await scene.role('entry-operator');
    await admin.awsJson(
      ...['iam', 'put-role-policy', '--role-name', 'entry-operator', '--policy-name', 'entries'],
      '--policy-document',
      policy({
        Effect: 'Allow',
        Action: 'eks:CreateAccessEntry',
        Resource: `arn:aws:eks:${region}:${account}:cluster/main`,
        Condition: {
          ArnLike: { 'eks:principalArn': `arn:aws:iam::${account}:role/teams/a/*` },
          StringEquals: { 'eks:accessEntryType': 'STANDARD' },
          Null: { 'eks:kubernetesGroups': 'true', 'eks:username': 'true' },
        },
      }),
    );
    operator = as(await scene.session('entry-operator'));
  });

  test.each<[string, string, readonly string[], string]>([
    ['a role elsewhere', '/', [], notAllowed],
    ['a role of another team', '/teams/b/', [], notAllowed],
    ['a role below whose path only begins alike', '/teams/abc/', [], notAllowed],
    ['with groups', '/teams/a/', ['--kubernetes-groups', 'admins'], notAllowed],
    ['with a name of its own', '/teams/a/', ['--username', 'root'], notAllowed],
    ['of a node type', '/teams/a/', ['--type', 'EC2_LINUX'], notAllowed],
    ['a role of the team', '/teams/a/', [], 'ok'],
  ])('%s', async (what, path, options, expected) => {
    const arn = await scene.role(`operated-${what.replaceAll(' ', '-')}`.slice(0, 64), path);
    const target = ['--cluster-name', 'main', '--principal-arn', arn];
    expect(await outcome(operator, 'eks', 'create-access-entry', ...target, ...options)).toBe(expected);
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
    const code = (step: number): string => totp.generate({ timestamp: Date.now() + step * period });
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
  });

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
  });
});

describe('what narrows a principal that may do everything', () => {
  const everything = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
  const looking = policy({ Effect: 'Allow', Action: ['eks:List*', 'eks:Describe*'], Resource: '*' });

  test('a permissions boundary', async () => {
    const bounded = await userWith('bounded', everything);
    expect(await outcome(bounded, 'iam', 'list-users')).toBe('ok');
    const { Policy } = await admin.awsJson<{ Policy: { Arn: string } }>(
      ...['iam', 'create-policy', '--policy-name', 'looking', '--policy-document', looking],
    );
    await admin.awsJson(
      ...['iam', 'put-user-permissions-boundary', '--user-name', 'bounded'],
      ...['--permissions-boundary', Policy.Arn],
    );
    expect(await outcome(bounded, 'eks', 'list-clusters')).toBe('ok');
    expect(await outcome(bounded, 'eks', 'delete-cluster', '--name', 'main')).toBe(
      'AccessDeniedException because no permissions boundary allows',
    );
    expect(await outcome(bounded, 'iam', 'list-users')).toBe(
      'AccessDenied because no permissions boundary allows',
    );
    await admin.awsJson('iam', 'delete-user-permissions-boundary', '--user-name', 'bounded');
    expect(await outcome(bounded, 'iam', 'list-users')).toBe('ok');
  });

  test('a session policy, in the call or by ARN, which cannot widen', async () => {
    await scene.role('narrowed');
    await admin.awsJson(
      ...['iam', 'put-role-policy', '--role-name', 'narrowed', '--policy-name', 'eks'],
      ...['--policy-document', policy({ Effect: 'Allow', Action: 'eks:*', Resource: '*' })],
    );
    const caller = await userWith('narrower', policy({ Effect: 'Allow', Action: 'sts:*', Resource: '*' }));
    const session = async (...options: readonly string[]): Promise<Shell> => {
      const { Credentials } = await caller.awsJson<{
        Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
      }>(
        ...['sts', 'assume-role', '--role-arn', roleArn(scene.connection, 'narrowed')],
        ...['--role-session-name', 'narrow', ...options],
      );
      return as({
        accessKeyId: Credentials.AccessKeyId,
        secretAccessKey: Credentials.SecretAccessKey,
        sessionToken: Credentials.SessionToken,
      });
    };
    const inline = await session('--policy', looking);
    expect(await outcome(inline, 'eks', 'list-clusters')).toBe('ok');
    expect(await outcome(inline, 'eks', 'delete-cluster', '--name', 'main')).toBe(
      'AccessDeniedException because no session policy allows',
    );
    const managed = await session('--policy-arns', `arn=arn:aws:iam::${account}:policy/looking`);
    expect(await outcome(managed, 'eks', 'describe-cluster', '--name', 'main')).toBe('ok');
    expect(await outcome(managed, 'eks', 'delete-cluster', '--name', 'main')).toBe(
      'AccessDeniedException because no session policy allows',
    );
    const wide = await session('--policy', everything);
    expect(await outcome(wide, 'iam', 'list-users')).toBe(
      'AccessDenied because no identity-based policy allows',
    );
    const plain = await session();
    expect(await outcome(plain, 'eks', 'describe-cluster', '--name', 'main')).toBe('ok');
  });
});

test('tags of who asks decide which clusters they reach', async () => {
  for (const [name, team] of [
    ['red-1', 'red'],
    ['blue-1', 'blue'],
    ['untagged', ''],
  ] as const) {
    const tags = team === '' ? [] : ['--tags', `team=${team}`];
    await admin.awsJson('eks', 'create-cluster', ...clusterOptions(name), ...tags);
  }
  const red = await userWith(
    'red-user',
    policy(
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
    ),
  );
  const describeCluster = (name: string) => outcome(red, 'eks', 'describe-cluster', '--name', name);
  // Without a tag of their own the variable has no value, and nothing is equal to it.
  for (const name of ['red-1', 'blue-1', 'untagged']) expect(await describeCluster(name)).toBe(notAllowed);
  await admin.awsJson('iam', 'tag-user', '--user-name', 'red-user', '--tags', 'Key=team,Value=red');
  expect(await describeCluster('red-1')).toBe('ok');
  expect(await describeCluster('blue-1')).toBe(notAllowed);
  expect(await describeCluster('untagged')).toBe(notAllowed);
  const arn = `arn:aws:eks:${region}:${account}:cluster/red-1`;
  expect(await outcome(red, 'eks', 'tag-resource', '--resource-arn', arn, '--tags', 'stage=dev')).toBe('ok');
  expect(await outcome(red, 'eks', 'tag-resource', '--resource-arn', arn, '--tags', 'team=blue')).toBe(
    denied,
  );
  expect(await outcome(red, 'eks', 'untag-resource', '--resource-arn', arn, '--tag-keys', 'team')).toBe(
    denied,
  );
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
