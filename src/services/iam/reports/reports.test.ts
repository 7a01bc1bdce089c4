import type {
  GetAccountAuthorizationDetailsResponse,
  GetServiceLastAccessedDetailsResponse,
  GetServiceLastAccessedDetailsWithEntitiesResponse,
} from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { UsageReader } from '../../../audit/usage.ts';
import type { Principal } from '../../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../../storage/memory/memory.ts';
import { userKey } from '../../../storage/records/keys.ts';
import { account, createWorld, root, start, trustOf, userPrincipal, type World } from '../testworld.ts';

const hour = 60 * 60 * 1000;
const arnOf = (resource: string): string => `arn:aws:iam::${account}:${resource}`;
const policy = (Action: string | readonly string[], more: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }] });

let world: World;
let now: number;
let uses: Map<string, Awaited<ReturnType<UsageReader['services']>>>;
let ada: Principal;

const usage: UsageReader = {
  lastUsed: async (id) =>
    id.startsWith('AKIA') ? { at: start, region: 'eu-west-1', service: 'eks' } : undefined,
  services: async (id) => uses.get(id) ?? [],
};

beforeEach(async () => {
  now = start;
  uses = new Map();
  world = await createWorld({ usage, now: () => now });
  ada = await world.user('ada');
});

describe('the credential report', () => {
  const report = async (): Promise<readonly string[]> => {
    const { Content } = await world.call<{ Content: Uint8Array }>('GetCredentialReport', {});
    return Buffer.from(Content).toString().split('\n');
  };

  test('there is none before one is made', async () => {
    await expect(report()).rejects.toMatchObject({ code: 'CredentialReportNotPresentException' });
  });

  test('it has a row for the root and for every user, in the columns of AWS', async () => {
    await world.call('CreateAccessKey', { UserName: 'ada' });
    await world.user('bob,jr', '/team/');
    expect(await world.call('GenerateCredentialReport', {})).toMatchObject({ State: 'STARTED' });
    const [header, ...rows] = await report();
    expect(header?.split(',')).toHaveLength(22);
    expect(header).toMatch(
      /^user,arn,user_creation_time,password_enabled,.*,cert_2_active,cert_2_last_rotated$/,
    );
    const none = 'false,N/A,N/A,N/A,N/A';
    expect(rows).toEqual([
      `<root_account>,${arnOf('root')},2026-11-21T03:00:00+00:00,not_supported,no_information,not_supported,not_supported,false,${none},${none},false,N/A,false,N/A`,
      `ada,${arnOf('user/ada')},2026-11-21T03:00:00+00:00,false,N/A,N/A,N/A,false,true,2026-11-21T03:00:00+00:00,2026-11-21T03:00:00+00:00,eu-west-1,eks,${none},false,N/A,false,N/A`,
      `"bob,jr","${arnOf('user/team/bob,jr')}",2026-11-21T03:00:00+00:00,false,N/A,N/A,N/A,false,${none},${none},false,N/A,false,N/A`,
    ]);
  });

  test('within four hours no new one is made; after them it has expired until one is', async () => {
    await world.call('GenerateCredentialReport', {});
    await world.user('later');
    now = start + 4 * hour - 1;
    expect(await world.call('GenerateCredentialReport', {})).toEqual({ State: 'COMPLETE' });
    expect(await report()).toHaveLength(3);
    now = start + 4 * hour;
    await expect(report()).rejects.toMatchObject({ code: 'CredentialReportExpiredException' });
    expect(await world.call('GenerateCredentialReport', {})).toMatchObject({ State: 'STARTED' });
    expect(await report()).toHaveLength(4);
  });
});

describe('the account summary', () => {
  test('counts what is there, beside the quotas', async () => {
    await world.call('CreateGroup', { GroupName: 'team' });
    const { SummaryMap } = await world.call('GetAccountSummary', {});
    expect(SummaryMap).toMatchObject({
      Users: 1,
      Groups: 1,
      Roles: 0,
      Policies: 0,
      UsersQuota: 5000,
      AccountMFAEnabled: 0,
    });
  });
});

describe('authorization details', () => {
  const details = (input: object = {}): Promise<GetAccountAuthorizationDetailsResponse> =>
    world.call('GetAccountAuthorizationDetails', input);

  beforeEach(async () => {
    await world.role('ops');
    await world.call('CreateGroup', { GroupName: 'team' });
    await world.call('AddUserToGroup', { GroupName: 'team', UserName: 'ada' });
    await world.call('PutUserPolicy', {
      UserName: 'ada',
      PolicyName: 'own',
      PolicyDocument: policy('eks:*'),
    });
    await world.call('AttachRolePolicy', {
      RoleName: 'ops',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    });
    await world.call('CreatePolicy', { PolicyName: 'mine', PolicyDocument: policy('eks:List*') });
    await world.call('CreatePolicyVersion', {
      PolicyArn: arnOf('policy/mine'),
      PolicyDocument: policy('eks:*'),
    });
  });

  test('everybody with all of their policies, documents encoded', async () => {
    const { UserDetailList, GroupDetailList, RoleDetailList, Policies, IsTruncated } = await details();
    expect(IsTruncated).toBe(false);
    expect(UserDetailList).toMatchObject([
      {
        UserName: 'ada',
        GroupList: ['team'],
        UserPolicyList: [{ PolicyName: 'own' }],
        AttachedManagedPolicies: [],
      },
    ]);
    const text = UserDetailList?.[0]?.UserPolicyList?.[0]?.PolicyDocument ?? '';
    expect(text).toMatch(/^%7B%22Version/);
    expect(decodeURIComponent(text)).toBe(policy('eks:*'));
    expect(GroupDetailList).toMatchObject([{ GroupName: 'team', GroupPolicyList: [] }]);
    expect(RoleDetailList).toMatchObject([
      {
        RoleName: 'ops',
        AttachedManagedPolicies: [{ PolicyName: 'AdministratorAccess' }],
        InstanceProfileList: [],
      },
    ]);
    expect(Policies?.map(({ PolicyName }) => PolicyName).sort()).toEqual(['AdministratorAccess', 'mine']);
    const mine = Policies?.find(({ PolicyName }) => PolicyName === 'mine');
    expect(
      mine?.PolicyVersionList?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
    ).toEqual(
      expect.arrayContaining([
        ['v1', true],
        ['v2', false],
      ]),
    );
  });

  test('a filter chooses kinds', async () => {
    const { UserDetailList, RoleDetailList, Policies } = await details({
      Filter: ['Role', 'LocalManagedPolicy'],
    });
    expect(UserDetailList).toEqual([]);
    expect(RoleDetailList).toHaveLength(1);
    expect(Policies).toMatchObject([{ PolicyName: 'mine' }]);
    await expect(details({ Filter: ['Cluster'] })).rejects.toThrow('enum value set');
  });

  test('pages hold each of them once', async () => {
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await details({ MaxItems: 1, ...(Marker && { Marker }) });
      const { UserDetailList = [], GroupDetailList = [], RoleDetailList = [], Policies = [] } = page;
      seen.push(
        ...[...UserDetailList, ...GroupDetailList, ...RoleDetailList, ...Policies].map(({ Arn = '' }) => Arn),
      );
      Marker = page.Marker;
    } while (Marker !== undefined);
    expect(seen).toEqual([
      arnOf('user/ada'),
      arnOf('role/ops'),
      arnOf('group/team'),
      arnOf('policy/mine'),
      'arn:aws:iam::aws:policy/AdministratorAccess',
    ]);
  });
});

describe('in an account as large as can be', () => {
  test('a credential report that many ask for at once is made once', async () => {
    const storage = createMemoryStorage();
    world = await createWorld({ usage, storage });
    const list = vi.spyOn(storage, 'list');
    const asked = Array.from({ length: 10 }, () => world.call('GenerateCredentialReport', {}));
    const states = (await Promise.all(asked)).map(({ State }) => State);
    expect(states.filter((state) => state === 'STARTED')).toHaveLength(1);
    expect(list).toHaveBeenCalledTimes(1);
  });

  test('a page of details ends before its policies are too long together', async () => {
    const long = policy(Array.from({ length: 400 }, (_, index) => `eks:${'a'.repeat(5)}${index}`));
    for (let index = 0; index < 80; index++) {
      const PolicyArn = arnOf(`policy/p${index}`);
      await world.call('CreatePolicy', { PolicyName: `p${index}`, PolicyDocument: long });
      for (let version = 2; version <= 5; version++) {
        await world.call('CreatePolicyVersion', { PolicyArn, PolicyDocument: long });
      }
    }
    const input = { Filter: ['LocalManagedPolicy'], MaxItems: 1000 };
    const first = await world.call<GetAccountAuthorizationDetailsResponse>(
      'GetAccountAuthorizationDetails',
      input,
    );
    expect(first.IsTruncated).toBe(true);
    expect(JSON.stringify(first).length).toBeLessThan(6_000_000);
    const { Policies, IsTruncated } = await world.call<GetAccountAuthorizationDetailsResponse>(
      'GetAccountAuthorizationDetails',
      { ...input, Marker: first.Marker },
    );
    expect(IsTruncated).toBe(false);
    const names = [...(first.Policies ?? []), ...(Policies ?? [])].map(({ PolicyName }) => PolicyName);
    expect(new Set(names).size).toBe(80);
    expect(names).toHaveLength(80);
  });

  test.each(['ListRoles', 'GetAccountAuthorizationDetails'])(
    '%s looks up once whom many roles trust',
    async (operation) => {
      const storage = createMemoryStorage();
      world = await createWorld({ usage, storage });
      await world.user('ada');
      for (let index = 0; index < 20; index++) {
        await world.role(`r${index}`, trustOf({ AWS: arnOf('user/ada') }));
      }
      const read = vi.spyOn(storage, 'get');
      await world.call(operation, {});
      expect(read.mock.calls.filter(([key]) => key === userKey(account, 'ada'))).toHaveLength(1);
    },
  );
});

describe('policies granting service access', () => {
  test('by service, those of groups included; a Deny grants nothing', async () => {
    await world.call('PutUserPolicy', {
      UserName: 'ada',
      PolicyName: 'own',
      PolicyDocument: policy('eks:List*'),
    });
    await world.call('PutUserPolicy', {
      UserName: 'ada',
      PolicyName: 'no',
      PolicyDocument: policy('iam:*', { Effect: 'Deny' }),
    });
    await world.call('AttachUserPolicy', {
      UserName: 'ada',
      PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
    });
    await world.call('CreateGroup', { GroupName: 'team' });
    await world.call('PutGroupPolicy', { GroupName: 'team', PolicyName: 'all', PolicyDocument: policy('*') });
    await world.call('AddUserToGroup', { GroupName: 'team', UserName: 'ada' });
    const { PoliciesGrantingServiceAccess } = await world.call('ListPoliciesGrantingServiceAccess', {
      Arn: arnOf('user/ada'),
      ServiceNamespaces: ['eks', 'iam', 's3'],
    });
    const group = { PolicyName: 'all', PolicyType: 'INLINE', EntityType: 'GROUP', EntityName: 'team' };
    expect(PoliciesGrantingServiceAccess).toEqual([
      {
        ServiceNamespace: 'eks',
        Policies: [{ PolicyName: 'own', PolicyType: 'INLINE', EntityType: 'USER', EntityName: 'ada' }, group],
      },
      {
        ServiceNamespace: 'iam',
        Policies: [
          {
            PolicyName: 'IAMReadOnlyAccess',
            PolicyType: 'MANAGED',
            PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
          },
          group,
        ],
      },
      { ServiceNamespace: 's3', Policies: [group] },
    ]);
  });
});

describe('service last accessed details', () => {
  const generate = async (input: object, caller = root): Promise<string> =>
    (await world.call<{ JobId: string }>('GenerateServiceLastAccessedDetails', input, caller)).JobId;
  const read = (
    JobId: string,
    more: object = {},
    caller = root,
  ): Promise<GetServiceLastAccessedDetailsResponse> =>
    world.call('GetServiceLastAccessedDetails', { JobId, ...more }, caller);
  const used = (service: string, at: number, actions: readonly string[] = []) => ({
    service,
    at,
    region: 'eu-west-1',
    principalArn: arnOf('user/ada'),
    actions: actions.map((action) => ({ action, at, region: 'eu-west-1', principalArn: arnOf('user/ada') })),
  });

  test('only whoever made a job reads it, and not for ever', async () => {
    const JobId = await generate({ Arn: arnOf('user/ada') });
    const bob = userPrincipal('bob', 'AIDABOBBOBBOBBOBBOBBO');
    await expect(read(JobId, {}, bob)).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    await expect(read(JobId.replace(/.$/, 'x'))).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    now = start + 7 * 24 * hour;
    await expect(read(JobId)).rejects.toMatchObject({ code: 'NoSuchEntityException' });
  });

  test('every service that the policies allow is told, used or not; uses of others and long ago are not', async () => {
    await world.call('PutUserPolicy', {
      UserName: 'ada',
      PolicyName: 'own',
      PolicyDocument: policy(['eks:*', 's3:GetObject', 'sts:*']),
    });
    uses.set(ada.principalId, [used('eks', start), used('iam', start), used('sts', start - 401 * 24 * hour)]);
    const { JobStatus, ServicesLastAccessed } = await read(await generate({ Arn: arnOf('user/ada') }));
    expect(JobStatus).toBe('COMPLETED');
    expect(ServicesLastAccessed).toEqual([
      {
        ServiceName: 'Amazon Elastic Kubernetes Service',
        ServiceNamespace: 'eks',
        LastAuthenticated: new Date(start),
        LastAuthenticatedEntity: arnOf('user/ada'),
        LastAuthenticatedRegion: 'eu-west-1',
        TotalAuthenticatedEntities: 1,
      },
      { ServiceName: 'Amazon S3', ServiceNamespace: 's3', TotalAuthenticatedEntities: 0 },
      { ServiceName: 'AWS Security Token Service', ServiceNamespace: 'sts', TotalAuthenticatedEntities: 0 },
    ]);
  });

  test('by action: those the policies allow, with their last use', async () => {
    await world.call('PutUserPolicy', {
      UserName: 'ada',
      PolicyName: 'own',
      PolicyDocument: policy('eks:List*Policies'),
    });
    uses.set(ada.principalId, [used('eks', start, ['ListAccessPolicies', 'DeleteCluster'])]);
    const { ServicesLastAccessed } = await read(
      await generate({ Arn: arnOf('user/ada'), Granularity: 'ACTION_LEVEL' }),
    );
    expect(ServicesLastAccessed?.[0]?.TrackedActionsLastAccessed).toEqual([
      {
        ActionName: 'ListAccessPolicies',
        LastAccessedEntity: arnOf('user/ada'),
        LastAccessedTime: new Date(start),
        LastAccessedRegion: 'eu-west-1',
      },
      { ActionName: 'ListAssociatedAccessPolicies' },
    ]);
  });

  test('of a policy: whoever carries it, through groups too', async () => {
    const bob = await world.user('bob');
    await world.call('CreatePolicy', { PolicyName: 'shared', PolicyDocument: policy('eks:*') });
    await world.call('CreateGroup', { GroupName: 'team' });
    await world.call('AttachGroupPolicy', { GroupName: 'team', PolicyArn: arnOf('policy/shared') });
    await world.call('AddUserToGroup', { GroupName: 'team', UserName: 'ada' });
    await world.call('AttachUserPolicy', { UserName: 'bob', PolicyArn: arnOf('policy/shared') });
    uses.set(bob.principalId, [used('eks', start)]);
    for (const Arn of [arnOf('policy/shared')]) {
      const JobId = await generate({ Arn });
      const { ServicesLastAccessed } = await read(JobId);
      expect(ServicesLastAccessed).toMatchObject([
        {
          ServiceNamespace: 'eks',
          LastAuthenticatedEntity: arnOf('user/bob'),
          TotalAuthenticatedEntities: 1,
        },
      ]);
      const { EntityDetailsList } = await world.call<GetServiceLastAccessedDetailsWithEntitiesResponse>(
        'GetServiceLastAccessedDetailsWithEntities',
        { JobId, ServiceNamespace: 'eks' },
      );
      const told = EntityDetailsList?.map(({ EntityInfo, LastAuthenticated }) => [
        EntityInfo?.Name,
        EntityInfo?.Type,
        LastAuthenticated,
      ]);
      expect(told?.sort()).toEqual([
        ['ada', 'USER', undefined],
        ['bob', 'USER', new Date(start)],
      ]);
    }
  });

  test('of nobody: no job', async () => {
    await expect(generate({ Arn: arnOf('user/nobody') })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
    await expect(generate({ Arn: arnOf('policy/nothing') })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
    await expect(generate({ Arn: arnOf('root') })).rejects.toMatchObject({ code: 'InvalidInputException' });
  });
});
