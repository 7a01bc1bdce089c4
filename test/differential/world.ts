/** Random clusters and requests from a vocabulary small enough that everything meets everything. */
import type { Attributes, UserInfo } from '../../src/engine/authorizer/attributes.ts';
import type { LabelExpression, LabelSelector, RbacObject, Subject } from '../../src/engine/rbac/objects.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';
import type { WorldEntry, WorldPolicy } from '../reference/authorizer.ts';
import type { Random } from './random.ts';

const verbs = [
  'get',
  'list',
  'watch',
  'create',
  'delete',
  'impersonate',
  'frobnicate',
  '__proto__',
  '',
] as const;
const groups = ['', 'apps', 'coordination.k8s.io', '*'] as const;
const resources = ['pods', 'secrets', 'deployments', 'nodes', 'namespaces', 'leases', '*'] as const;
const subresources = ['', '', 'log', 'scale'] as const;
const names = ['', 'a', 'b', '*', 'toString'] as const;
const namespaces = ['', 'dev', 'dev-a', 'prod'] as const;
const paths = ['/api', '/api/v1', '/apis', '/', '/healthz', '/version', '/version/', '*'] as const;
/** What no client sends and a SubjectAccessReview can ask: words of rules, other cases, a subresource in the resource. */
const oddVerbs = ['*', 'GET', 'constructor'] as const;
const oddResources = ['', 'Pods', 'pods/log', 'pods/', '*/scale', 'hasOwnProperty'] as const;
const oddSubresources = ['*', '/', 'log/scale', 'valueOf'] as const;
const oddPaths = ['', '/api*', '/version/*', '/healthz/ping', '/API', '__proto__'] as const;
const users = [
  ...(['ada', 'bob', 'system:serviceaccount:dev:sa', 'system:serviceaccount:prod:sa'] as const),
  ...(['*', '__proto__'] as const),
] as const;
const userGroups = ['g1', 'g2', 'system:authenticated', 'constructor'] as const;
const roleNames = ['r1', 'r2', 'r3', 'r4', 'r5', '__proto__'] as const;
const bindingNames = ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'] as const;
const labelKeys = ['into', 'tier', 'constructor'] as const;
const labelValues = ['a', 'b'] as const;
const scopes = ['dev', 'dev-*', '*', 'prod', 'd*v*', '*-a', 'de?'] as const;
const policyNames = [
  'AmazonEKSClusterAdminPolicy',
  'AmazonEKSAdminPolicy',
  'AmazonEKSEditPolicy',
  'AmazonEKSViewPolicy',
  'AmazonEKSAdminViewPolicy',
  'AmazonEKSSecretReaderPolicy',
  'AmazonEKSACKPolicy',
  'AmazonEKSKROPolicy',
  'AmazonEKSArgoCDClusterPolicy',
  'AmazonEKSAutoNodePolicy',
  'NoSuchPolicy',
] as const;
const ownPolicyNames = ['own-1', 'own-2', 'own-3'] as const;
/** The clock of a world stands at one of these; associations end at them, so that every order of the two comes. */
export const times = [1_000, 2_000, 3_000] as const;
interface SomePrincipal {
  readonly id: string;
  readonly canonical: string;
  readonly arn: string;
}

export const principals: readonly [SomePrincipal, ...SomePrincipal[]] = [
  {
    id: 'AROAONE',
    canonical: 'arn:aws:iam::111122223333:role/Ops',
    arn: 'arn:aws:iam::111122223333:role/team/Ops',
  },
  {
    id: 'AROATWO',
    canonical: 'arn:aws:iam::111122223333:role/Ops',
    arn: 'arn:aws:iam::111122223333:role/Ops',
  },
  {
    id: 'AIDAONE',
    canonical: 'arn:aws:iam::111122223333:user/x/ada',
    arn: 'arn:aws:iam::111122223333:user/x/ada',
  },
  {
    id: 'AIDAONE',
    canonical: 'arn:aws:iam::111122223333:user/ada',
    arn: 'arn:aws:iam::111122223333:user/ada',
  },
  ...['AWSReservedSSO_View_0123456789abcdef', 'AWSReservedSSO_View_Only_0123456789abcdef', 'OpsTeam'].map(
    (name, at) => ({
      id: `AROASET${at}`,
      canonical: `arn:aws:iam::111122223333:role/${name}`,
      arn: `arn:aws:iam::111122223333:role/${name}`,
    }),
  ),
];

const matchers = [
  'AWSReservedSSO_View_*',
  'AWSReservedSSO_View_Only_*',
  'AWSReservedSSO_*',
  'awsreservedsso_*',
  'Ops*',
  '*Team',
  '*Tea*',
  '*',
] as const;

function randomRule(random: Random): PolicyRule {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  const ruleVerbs = random.chance(0.25) ? ['*'] : random.some(verbs, 0.5);
  if (random.chance(0.2)) {
    const urls = random.some(paths, 0.3).map((path) => `${path}${random.pick(['', '', '*', '**'])}`);
    return { ...none, verbs: ruleVerbs, nonResourceURLs: urls };
  }
  const own = random.some(resources, 0.4).map((resource) => {
    const subresource = random.pick(subresources);
    return subresource === '' ? resource : `${resource}/${subresource}`;
  });
  return {
    ...none,
    verbs: ruleVerbs,
    apiGroups: random.some(groups, 0.55),
    resources: own,
    resourceNames: random.chance(0.3) ? random.some(names, 0.5) : [],
  };
}

export const randomRules = (random: Random): PolicyRule[] =>
  Array.from({ length: random.below(4) }, () => randomRule(random));

function randomSelector(random: Random): LabelSelector {
  const matchLabels = Object.fromEntries(
    random.some(labelKeys, 0.5).map((key) => [key, random.pick(labelValues)]),
  );
  const matchExpressions = random.some(labelKeys, 0.15).map(
    (key): LabelExpression => ({
      key,
      operator: random.pick(['In', 'NotIn', 'Exists', 'DoesNotExist']),
      values: random.some(labelValues, 0.5),
    }),
  );
  return { matchLabels, matchExpressions };
}

function randomSubjects(random: Random): Subject[] {
  return Array.from({ length: random.chance(0.05) ? 30 : random.below(4) }, (): Subject => {
    switch (random.below(3)) {
      case 0:
        return { kind: 'User', name: random.pick(users), namespace: '' };
      case 1:
        return { kind: 'Group', name: random.pick(userGroups), namespace: '' };
      default:
        return { kind: 'ServiceAccount', name: 'sa', namespace: random.pick(['', 'dev', 'prod']) };
    }
  });
}

const someNamespace = (random: Random): string => random.pick(['dev', 'dev-a', 'prod']);

export function randomObject(random: Random): RbacObject {
  switch (random.below(4)) {
    case 0: {
      const labels = Object.fromEntries(
        random.some(labelKeys, 0.4).map((key) => [key, random.pick(labelValues)]),
      );
      const role = {
        kind: 'ClusterRole',
        name: random.pick(roleNames),
        labels,
        rules: randomRules(random),
      } as const;
      if (!random.chance(0.35)) return role;
      return {
        ...role,
        aggregationRule: { clusterRoleSelectors: random.some([1, 2], 0.7).map(() => randomSelector(random)) },
      };
    }
    case 1:
      return {
        kind: 'Role',
        name: random.pick(roleNames),
        namespace: someNamespace(random),
        rules: randomRules(random),
      };
    case 2:
      return {
        kind: 'ClusterRoleBinding',
        name: random.pick(bindingNames),
        roleRef: { kind: 'ClusterRole', name: random.pick(roleNames) },
        subjects: randomSubjects(random),
      };
    default:
      return {
        kind: 'RoleBinding',
        name: random.pick(bindingNames),
        namespace: someNamespace(random),
        roleRef: { kind: random.pick(['ClusterRole', 'Role']), name: random.pick(roleNames) },
        subjects: randomSubjects(random),
      };
  }
}

export function randomPolicy(random: Random): WorldPolicy {
  return { policyArn: ownPolicyArn(random, random.pick(ownPolicyNames)), rules: randomRules(random) };
}

/** Now and then of another account, which the cluster is told of by mistake only. */
function ownPolicyArn(random: Random, name: string): string {
  const account = random.chance(0.1) ? '444455556666' : '111122223333';
  return `arn:aws:eks::${account}:cluster-access-policy/${name}`;
}

export function randomEntry(random: Random): WorldEntry {
  const { id, arn } = random.pick(principals);
  const whose = random.chance(0.3)
    ? { principalArn: `arn:aws:iam::111122223333:role/${random.pick(matchers)}`, principalId: '' }
    : { principalArn: arn, principalId: random.chance(0.1) ? 'AROAOTHER' : random.chance(0.1) ? '' : id };
  return {
    ...whose,
    associatedPolicies: [
      ...random
        .some(policyNames, 0.2)
        .map((name) => `arn:${random.chance(0.1) ? 'aws-cn' : 'aws'}:eks::aws:cluster-access-policy/${name}`),
      ...new Set(random.some(ownPolicyNames, 0.3).map((name) => ownPolicyArn(random, name))),
    ].map((policyArn) => ({
      policyArn,
      ...(random.chance(0.3) && { expiresAt: random.pick(times) + random.pick([-1, 0, 1]) }),
      accessScope: random.chance(0.4)
        ? { type: 'cluster', namespaces: [] }
        : { type: 'namespace', namespaces: random.some(scopes, 0.3) },
    })),
  };
}

export function randomUser(random: Random): UserInfo {
  const base: UserInfo = {
    username: random.pick(users),
    uid: '',
    groups: [...random.some(userGroups, 0.5), ...(random.chance(0.02) ? ['system:masters'] : [])],
    extra: {},
  };
  if (random.chance(0.4)) return base;
  const { id, canonical } = random.pick(principals);
  const iam: UserInfo = {
    ...base,
    uid: `aws-iam-authenticator:111122223333:${id}`,
    extra: { 'sigs.k8s.io/aws-iam-authenticator/principalId': [id] },
    principal: { principalId: id, canonicalArn: canonical, username: base.username },
  };
  switch (random.below(12)) {
    case 0:
      return { ...iam, uid: '' };
    case 1:
      return { ...iam, extra: { 'sigs.k8s.io/aws-iam-authenticator/principalid': [id] } };
    case 2:
      return { ...iam, impersonated: true };
    case 4:
      return { ...iam, username: 'eve' };
    case 3: {
      const { principal: _, ...unmarked } = iam;
      return unmarked;
    }
    default:
      return iam;
  }
}

export function randomAttributes(random: Random): Attributes {
  const user = randomUser(random);
  const odd = random.chance(0.1);
  const verb = odd && random.chance(0.3) ? random.pick(oddVerbs) : random.pick(verbs);
  if (random.chance(0.15)) {
    return { kind: 'nonResource', user, verb, path: random.pick(odd ? oddPaths : paths) };
  }
  return {
    kind: 'resource',
    user,
    verb,
    apiGroup: random.pick(groups),
    apiVersion: 'v1',
    resource: random.pick(odd && random.chance(0.5) ? oddResources : resources),
    subresource: random.pick(odd && random.chance(0.5) ? oddSubresources : subresources),
    namespace: random.pick(namespaces),
    name: random.pick(names),
  };
}

/** Rules and who may write them: every value of the vocabulary, so that all requests about them can be tried. */
export const vocabulary = { verbs, groups, resources, subresources, names, paths };
