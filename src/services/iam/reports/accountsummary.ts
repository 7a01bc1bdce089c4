import type { GetAccountSummaryResponse } from '@aws-sdk/client-iam';
import type { AccountRecord, PolicyRecord, UserRecord } from '../../../storage/records/iam.ts';
import {
  accountKey,
  groupsPrefix,
  instanceProfilesPrefix,
  mfaDevicesPrefix,
  oidcProvidersPrefix,
  policiesPrefix,
  rolesPrefix,
  usersPrefix,
} from '../../../storage/records/keys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { readRecord } from '../records.ts';
import { allRecords } from './allrecords.ts';

/** What an account may have at most (iam-facts A12, J4); the same numbers the operations hold to. */
const quotas = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  InstanceProfilesQuota: 1000,
  ServerCertificatesQuota: 20,
  GroupsPerUserQuota: 10,
  AccessKeysPerUserQuota: 2,
  SigningCertificatesPerUserQuota: 2,
  AttachedPoliciesPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  VersionsPerPolicyQuota: 5,
  PolicyVersionsInUseQuota: 10_000,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10_240,
  AssumeRolePolicySizeQuota: 2048,
  PolicySizeQuota: 6144,
} as const;

/** What Entryway's accounts never have: passwords, certificates. */
const absent = {
  AccountPasswordPresent: 0,
  AccountSigningCertificatesPresent: 0,
  ServerCertificates: 0,
} as const;

/** `GetAccountSummary` (iam-facts J20): counters, and the quotas beside them. */
export function createAccountSummaryOperations({ storage }: IamDependencies): Operations {
  const GetAccountSummary = defineOperation<object, GetAccountSummaryResponse>({
    authorization: () => ({ action: 'iam:GetAccountSummary', resources: ['*'] }),
    async handle(_, { caller: { accountId } }) {
      const account = (await readRecord<AccountRecord>(storage, accountKey(accountId)))?.record;
      const users = await allRecords<UserRecord>(storage, usersPrefix(accountId));
      const policies = await allRecords<PolicyRecord>(storage, policiesPrefix(accountId));
      const rootDevices = account?.mfaSerialNumbers?.length ?? 0;
      const userDevices = sum(users, ({ mfaSerialNumbers }) => mfaSerialNumbers?.length ?? 0);
      const [groups, roles, profiles, providers, devices] = await Promise.all(
        [groupsPrefix, rolesPrefix, instanceProfilesPrefix, oidcProvidersPrefix, mfaDevicesPrefix].map(
          (prefix) => storage.count(prefix(accountId)),
        ),
      );
      return {
        SummaryMap: {
          Users: users.length,
          Groups: groups ?? 0,
          Roles: roles ?? 0,
          Policies: policies.length,
          PolicyVersionsInUse: sum(policies, ({ versions }) => versions.length),
          InstanceProfiles: profiles ?? 0,
          Providers: providers ?? 0,
          MFADevices: devices ?? 0,
          MFADevicesInUse: userDevices + rootDevices,
          AccountMFAEnabled: Number(rootDevices > 0),
          AccountAccessKeysPresent: Number((account?.accessKeyIds.length ?? 0) > 0),
          // Regional endpoints of STS issue version 2 tokens, the global one version 1 unless told otherwise.
          GlobalEndpointTokenVersion: 1,
          ...absent,
          ...quotas,
        },
      };
    },
  });

  return { GetAccountSummary };
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
