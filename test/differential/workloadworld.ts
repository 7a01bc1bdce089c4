/** For the comparison of what analyses say of pods with what the services do: small worlds of accounts, a cluster and pods. */

import type { Gap, Snapshot, SnapshotCluster } from '../../src/engine/analysis/snapshot/snapshot.ts';
import { roleRecord } from '../../src/services/authorization/testworld.ts';
import type { OidcProviderRecord, RoleRecord } from '../../src/storage/records/iam.ts';
import { oidcIssuerOf } from '../../src/storage/records/issuer.ts';
import type { PodIdentityAssociationRecord } from '../../src/storage/records/podidentity.ts';
import type { Random } from './random.ts';

export const home = '111122223333';
export const abroad = '444455556666';
const region = 'us-east-1';
const podIdentity = 'pods.eks.amazonaws.com';
const sts = 'sts.amazonaws.com';

export const cluster = {
  ...{ clusterId: 'c1', accountId: home, region, name: 'prod', createdAt: 0, version: '1.35' },
  arn: `arn:aws:eks:${region}:${home}:cluster/prod`,
  ...{ roleArn: `arn:aws:iam::${home}:role/cluster`, authenticationMode: 'API' as const },
  ...{ bootstrapClusterCreatorAdminPermissions: false, tags: { stage: 'prod' } },
  ...{ kind: 'builtIn' as const, echoed: {} },
};
export const issuer = oidcIssuerOf(cluster);
const host = issuer.slice('https://'.length);
const otherHost = host.replace(/\/id\/.*/, `/id/${'0'.repeat(32)}`);
const audiences = [sts, 'app'] as const;

export interface PodAccount {
  readonly namespace: string;
  readonly name: string;
  readonly roleArn?: string;
  readonly audience?: string;
}

export interface PodWorld {
  readonly accounts: readonly PodAccount[];
  readonly associations: readonly PodIdentityAssociationRecord[];
  readonly roles: readonly RoleRecord[];
  readonly providers: readonly OidcProviderRecord[];
  readonly boundary: string;
  readonly guardrails: {
    readonly serviceControl: readonly string[];
    readonly resourceControl: readonly string[];
  };
}

export const arnOfRole = ({ accountId, path, name }: RoleRecord): string =>
  `arn:aws:iam::${accountId}:role${path}${name}`;
export const subjectOf = ({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string => `system:serviceaccount:${namespace}:${name}`;
const providerArn = (accountId: string, of = host): string => `arn:aws:iam::${accountId}:oidc-provider/${of}`;

const namespaces = ['a', 'b'] as const;
const names = ['x', 'y'] as const;
const roleNames = ['r0', 'r1', 'r2', 't0', 't1'] as const;
type RoleName = (typeof roleNames)[number];
/** Whom the trust policy of a role is mostly about. */
const trustedBy = { r0: 'service', r1: 'provider', r2: 'service', t0: 'role', t1: 'provider' } as const;
const homeOf = (name: string): string => (name === 't1' ? abroad : home);
const pathOf = (name: string): string => (name === 'r2' ? '/team/' : '/');
const namedRole = (name: string): string => `arn:aws:iam::${homeOf(name)}:role${pathOf(name)}${name}`;

type Json = Readonly<Record<string, unknown>>;

export function generatePodWorld(random: Random): PodWorld {
  const { pick, chance } = random;
  /** Mostly one that is made for it. */
  const roleFor = (made: readonly [RoleName, ...RoleName[]]): string =>
    chance(0.05) ? `arn:aws:iam::${home}:role/gone` : namedRole(pick(chance(0.8) ? made : roleNames));
  const accounts = namespaces.flatMap((namespace) =>
    names.map(
      (name): PodAccount => ({
        ...{ namespace, name },
        ...(chance(0.6) && { roleArn: roleFor(['r1', 't1']) }),
        ...(chance(0.25) && { audience: pick(['app', sts, 'nobody']) }),
      }),
    ),
  );
  const associations = accounts.flatMap(
    ({ namespace, name }, at): readonly PodIdentityAssociationRecord[] => {
      if (chance(0.5)) return [];
      const isPlain = chance(0.3);
      return [
        {
          ...{ associationId: `a-${at}`, namespace, serviceAccount: name, roleArn: roleFor(['r0', 'r2']) },
          ...{ tags: {}, createdAt: 0, modifiedAt: 0, disableSessionTags: isPlain },
          ...(chance(0.4) && {
            targetRoleArn: roleFor(['t0', 't1']),
            externalId: externalIdOf(namespace, name),
          }),
          ...(isPlain && chance(0.6) && { policy: identityPolicy(random) }),
        },
      ];
    },
  );
  return {
    ...{ accounts, associations },
    roles: roleNames.map((name) => generateRole(random, name)),
    providers: [home, abroad].flatMap((accountId) =>
      [host, otherHost].flatMap((url) =>
        chance(0.9)
          ? [
              {
                ...{
                  accountId,
                  url,
                  arn: providerArn(accountId, url),
                  createdAt: 0,
                  thumbprints: [],
                  tags: [],
                },
                clientIds: chance(0.7) ? [...audiences] : random.some(audiences, 0.5),
              },
            ]
          : [],
      ),
    ),
    boundary: identityPolicy(random),
    guardrails: {
      serviceControl: chance(0.3) ? [allowAll, identityPolicy(random)] : [],
      resourceControl: chance(0.3) ? [resourceControl(random)] : [],
    },
  };
}

const allowAll = policy([{ Effect: 'Allow', Action: '*', Resource: '*' }]);

function externalIdOf(namespace: string, name: string): string {
  return [region, home, cluster.name, namespace, name].join('/');
}

function generateRole(random: Random, name: RoleName): RoleRecord {
  const { chance, pick } = random;
  const pinned = roleNames.map((one) => [namedRole(one), idOf(one)]);
  return roleRecord(name, {
    ...{ accountId: homeOf(name), path: pathOf(name), principalId: idOf(name) },
    tags: random.some([
      { Key: 'Team', Value: 'a' },
      { Key: 'kubernetes-namespace', Value: 'b' },
    ]),
    trustPolicy: trustPolicy(random, name),
    trustedPrincipalIds: Object.fromEntries(pinned),
    inlinePolicies: chance(0.15) ? {} : { own: identityPolicy(random) },
    ...(chance(0.2) && { permissionsBoundaryArn: `arn:aws:iam::${homeOf(name)}:policy/limit` }),
    maxSessionDuration: pick([3600, 43_200]),
  });
}

function idOf(name: string): string {
  return `AROA${name.toUpperCase().padEnd(17, 'A')}`;
}

function policy(statements: readonly Json[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function statements(random: Random, most: number, one: () => Json): string {
  return policy(Array.from({ length: random.below(most) + 1 }, one));
}

/** Mostly what people write, so that something is allowed at all. */
function trustPolicy(random: Random, role: RoleName): string {
  const { pick, chance } = random;
  const accountId = homeOf(role);
  return statements(random, 3, () => {
    const by = chance(0.65) ? trustedBy[role] : pick(['service', 'provider', 'role'] as const);
    const Condition = conditionsOf(random, by === 'provider' ? chance(0.8) : chance(0.35));
    const plain = {
      service: { Service: pick([podIdentity, podIdentity, podIdentity, 'ec2.amazonaws.com']) },
      provider: {
        Federated: providerArn(
          pick([accountId, accountId, accountId, home]),
          pick([host, host, host, otherHost]),
        ),
      },
      role: { AWS: pick([home, `arn:aws:iam::${home}:root`, namedRole(pick(roleNames)), '*']) },
    }[by];
    const usual = {
      service: ['sts:AssumeRole', 'sts:TagSession'],
      provider: ['sts:AssumeRoleWithWebIdentity'],
      role: ['sts:AssumeRole', 'sts:TagSession'],
    }[by];
    return {
      Effect: chance(0.12) ? 'Deny' : 'Allow',
      Principal: chance(0.06) ? '*' : plain,
      ...(chance(0.05)
        ? { NotAction: pick(['sts:AssumeRole', 'sts:TagSession']) }
        : {
            Action: chance(0.75) ? usual : pick(['sts:*', 'sts:Assume*', 'sts:AssumeRole', 'sts:tagsession']),
          }),
      ...(Condition && { Condition }),
    };
  });
}

const operators = [
  'StringEquals',
  'StringEquals',
  'StringLike',
  'StringLike',
  'StringNotEquals',
  'StringNotLike',
  'StringEqualsIfExists',
  'StringLikeIfExists',
  'StringNotEqualsIfExists',
  'StringEqualsIgnoreCase',
  'ForAnyValue:StringEquals',
  'ForAnyValue:StringLike',
  'ForAnyValue:StringLikeIfExists',
  'ForAllValues:StringEquals',
  'ForAllValues:StringLike',
  'ForAnyValue:StringNotEquals',
  'ArnLike',
  'Null',
] as const;

const subjects = [
  'system:serviceaccount:a:x',
  'system:serviceaccount:b:y',
  'system:serviceaccount:a:*',
  'system:serviceaccount:*:x',
  'system:serviceaccount:*',
  'system:serviceaccount:?:?',
  'system:serviceaccount:A:X',
  '*',
] as const;

const values: Readonly<Record<string, readonly [string, ...string[]]>> = {
  [`${host}:sub`]: subjects,
  [`${host.toUpperCase()}:sub`]: subjects,
  [`${otherHost}:sub`]: subjects,
  [`${host}:aud`]: [sts, sts, 'app', '*', 'nobody'],
  [`${host}:amr`]: ['authenticated'],
  'aws:RequestTag/kubernetes-namespace': ['a', 'b', '*'],
  'aws:requesttag/Kubernetes-Service-Account': ['x', 'y', 'X'],
  'aws:RequestTag/eks-cluster-arn': [cluster.arn, 'arn:aws:eks:*:*:cluster/*'],
  'aws:RequestTag/kubernetes-pod-name': ['pod-*', 'other'],
  'aws:RequestTag/team': ['a'],
  'aws:TagKeys': ['kubernetes-namespace', 'eks-cluster-arn', 'kubernetes-*', 'team'],
  'sts:TransitiveTagKeys': ['kubernetes-namespace', 'eks-*', '*'],
  'aws:SourceArn': [cluster.arn, `arn:aws:eks:${region}:${home}:cluster/*`, 'arn:aws:eks:*:*:cluster/other'],
  'aws:SourceAccount': [home, abroad],
  'sts:ExternalId': [externalIdOf('a', 'x'), `${region}/${home}/prod/*`, 'other'],
  'sts:RoleSessionName': ['eks-prod-*', 'me', '*'],
  'sts:SourceIdentity': ['me', '*'],
  'aws:PrincipalArn': [namedRole('r0'), `arn:aws:iam::${home}:role/*`],
  'aws:PrincipalAccount': [home, abroad, 'anonymous'],
  'aws:PrincipalType': ['AssumedRole', 'Anonymous'],
  'aws:PrincipalTag/kubernetes-namespace': ['a', 'b', '${aws:RequestTag/kubernetes-namespace}'],
  'aws:PrincipalTag/team': ['a', '?'],
  'aws:PrincipalIsAWSService': ['true', 'false'],
  'aws:PrincipalServiceName': [podIdentity, 'ec2.amazonaws.com'],
  'aws:FederatedProvider': [providerArn(home), providerArn(abroad)],
  'aws:userid': ['AROA*', '*:eks-prod-*', 'anonymous'],
  'aws:username': ['*'],
  'aws:ResourceTag/team': ['a', '${aws:PrincipalTag/team}'],
  'iam:ResourceTag/kubernetes-namespace': ['a', 'b', '${aws:PrincipalTag/kubernetes-namespace}'],
  'aws:ResourceAccount': [home, abroad, '${aws:PrincipalAccount}'],
  'aws:MultiFactorAuthPresent': ['true', 'false'],
  'aws:RequestedRegion': [region, 'eu-*'],
  'aws:SourceIp': ['192.0.2.1'],
  'aws:SecureTransport': ['false', 'true'],
  'aws:ViaAWSService': ['false'],
};
const keys = Object.keys(values) as [string, ...string[]];
const usualKeys = [`${host}:sub`, `${host}:sub`, `${host}:aud`] as const;

function conditionsOf({ pick, chance, some, below }: Random, isUsual: boolean): Json | undefined {
  const condition: Record<string, Record<string, unknown>> = {};
  const count = isUsual ? 1 + below(2) : chance(0.3) ? 1 : 0;
  for (let at = 0; at < count; at++) {
    const operator = pick(operators);
    const key = isUsual && chance(0.7) ? pick(usualKeys) : pick(keys);
    const known = values[key] ?? ['*'];
    const value =
      operator === 'Null' ? pick(['true', 'false']) : chance(0.8) ? pick(known) : some(known, 0.5);
    if (Array.isArray(value) && value.length === 0) continue;
    condition[operator] = { ...condition[operator], [key]: value };
  }
  return Object.keys(condition).length === 0 ? undefined : condition;
}

export const calls = [
  { action: 'eks:DescribeCluster', resource: cluster.arn },
  { action: 'eks:ListClusters', resource: '*' },
  { action: 'dynamodb:GetItem', resource: `arn:aws:dynamodb:${region}:${home}:table/a/x` },
  { action: 'dynamodb:GetItem', resource: `arn:aws:dynamodb:${region}:${abroad}:table/a/x` },
] as const;

function identityPolicy(random: Random): string {
  const { pick, chance } = random;
  return statements(random, 3, () => {
    const Condition = conditionsOf(random, false);
    return {
      Effect: chance(0.12) ? 'Deny' : 'Allow',
      [chance(0.05) ? 'NotAction' : 'Action']: pick([
        '*',
        '*',
        'dynamodb:*',
        'eks:*',
        'sts:*',
        ['sts:AssumeRole', 'sts:TagSession'],
        'sts:AssumeRole',
      ]),
      Resource: pick([
        '*',
        '*',
        '*',
        'arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/kubernetes-namespace}/*',
        'arn:aws:dynamodb:*:*:table/*/${aws:PrincipalTag/kubernetes-service-account}',
        cluster.arn,
        `arn:aws:iam::*:role/t?`,
      ]),
      ...(Condition && { Condition }),
    };
  });
}

function resourceControl(random: Random): string {
  const Condition = conditionsOf(random, random.chance(0.5));
  const Action = random.pick([
    'sts:AssumeRole',
    'sts:AssumeRoleWithWebIdentity',
    'sts:TagSession',
    'dynamodb:*',
    'sts:*',
  ]);
  return policy([
    {
      Effect: 'Deny',
      Principal: '*',
      Action,
      Resource: '*',
      Condition: Condition ?? { StringEquals: { 'aws:PrincipalTag/team': 'b' } },
    },
  ]);
}

/** The snapshot as somebody has it who may not read everything: what is missing is a gap. */
export function partOf(snapshot: Snapshot, { chance }: Random): Snapshot {
  const gaps: Gap[] = [...snapshot.gaps];
  const left = (one: SnapshotCluster): SnapshotCluster => {
    const { podIdentityAssociations, serviceAccounts, issuer: told, ...others } = one;
    const keep = <Member>(area: Gap['area'], member: Member): Member | undefined => {
      if (!chance(0.4)) return member;
      gaps.push({ area, clusterArn: one.arn, reason: 'not read' });
      return undefined;
    };
    const associations = keep('podIdentity', podIdentityAssociations);
    const accounts = keep('serviceAccounts', serviceAccounts);
    return {
      ...others,
      ...(associations && { podIdentityAssociations: associations }),
      ...(accounts && { serviceAccounts: accounts }),
      ...(told !== undefined && chance(0.6) && { issuer: told }),
    };
  };
  const isAbroadRead = chance(0.6);
  const arePoliciesRead = chance(0.7);
  return {
    ...snapshot,
    clusters: snapshot.clusters.map(left),
    accounts: snapshot.accounts
      .filter(({ accountId }) => isAbroadRead || accountId !== abroad)
      .map((one) => (arePoliciesRead ? one : { ...one, managedPolicies: [] })),
    gaps,
  };
}
