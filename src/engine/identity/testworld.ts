import type { Principal } from '../iam/principal.ts';
import { type AwsAuth, type AwsAuthRole, createAwsAuthIndex } from './awsauth.ts';
import { type AccessEntry, createEntryIndex } from './entries.ts';
import type { IdentitySources } from './resolve.ts';

/** For tests: a role session and a user of one account, and what maps them. */
export const account = '111122223333';
export const rolePrincipal = (
  name: string,
  principalId: string,
  sessionName = 's',
  path = '/',
): Principal => ({
  kind: 'assumedRole',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`,
  userId: `${principalId}:${sessionName}`,
  principalId,
  principalArn: `arn:aws:iam::${account}:role${path}${name}`,
  accessKeyId: 'ASIAEXAMPLE',
  roleName: name,
  sessionName,
});
export const ada: Principal = {
  kind: 'user',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:iam::${account}:user/team/ada`,
  userId: 'AIDAADA',
  principalId: 'AIDAADA',
  principalArn: `arn:aws:iam::${account}:user/team/ada`,
  accessKeyId: 'AKIAEXAMPLE',
  userName: 'ada',
};
export const ops = rolePrincipal('Ops', 'AROAOPS', 'ada@example.com', '/team/');
/** Of `ops`, whose role has a path. */
export const opsEntry: AccessEntry = {
  principalArn: `arn:aws:iam::${account}:role/team/Ops`,
  principalId: 'AROAOPS',
  type: 'STANDARD',
  username: `arn:aws:sts::${account}:assumed-role/Ops/{{SessionName}}`,
  kubernetesGroups: ['viewers'],
};

/** Where a cluster of mode API_AND_CONFIG_MAP keeps who is who: nothing unless told. */
export function sources(
  change: {
    entries?: readonly AccessEntry[];
    awsAuth?: Partial<AwsAuth>;
    ssoRoleMatch?: boolean;
  } & Partial<Omit<IdentitySources, 'entries' | 'awsAuth'>> = {},
): IdentitySources {
  const { entries = [], awsAuth = {}, ssoRoleMatch = false, ...rest } = change;
  const index = createEntryIndex();
  for (const entry of entries) index.apply(entry);
  return {
    authenticationMode: 'API_AND_CONFIG_MAP',
    privateDnsName: () => undefined,
    ...rest,
    entries: index,
    awsAuth: createAwsAuthIndex({ roles: [], users: [], accounts: [], ...awsAuth }, { ssoRoleMatch }),
  };
}

export const mapping = (arn: string, username = 'mapped'): AwsAuthRole => ({
  rolearn: arn,
  username,
  groups: ['g'],
});
