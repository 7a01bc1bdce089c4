import type {
  Gap,
  Place,
  Snapshot,
  SnapshotAccessEntry,
  SnapshotAccessPolicy,
  SnapshotAccount,
  SnapshotBlock,
  SnapshotCluster,
  SnapshotGroup,
  SnapshotGuardrails,
  SnapshotIdentityProvider,
  SnapshotManagedPolicy,
  SnapshotPod,
  SnapshotPodIdentityAssociation,
  SnapshotRole,
  SnapshotServiceAccount,
  SnapshotUser,
} from '../../engine/analysis/snapshot/snapshot.ts';
import { snapshotFormat } from '../../engine/analysis/snapshot/snapshot.ts';
import { isAccountId, parseArn } from '../../engine/arn/arn.ts';
import { isPartition } from '../../engine/arn/partitions.ts';
import type { AwsAuth, AwsAuthRole, AwsAuthUser } from '../../engine/identity/awsauth.ts';
import type { SsoPattern } from '../../engine/identity/sso.ts';
import {
  boolean,
  checked,
  list,
  number,
  object,
  oneOf,
  type Reader,
  record,
  text,
  textThat,
} from './check.ts';
import { policyRules, rbacObject } from './rbacshape.ts';

const texts = list(text);
const textMap = record(text);
const accountId = textThat('no account id of twelve digits', isAccountId);
const arn = textThat('no ARN', (value) => parseArn(value) !== undefined);

const place = object<Place>({ file: text, line: number, column: number });

const gapAreas = [
  ...['iam', 'cluster', 'accessEntries', 'accessPolicies', 'awsAuth', 'rbac', 'namespaces'],
  ...['podIdentity', 'pods'],
  ...['serviceAccounts', 'identityProviders', 'blocks', 'usage', 'file'],
] as const satisfies readonly string[] as readonly Gap['area'][];

const gap = object<Gap>({ area: oneOf(gapAreas), accountId, clusterArn: text, reason: text, place }, [
  'accountId',
  'clusterArn',
  'place',
]);

const principal = {
  arn,
  name: text,
  principalId: text,
  createdAt: number,
  tags: textMap,
  inlinePolicies: textMap,
  attachedPolicyArns: texts,
  permissionsBoundaryArn: text,
  lastUsedAt: number,
};
const absentOfPrincipal = ['createdAt', 'permissionsBoundaryArn', 'lastUsedAt'] as const;

const accessKey = object<NonNullable<SnapshotUser['accessKeys']>[number]>(
  { accessKeyId: text, status: oneOf(['Active', 'Inactive']), createdAt: number, lastUsedAt: number },
  ['createdAt', 'lastUsedAt'],
);

const user = object<SnapshotUser>(
  { ...principal, groupNames: texts, accessKeys: list(accessKey), mfaDevices: number, hasPassword: boolean },
  [...absentOfPrincipal, 'accessKeys', 'mfaDevices', 'hasPassword'],
);

const role = object<SnapshotRole>({ ...principal, trustPolicy: text, trustedPrincipalIds: textMap }, [
  ...absentOfPrincipal,
  'trustedPrincipalIds',
]);

const group = object<SnapshotGroup>({ arn, name: text, inlinePolicies: textMap, attachedPolicyArns: texts });
const managedPolicy = object<SnapshotManagedPolicy>({ arn, document: text }, ['document']);
const accessPolicy = object<SnapshotAccessPolicy>({ arn, name: text, version: number, rules: policyRules });

const ofArn = (item: { readonly arn: string }): string => item.arn;
const ofName = (item: { readonly name: string }): string => item.name;

const account = object<SnapshotAccount>(
  {
    accountId,
    users: list(user, ofArn),
    roles: list(role, ofArn),
    groups: list(group, ofArn),
    managedPolicies: list(managedPolicy, ofArn),
    oidcProviders: list(
      object<SnapshotAccount['oidcProviders'][number]>({ arn, url: text, clientIds: texts }),
      ofArn,
    ),
    accessPolicies: list(accessPolicy, ofArn),
    root: object<NonNullable<SnapshotAccount['root']>>({ accessKeys: number, mfa: boolean }),
  },
  ['root'],
);

const scope = checked(
  object<SnapshotAccessEntry['associatedPolicies'][number]['accessScope']>({
    type: oneOf(['cluster', 'namespace']),
    namespaces: texts,
  }),
  ({ type, namespaces }) =>
    type === 'cluster' && namespaces.length > 0 ? 'is of the cluster and names namespaces' : undefined,
);

const accessEntry = object<SnapshotAccessEntry>(
  {
    principalArn: text,
    principalId: text,
    type: text,
    username: text,
    kubernetesGroups: texts,
    createdAt: number,
    modifiedAt: number,
    associatedPolicies: list(
      object<SnapshotAccessEntry['associatedPolicies'][number]>(
        { policyArn: text, accessScope: scope, associatedAt: number, expiresAt: number },
        ['associatedAt', 'expiresAt'],
      ),
      ({ policyArn }) => policyArn,
    ),
    tags: textMap,
  },
  ['principalId', 'createdAt', 'modifiedAt', 'tags'],
);

const sso = object<SsoPattern>({ permissionSetName: text, accountID: text, partition: text }, ['partition']);
const awsAuth = object<AwsAuth>({
  roles: list(
    checked(
      object<AwsAuthRole>({ rolearn: text, sso, username: text, groups: texts }, ['rolearn', 'sso']),
      (item) =>
        (item.rolearn === undefined) === (item.sso === undefined)
          ? 'needs either `rolearn` or `sso`'
          : undefined,
    ),
  ),
  users: list(object<AwsAuthUser>({ userarn: text, username: text, groups: texts })),
  accounts: texts,
});

const serviceAccount = object<SnapshotServiceAccount>(
  { namespace: text, name: text, roleArn: text, audience: text },
  ['roleArn', 'audience'],
);

const podIdentityAssociation = object<SnapshotPodIdentityAssociation>(
  {
    ...{ associationId: text, namespace: text, serviceAccount: text, roleArn: text, targetRoleArn: text },
    ...{ externalId: text, disableSessionTags: boolean, policy: text },
  },
  ['targetRoleArn', 'externalId', 'policy'],
);

const pod = object<SnapshotPod>(
  {
    ...{ namespace: text, name: text, serviceAccount: text, nodeName: text, hostNetwork: boolean },
    ...{ hasEnded: boolean, injectedRoleArn: text, injectedPodIdentity: boolean },
  },
  ['hasEnded', 'injectedRoleArn'],
);

const identityProvider = object<SnapshotIdentityProvider>(
  {
    ...{ name: text, issuerUrl: text, clientId: text },
    ...{ usernameClaim: text, usernamePrefix: text, groupsClaim: text, groupsPrefix: text },
  },
  ['usernameClaim', 'usernamePrefix', 'groupsClaim', 'groupsPrefix'],
);

const cluster = checked(
  object<SnapshotCluster>(
    {
      arn,
      accountId,
      region: text,
      name: text,
      version: text,
      createdAt: number,
      authenticationMode: oneOf(['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API']),
      hiddenAdminPrincipalId: text,
      breakGlass: object<NonNullable<SnapshotCluster['breakGlass']>>({
        principalArn: text,
        principalId: text,
      }),
      ssoRoleMatch: boolean,
      accessEntries: list(accessEntry, ({ principalArn }) => principalArn),
      awsAuth,
      awsAuthData: textMap,
      rbac: list(rbacObject, (one) => `${one.kind} ${'namespace' in one ? one.namespace : ''} ${one.name}`),
      namespaces: texts,
      serviceAccounts: list(serviceAccount, ({ namespace, name }) => `${namespace}/${name}`),
      issuer: text,
      podIdentityAssociations: list(
        podIdentityAssociation,
        ({ namespace, serviceAccount: account }) => `${namespace}/${account}`,
      ),
      pods: list(pod, ({ namespace, name }) => `${namespace}/${name}`),
      identityProviders: list(identityProvider, ofName),
      tags: textMap,
    },
    [
      ...([
        'version',
        'createdAt',
        'hiddenAdminPrincipalId',
        'breakGlass',
        'ssoRoleMatch',
        'awsAuth',
      ] as const),
      ...(['awsAuthData', 'namespaces', 'serviceAccounts', 'tags'] as const),
      ...(['issuer', 'podIdentityAssociations', 'pods'] as const),
    ],
  ),
  (one) => {
    const parsed = parseArn(one.arn);
    const fits =
      parsed?.accountId === one.accountId &&
      parsed.region === one.region &&
      parsed.resource === `cluster/${one.name}`;
    return fits ? undefined : 'has an ARN of another account, region or name';
  },
);

const block = object<SnapshotBlock>(
  { kind: oneOf(['principalArn', 'principalId', 'session', 'accessKey']), target: text, until: number },
  ['until'],
);

/** The whole format, member by member: what it does not name is refused. */
export const snapshotShape: Reader<Snapshot> = object<Snapshot>(
  {
    format: oneOf([snapshotFormat]),
    takenAt: number,
    partition: textThat('no partition of AWS', isPartition),
    sources: texts,
    accounts: list(account, (one) => one.accountId),
    clusters: list(cluster, ofArn),
    blocks: list(block),
    guardrails: object<SnapshotGuardrails>({ serviceControl: list(texts), resourceControl: list(texts) }),
    gaps: list(gap),
    places: record(place),
  },
  ['guardrails'],
);
