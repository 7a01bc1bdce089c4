/** Reports on an account, read by the stock AWS CLI and by `botocore`, which decodes documents itself. */
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  CreateGroupCommand,
  type GetAccountAuthorizationDetailsResponse,
  type GetServiceLastAccessedDetailsResponse,
  PutGroupPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell, type Shell, until } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { allowAll, createRole, createUser } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const withCli = describe.skipIf(unavailable !== undefined);

let scene: Scene;
let admin: Shell;
let ada: Shell;
let account: string;

beforeAll(async () => {
  scene = await openScene();
  const { connection, directory, root } = scene;
  account = connection.accountId;
  admin = openShell(directory, connection, connection, { withAws: unavailable === undefined });
  const keys = await createUser(
    root,
    'ada',
    allowAll(['eks:List*', 'iam:GenerateServiceLastAccessedDetails', 'iam:GetServiceLastAccessedDetails']),
  );
  ada = openShell(directory, connection, keys, { withAws: unavailable === undefined });
  await createRole(root, connection, 'ops');
  await root.iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'ops',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    }),
  );
  await root.iam.send(new CreateGroupCommand({ GroupName: 'team' }));
  await root.iam.send(
    new PutGroupPolicyCommand({ GroupName: 'team', PolicyName: 'shared', PolicyDocument: allowAll('eks:*') }),
  );
  await root.iam.send(new AddUserToGroupCommand({ GroupName: 'team', UserName: 'ada' }));
}, 60_000);

afterAll(() => scene?.close());

const userArn = (name: string): string => `arn:aws:iam::${account}:user/${name}`;

withCli(`the credential report${because}`, () => {
  test('none, then one with root and every user, then no new one', async () => {
    const none = await admin.aws('iam', 'get-credential-report');
    expect(none.stderr).toContain('(ReportNotPresent)');
    expect(await admin.awsJson('iam', 'generate-credential-report')).toMatchObject({ State: 'STARTED' });
    expect(await admin.awsJson('iam', 'generate-credential-report')).toEqual({ State: 'COMPLETE' });
    const { Content, ReportFormat } = await admin.awsJson<{ Content: string; ReportFormat: string }>(
      'iam',
      'get-credential-report',
    );
    expect(ReportFormat).toBe('text/csv');
    const [header = '', ...rows] = Buffer.from(Content, 'base64').toString().split('\n');
    expect(header.split(',')[0]).toBe('user');
    expect(rows.map((row) => row.split(',').slice(0, 2))).toEqual([
      ['<root_account>', `arn:aws:iam::${account}:root`],
      ['ada', userArn('ada')],
      ['caller', userArn('caller')],
    ]);
    const cells = Object.fromEntries(
      header.split(',').map((name, index) => [name, rows[1]?.split(',')[index]]),
    );
    expect(cells).toMatchObject({
      password_enabled: 'false',
      mfa_active: 'false',
      access_key_1_active: 'true',
      access_key_2_active: 'false',
    });
  });

  test('whoever may not is refused', async () => {
    expect((await ada.aws('iam', 'generate-credential-report')).stderr).toContain('(AccessDenied)');
    expect((await ada.aws('iam', 'get-credential-report')).stderr).toContain('(AccessDenied)');
  });
});

withCli(`aws iam get-account-authorization-details${because}`, () => {
  test('the CLI sees users, groups, roles and policies with decoded documents', async () => {
    const { UserDetailList, GroupDetailList, RoleDetailList, Policies } =
      await admin.awsJson<GetAccountAuthorizationDetailsResponse>(
        'iam',
        'get-account-authorization-details',
        '--page-size',
        '2',
      );
    expect(UserDetailList?.map(({ UserName }) => UserName).sort()).toEqual(['ada', 'caller']);
    const user = UserDetailList?.find(({ UserName }) => UserName === 'ada');
    expect(user).toMatchObject({ GroupList: ['team'], UserPolicyList: [{ PolicyName: 'inline' }] });
    // botocore has decoded it into an object.
    expect(user?.UserPolicyList?.[0]?.PolicyDocument).toMatchObject({ Version: '2012-10-17' });
    expect(GroupDetailList).toMatchObject([
      {
        GroupName: 'team',
        GroupPolicyList: [{ PolicyName: 'shared', PolicyDocument: { Version: '2012-10-17' } }],
      },
    ]);
    expect(RoleDetailList).toMatchObject([
      {
        RoleName: 'ops',
        AttachedManagedPolicies: [{ PolicyName: 'AdministratorAccess' }],
        AssumeRolePolicyDocument: { Version: '2012-10-17' },
      },
    ]);
    expect(Policies).toMatchObject([
      {
        PolicyName: 'AdministratorAccess',
        AttachmentCount: 1,
        PolicyVersionList: [{ IsDefaultVersion: true, Document: { Version: '2012-10-17' } }],
      },
    ]);
  });

  test('a filter chooses', async () => {
    const { UserDetailList, RoleDetailList } = await admin.awsJson<GetAccountAuthorizationDetailsResponse>(
      'iam',
      'get-account-authorization-details',
      '--filter',
      'Role',
    );
    expect([UserDetailList?.length, RoleDetailList?.length]).toEqual([0, 1]);
  });
});

test.skipIf(unavailable !== undefined)(`aws iam get-account-summary${because}`, async () => {
  const { SummaryMap } = await admin.awsJson<{ SummaryMap: Record<string, number> }>(
    'iam',
    'get-account-summary',
  );
  expect(SummaryMap).toMatchObject({
    Users: 2,
    Groups: 1,
    Roles: 1,
    UsersQuota: 5000,
    AccountAccessKeysPresent: 1,
  });
});

test.skipIf(unavailable !== undefined)(
  `aws iam list-policies-granting-service-access${because}`,
  async () => {
    const { PoliciesGrantingServiceAccess } = await admin.awsJson<{ PoliciesGrantingServiceAccess: unknown }>(
      'iam',
      'list-policies-granting-service-access',
      '--arn',
      userArn('ada'),
      '--service-namespaces',
      'eks',
      's3',
    );
    expect(PoliciesGrantingServiceAccess).toMatchObject([
      {
        ServiceNamespace: 'eks',
        Policies: [
          { PolicyName: 'inline', EntityType: 'USER' },
          { PolicyName: 'shared', EntityType: 'GROUP' },
        ],
      },
      { ServiceNamespace: 's3', Policies: [] },
    ]);
  },
);

withCli(`service last accessed details${because}`, () => {
  test('a job lists what the policies allow; somebody else cannot read it', async () => {
    const generated = ['iam', 'generate-service-last-accessed-details', '--arn', userArn('ada')];
    const { JobId } = await ada.awsJson<{ JobId: string }>(...generated);
    const read = ['iam', 'get-service-last-accessed-details', '--job-id', JobId];
    expect((await admin.aws(...read)).stderr).toContain('(NoSuchEntity)');
    const { JobStatus, ServicesLastAccessed } = await ada.awsJson<GetServiceLastAccessedDetailsResponse>(
      ...read,
    );
    expect(JobStatus).toBe('COMPLETED');
    expect(ServicesLastAccessed?.map(({ ServiceNamespace }) => ServiceNamespace)).toEqual(['eks', 'iam']);
    expect(ServicesLastAccessed?.[0]).toMatchObject({ ServiceName: 'Amazon Elastic Kubernetes Service' });
  });

  test('a call that was made is told, also by its action', async () => {
    await ada.awsJson('eks', 'list-clusters');
    const { JobId } = await ada.awsJson<{ JobId: string }>(
      'iam',
      'generate-service-last-accessed-details',
      '--arn',
      userArn('ada'),
      '--granularity',
      'ACTION_LEVEL',
    );
    await until(async () => {
      const { ServicesLastAccessed } = await ada.awsJson<GetServiceLastAccessedDetailsResponse>(
        'iam',
        'get-service-last-accessed-details',
        '--job-id',
        JobId,
      );
      const eks = ServicesLastAccessed?.find(({ ServiceNamespace }) => ServiceNamespace === 'eks');
      const listed = eks?.TrackedActionsLastAccessed?.find(({ ActionName }) => ActionName === 'ListClusters');
      return (
        eks?.LastAuthenticatedEntity === userArn('ada') &&
        eks.TotalAuthenticatedEntities === 1 &&
        listed?.LastAccessedEntity === userArn('ada')
      );
    }, 'the use is known');
  });
});
