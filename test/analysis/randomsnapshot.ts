/** Random snapshots from a vocabulary small enough that everything meets everything: who is who, and what grants. */
import type {
  Snapshot,
  SnapshotAccessEntry,
  SnapshotAccount,
  SnapshotBlock,
  SnapshotCluster,
  SnapshotUser,
} from '../../src/engine/analysis/snapshot/snapshot.ts';
import type { Question } from '../../src/engine/analysis/world/question.ts';
import type { RbacObject, Subject } from '../../src/engine/rbac/objects.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';
import type { Random } from '../differential/random.ts';
import { randomAttributes, randomEntry, randomObject, randomPolicy, times } from '../differential/world.ts';

/** Two accounts that may be read, and one that never is. */
const accountIds = ['111122223333', '222233334444', '333344445555'] as const;
const roles = [
  '/Ops',
  '/team/Ops',
  '/Dev',
  '/Dev-a',
  '/aws-reserved/sso.amazonaws.com/AWSReservedSSO_View_0123456789abcdef',
] as const;
const users = ['/ada', '/team/ada', '/bob'] as const;
const matchers = ['Ops*', 'Dev*', 'Dev-*', '*', 'AWSReservedSSO_View_*', 'AWSReservedSSO_View_0*'] as const;
/** Session names that a template may make part of a name; the first stands for all others. */
export const sessionNames = [
  'SESSION',
  'ada',
  'bob',
  'plain',
  'kubernetes-admin',
  'system',
  'node-1',
  'g1',
  '__proto__',
  'constructor',
] as const;
/** Ids of access keys that a template may make part of a name; the first stands for all others. */
export const accessKeyIds = [
  'ASIA0000000000000000',
  'ASIAIOSFODNN7EXAMPLE',
  'AKIAIOSFODNN7EXAMPLE',
  'AKIAIOSFODNN7EXAMPL2',
] as const;
const usernames = [
  'ada',
  'plain',
  '',
  'ops:{{SessionName}}',
  '{{SessionNameRaw}}',
  '{{AccountID}}:{{SessionName}}',
  'system:node:{{EC2PrivateDNSName}}',
  'system:{{SessionName}}',
  'entryway:break-glass:role/x',
  'key:{{AccessKeyID}}',
  '{{SessionName}}/{{AccessKeyID}}',
] as const;
const mappedGroups = [
  'g1',
  'g2',
  'team-{{SessionName}}',
  '{{SessionName}}:masters',
  'system:masters',
  'eks:x',
  'keys-{{AccessKeyID}}',
  'of-{{AccountID}}',
] as const;
const boundUsers = [
  'ada',
  'plain',
  'ops:ada',
  'bob',
  '111122223333:bob',
  'system:node:node-1',
  'system:ada',
  'arn:aws:iam::222233334444:role/Dev',
  'arn:aws:iam::333344445555:user/bob',
  'arn:aws:sts::333344445555:federated-user/guest',
  'kubernetes-admin',
  'key:ASIAIOSFODNN7EXAMPLE',
  'key:AKIAIOSFODNN7EXAMPLE',
  'key:nobody',
  'ada/AKIAIOSFODNN7EXAMPL2',
] as const;
const boundGroups = [
  'g1',
  'g2',
  'team-ada',
  'system:masters',
  'system:authenticated',
  'system:serviceaccounts',
  'system:serviceaccounts:dev',
  'system:unauthenticated',
  'keys-AKIAIOSFODNN7EXAMPL2',
  'of-222233334444',
] as const;

const arnOf = (accountId: string, kind: 'user' | 'role', path: string): string =>
  `arn:aws:iam::${accountId}:${kind}${path}`;
const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const idOf = (accountId: string, kind: 'user' | 'role', path: string, time: number): string =>
  `${kind === 'user' ? 'AIDA' : 'AROA'}${accountId}${path.toUpperCase().replace(/\W/g, '')}${time}`;

/** One or two accounts that were read, perhaps not wholly, and up to three clusters. */
export function randomSnapshot(random: Random): Snapshot {
  const read = random.chance(0.7) ? [accountIds[0], accountIds[1]] : [accountIds[0]];
  return {
    ...{ format: 'entryway.snapshot/v1', takenAt: random.pick(times), partition: 'aws', sources: ['random'] },
    accounts: read.map((accountId) => randomAccount(random, accountId)),
    clusters: Array.from({ length: random.chance(0.15) ? 2 : 1 }, (_, at) => randomCluster(random, at)),
    blocks: random.chance(0.3) ? [randomBlock(random), randomBlock(random)] : [],
    gaps: [
      ...(random.chance(0.15)
        ? [{ area: 'iam', accountId: random.pick(accountIds), reason: 'a test' } as const]
        : []),
      ...(random.chance(0.05) ? [{ area: 'serviceAccounts', reason: 'a test' } as const] : []),
      ...(random.chance(0.1) ? [{ area: 'podIdentity', reason: 'a test' } as const] : []),
    ],
    places: {},
  };
}

export function randomQuestion(random: Random): Question {
  const attributes = randomAttributes(random);
  if (attributes.kind === 'nonResource') {
    return { kind: 'nonResource', verb: attributes.verb, path: attributes.path };
  }
  const { verb, apiGroup, resource, subresource, namespace, name } = attributes;
  return { kind: 'resource', verb, apiGroup, resource, subresource, namespace, name };
}

function randomAccount(random: Random, accountId: string): SnapshotAccount {
  const common = (kind: 'user' | 'role', path: string) => {
    const createdAt = random.pick(times);
    return {
      ...{ arn: arnOf(accountId, kind, path), name: nameIn(path) },
      principalId: idOf(accountId, kind, path, createdAt),
      ...(random.chance(0.7) && { createdAt }),
      ...{ tags: {}, inlinePolicies: {}, attachedPolicyArns: [] },
    };
  };
  const some = <Path extends string>(paths: readonly Path[]): readonly Path[] => {
    const names = new Set<string>();
    return random.some(paths, 0.6).filter((path) => !names.has(nameIn(path)) && names.add(nameIn(path)));
  };
  return {
    accountId,
    users: some(users).map((path) => ({
      ...{ ...common('user', path), groupNames: [] },
      ...(random.chance(0.5) && { accessKeys: randomKeys(random) }),
    })),
    ...(random.chance(0.3) && { root: { accessKeys: random.below(2), mfa: true } }),
    roles: some(roles).map((path) => ({ ...common('role', path), trustPolicy: '{}' })),
    ...{ groups: [], managedPolicies: [], oidcProviders: [] },
    accessPolicies: unique(
      Array.from({ length: random.below(3) }, () => randomPolicy(random)),
      ({ policyArn }) => policyArn,
    ).map(({ policyArn, rules }) => ({ arn: policyArn, name: policyArn, version: 1, rules })),
  };
}

function randomKeys(random: Random): NonNullable<SnapshotUser['accessKeys']> {
  return random
    .some(accessKeyIds.slice(2), 0.5)
    .map((accessKeyId) => ({ accessKeyId, status: random.chance(0.7) ? 'Active' : 'Inactive' }));
}

function somePrincipal(random: Random): { readonly arn: string; readonly id: string } {
  const kind = random.chance(0.65) ? 'role' : 'user';
  const accountId = random.pick(accountIds);
  const path = kind === 'role' ? random.pick(roles) : random.pick(users);
  return { arn: arnOf(accountId, kind, path), id: idOf(accountId, kind, path, random.pick(times)) };
}

function randomAccessEntry(random: Random): SnapshotAccessEntry {
  const { arn, id } = somePrincipal(random);
  const whose = random.chance(0.2)
    ? { principalArn: arnOf(random.pick(accountIds), 'role', `/${random.pick(matchers)}`) }
    : random.chance(0.05)
      ? { principalArn: `arn:aws:iam::${random.pick(accountIds)}:root` }
      : {
          principalArn: random.chance(0.1) ? arn.replace(/[^/]+$/, (name) => name.toLowerCase()) : arn,
          ...(random.chance(0.4) && { principalId: random.chance(0.2) ? '' : id }),
        };
  return {
    ...whose,
    type: random.chance(0.9) ? 'STANDARD' : random.pick(['EC2_LINUX', 'HYBRID_LINUX']),
    username: random.pick(usernames),
    kubernetesGroups: random.some(mappedGroups, 0.25),
    ...(random.chance(0.6) && { createdAt: random.pick(times) }),
    associatedPolicies: twiceAtTimes(random, randomEntry(random).associatedPolicies),
  };
}

/** EKS keeps one association of a policy; a file may tell of it twice. */
function twiceAtTimes<Item>(random: Random, items: readonly Item[]): readonly Item[] {
  return random.chance(0.1) ? [...items, ...items.slice(0, 1)] : items;
}

function randomCluster(random: Random, at: number): SnapshotCluster {
  const mapping = () => ({
    username: random.pick(usernames),
    groups: random.some(mappedGroups, 0.25),
  });
  const awsAuth = {
    roles: Array.from({ length: random.below(4) }, () =>
      random.chance(0.2)
        ? { sso: { permissionSetName: 'View', accountID: random.pick(accountIds) }, ...mapping() }
        : { rolearn: oddCase(random, pathless(random, somePrincipal(random).arn)), ...mapping() },
    ),
    users: Array.from({ length: random.below(3) }, () => ({
      userarn: random.chance(0.2)
        ? `arn:aws:sts::${random.pick(accountIds)}:federated-user/guest`
        : oddCase(random, somePrincipal(random).arn),
      ...mapping(),
    })),
    accounts: random.some(accountIds, 0.2),
  };
  const chosen = somePrincipal(random);
  return {
    ...{ arn: `arn:aws:eks:us-east-1:111122223333:cluster/c${at}`, accountId: '111122223333' },
    ...{ region: 'us-east-1', name: `c${at}` },
    authenticationMode: random.pick(['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API']),
    ...(random.chance(0.15) && {
      hiddenAdminPrincipalId: random.chance(0.2) ? '111122223333' : somePrincipal(random).id,
    }),
    ...(random.chance(0.1) && { breakGlass: { principalArn: chosen.arn, principalId: chosen.id } }),
    ssoRoleMatch: random.chance(0.5),
    accessEntries: unique(
      Array.from({ length: random.below(5) }, () => randomAccessEntry(random)),
      // One principal has one entry (eks-access-facts B9), also where it is spelled in other case.
      ({ principalArn }) => principalArn.toLowerCase(),
    ),
    ...(random.chance(0.7) && { awsAuth }),
    rbac: randomRbac(random),
    ...(random.chance(0.5) && {
      serviceAccounts: [
        { namespace: 'dev', name: 'sa' },
        { namespace: 'x', name: 'y' },
      ],
    }),
    ...randomWorkloads(random),
    identityProviders: [],
  };
}

/** Which AWS credentials pods have changes nothing of who may do what in the cluster. */
function randomWorkloads(random: Random): Partial<SnapshotCluster> {
  const roleArn = `arn:aws:iam::${random.pick(accountIds)}:role/dev`;
  return {
    ...(random.chance(0.3) && { issuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/ABC' }),
    ...(random.chance(0.3) && {
      podIdentityAssociations: [
        {
          ...{ associationId: 'a-1', namespace: 'dev', serviceAccount: 'other', roleArn },
          disableSessionTags: random.chance(0.5),
        },
      ],
    }),
    ...(random.chance(0.3) && {
      pods: [
        {
          ...{ namespace: 'dev', name: 'p', serviceAccount: 'third', nodeName: 'n' },
          ...{ hostNetwork: random.chance(0.5), injectedPodIdentity: false },
        },
      ],
    }),
  };
}

const pathless = (random: Random, arn: string): string =>
  random.chance(0.8) ? arn.replace(/:role\/.*\//, ':role/') : arn;
const oddCase = (random: Random, arn: string): string => (random.chance(0.15) ? arn.toUpperCase() : arn);

function randomRbac(random: Random): readonly RbacObject[] {
  const objects = Array.from({ length: 4 + random.below(10) }, () =>
    withOwnSubjects(random, randomObject(random)),
  );
  return unique(
    // Where hardly anybody may, hardly any mistake is seen.
    random.chance(0.4) ? [...objects, ...everything(random)] : objects,
    (object) => `${object.kind} ${'namespace' in object ? object.namespace : ''} ${object.name}`,
  );
}

const all: PolicyRule = {
  ...{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  ...{ resourceNames: [], nonResourceURLs: [] },
};

/** All there is for some of the names, but for those that are everybody's. */
function everything(random: Random): readonly RbacObject[] {
  const name = 'everything';
  const subjects: readonly Subject[] = [
    ...random.some(boundUsers, 0.4).map((user) => ({ kind: 'User', name: user, namespace: '' }) as const),
    ...random
      .some(boundGroups, 0.25)
      .filter((group) => group !== 'system:authenticated')
      .map((group) => ({ kind: 'Group', name: group, namespace: '' }) as const),
  ];
  return [
    { kind: 'ClusterRole', name, labels: {}, rules: [all] },
    { kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name }, subjects },
  ];
}

function withOwnSubjects(random: Random, object: RbacObject): RbacObject {
  if (object.kind === 'ClusterRole') return object;
  // What no API server has, and a file or a record may: it must not hold.
  const isOdd = random.chance(0.05);
  if (object.kind === 'Role') return isOdd ? { ...object, namespace: '' } : object;
  const subjects: Subject[] = [
    ...random.some(boundUsers, 0.15).map((name) => ({ kind: 'User', name, namespace: '' }) as const),
    ...random.some(boundGroups, 0.15).map((name) => ({ kind: 'Group', name, namespace: '' }) as const),
  ];
  const bound = { ...object, subjects: [...object.subjects, ...subjects] };
  if (!isOdd) return bound;
  return bound.kind === 'RoleBinding'
    ? { ...bound, namespace: '' }
    : { ...bound, roleRef: { ...bound.roleRef, kind: 'Role' } };
}

function randomBlock(random: Random): SnapshotBlock {
  const { arn, id } = somePrincipal(random);
  const [, ...names] = sessionNames;
  const [, ...keys] = accessKeyIds;
  const targets: [SnapshotBlock, ...SnapshotBlock[]] = [
    { kind: 'principalId', target: id },
    { kind: 'principalArn', target: arn.replace(/:(role|user)\/.*\//, ':$1/').toLowerCase() },
    { kind: 'session', target: `${id}:${random.pick(names)}` },
    { kind: 'session', target: `arn:aws:sts::${random.pick(accountIds)}:federated-user/guest` },
    { kind: 'session', target: `arn:aws:sts::${random.pick(accountIds)}:assumed-role/ops/ada` },
    { kind: 'accessKey', target: random.pick(keys) },
  ];
  return { ...random.pick(targets), ...(random.chance(0.4) && { until: random.pick(times) }) };
}

function unique<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
