/** Reports on an account, read by the stock SDK, and by the AWS CLI, whose `botocore` decodes documents itself. */

import { ListClustersCommand } from '@aws-sdk/client-eks';
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  CreateGroupCommand,
  GenerateCredentialReportCommand,
  GenerateServiceLastAccessedDetailsCommand,
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsResponse,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  GetServiceLastAccessedDetailsCommand,
  type GetServiceLastAccessedDetailsResponse,
  ListPoliciesGrantingServiceAccessCommand,
  PutGroupPolicyCommand,
  paginateGetAccountAuthorizationDetails,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { type Keys, openShell, type Shell, until } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { allowAll, type Clients, createRole, createUser, outcome } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let root: Clients;
let ada: Clients;
let adaKeys: Keys;
let account: string;

beforeAll(async () => {
  scene = await openScene();
  ({ root } = scene);
  account = scene.connection.accountId;
  adaKeys = await createUser(
    root,
    'ada',
    allowAll(['eks:List*', 'iam:GenerateServiceLastAccessedDetails', 'iam:GetServiceLastAccessedDetails']),
  );
  ada = scene.as(adaKeys);
  await createRole(root, scene.connection, 'ops');
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

describe('the credential report', () => {
  const generating = ({ iam }: Clients) => iam.send(new GenerateCredentialReportCommand({}));
  const getting = ({ iam }: Clients) => iam.send(new GetCredentialReportCommand({}));

  test('whoever may not is refused', async () => {
    expect(await outcome(generating(ada))).toBe('AccessDenied');
    expect(await outcome(getting(ada))).toBe('AccessDenied');
  });

  test('none, then one with root and every user, then no new one', async () => {
    expect(await outcome(getting(root))).toBe('CredentialReportNotPresentException');
    expect(await generating(root)).toMatchObject({ State: 'STARTED' });
    const again = await generating(root);
    expect([again.State, again.Description]).toEqual(['COMPLETE', undefined]);
    const { Content, ReportFormat } = await getting(root);
    expect(ReportFormat).toBe('text/csv');
    const [header = '', ...rows] = Buffer.from(Content ?? [])
      .toString()
      .split('\n');
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
});

describe('the authorization details', () => {
  test('page by page, hold users, groups, roles and policies', async () => {
    const pages: GetAccountAuthorizationDetailsResponse[] = [];
    const config = { client: root.iam, pageSize: 2 };
    for await (const page of paginateGetAccountAuthorizationDetails(config, {})) pages.push(page);
    expect(pages.length).toBeGreaterThan(1);
    const all = <Item>(of: (page: GetAccountAuthorizationDetailsResponse) => Item[] | undefined): Item[] =>
      pages.flatMap((page) => of(page) ?? []);
    const users = all(({ UserDetailList }) => UserDetailList);
    expect(users.map(({ UserName }) => UserName).sort()).toEqual(['ada', 'caller']);
    const user = users.find(({ UserName }) => UserName === 'ada');
    expect(user).toMatchObject({ GroupList: ['team'], UserPolicyList: [{ PolicyName: 'inline' }] });
    // Documents come encoded as RFC 3986 says; the SDK leaves them so.
    const document = decodeURIComponent(user?.UserPolicyList?.[0]?.PolicyDocument ?? '');
    expect(JSON.parse(document)).toMatchObject({ Version: '2012-10-17' });
    expect(all(({ GroupDetailList }) => GroupDetailList)).toMatchObject([
      { GroupName: 'team', GroupPolicyList: [{ PolicyName: 'shared' }] },
    ]);
    expect(all(({ RoleDetailList }) => RoleDetailList)).toMatchObject([
      { RoleName: 'ops', AttachedManagedPolicies: [{ PolicyName: 'AdministratorAccess' }] },
    ]);
    expect(all(({ Policies }) => Policies)).toMatchObject([
      {
        PolicyName: 'AdministratorAccess',
        AttachmentCount: 1,
        PolicyVersionList: [{ IsDefaultVersion: true }],
      },
    ]);
  });

  test('a filter chooses', async () => {
    const { UserDetailList, RoleDetailList } = await root.iam.send(
      new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }),
    );
    expect([UserDetailList?.length, RoleDetailList?.length]).toEqual([0, 1]);
  });
});

test('the account summary', async () => {
  const { SummaryMap } = await root.iam.send(new GetAccountSummaryCommand({}));
  expect(SummaryMap).toMatchObject({
    Users: 2,
    Groups: 1,
    Roles: 1,
    UsersQuota: 5000,
    AccountAccessKeysPresent: 1,
  });
});

test('the policies that grant access to a service', async () => {
  const { PoliciesGrantingServiceAccess } = await root.iam.send(
    new ListPoliciesGrantingServiceAccessCommand({ Arn: userArn('ada'), ServiceNamespaces: ['eks', 's3'] }),
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
});

describe('service last accessed details', () => {
  const details = (JobId: string | undefined) => new GetServiceLastAccessedDetailsCommand({ JobId });

  test('a job lists what the policies allow; somebody else cannot read it', async () => {
    const { JobId } = await ada.iam.send(
      new GenerateServiceLastAccessedDetailsCommand({ Arn: userArn('ada') }),
    );
    expect(await outcome(root.iam.send(details(JobId)))).toBe('NoSuchEntityException');
    const { JobStatus, ServicesLastAccessed } = await ada.iam.send(details(JobId));
    expect(JobStatus).toBe('COMPLETED');
    expect(ServicesLastAccessed?.map(({ ServiceNamespace }) => ServiceNamespace)).toEqual(['eks', 'iam']);
    expect(ServicesLastAccessed?.[0]).toMatchObject({ ServiceName: 'Amazon Elastic Kubernetes Service' });
  });

  test('a call that was made is told, also by its action', async () => {
    await ada.eks.send(new ListClustersCommand({}));
    const { JobId } = await ada.iam.send(
      new GenerateServiceLastAccessedDetailsCommand({ Arn: userArn('ada'), Granularity: 'ACTION_LEVEL' }),
    );
    await until(async () => {
      const { ServicesLastAccessed } = await ada.iam.send(details(JobId));
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

describe.skipIf(unavailable !== undefined)(`with the AWS CLI${because}`, () => {
  const shellOf = (keys: Keys): Shell => openShell(scene.directory, scene.connection, keys);

  test('reports on the account are read, their documents decoded', async () => {
    const admin = shellOf(scene.connection);
    await root.iam.send(new GenerateCredentialReportCommand({}));
    const { Content } = await admin.awsJson<{ Content: string }>('iam', 'get-credential-report');
    expect(Buffer.from(Content, 'base64').toString()).toMatch(/^user,arn,.*\n<root_account>,/);

    const { UserDetailList, GroupDetailList, RoleDetailList, Policies } =
      await admin.awsJson<GetAccountAuthorizationDetailsResponse>(
        ...['iam', 'get-account-authorization-details', '--page-size', '2'],
      );
    const user = UserDetailList?.find(({ UserName }) => UserName === 'ada');
    // botocore has decoded them into objects.
    const Document = { Version: '2012-10-17' };
    expect(user).toMatchObject({ UserPolicyList: [{ PolicyDocument: Document }] });
    expect(GroupDetailList).toMatchObject([{ GroupPolicyList: [{ PolicyDocument: Document }] }]);
    expect(RoleDetailList).toMatchObject([{ AssumeRolePolicyDocument: Document }]);
    expect(Policies).toMatchObject([{ PolicyVersionList: [{ Document }] }]);
  }, 60_000);

  test('a user asks which services they reached', async () => {
    const { awsJson } = shellOf(adaKeys);
    const { JobId } = await awsJson<{ JobId: string }>(
      ...['iam', 'generate-service-last-accessed-details', '--arn', userArn('ada')],
    );
    const { JobStatus } = await awsJson<GetServiceLastAccessedDetailsResponse>(
      ...['iam', 'get-service-last-accessed-details', '--job-id', JobId],
    );
    expect(JobStatus).toBe('COMPLETED');
  }, 60_000);
});
