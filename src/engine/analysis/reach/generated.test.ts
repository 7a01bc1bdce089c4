import { expect, test } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import { policyText as policy } from '../iamworld/testworld.ts';
import {
  type SeededRandom,
  seededRandom,
  testArn,
  testAssociation,
  testEntry,
  testGrant,
  testProvider,
  testRole,
  testUser,
  testWorld,
} from '../testworld.ts';
import type { World } from '../world/world.ts';
import { nodeKey, type ReachNode } from './node.ts';
import { nodesGroup } from './nodes.ts';
import { createReach, nodeOf } from './reach.ts';
import type { ReachChain, StepCode } from './step.ts';

/** More: `ENTRYWAY_REACH_ROUNDS=2000 ENTRYWAY_SEED=7 npx vitest run src/engine/analysis/reach/generated`. */
const rounds = Number(process.env.ENTRYWAY_REACH_ROUNDS ?? 10);
const seed = seedOfRun();

const users = ['ada', 'bob'] as const;
const roles = ['r1', 'r2', 'r3', 'r4'] as const;
const arns = [
  ...users.map((name) => testArn(`user/${name}`)),
  ...roles.map((name) => testArn(`role/${name}`)),
];
const accounts = ['team/a', 'team/b', 'kube-system/c'] as const;
const rbac = 'rbac.authorization.k8s.io';
const host = 'oidc.eks.us-east-1.amazonaws.com/id/ABC';
const provider = testArn(`oidc-provider/${host}`);
const roleArns = [...roles, 'gone'].map((name) => testArn(`role/${name}`));
const named = accounts.map((text) => {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
});

/** A small account and cluster in which much is allowed, and much is not. */
function randomWorld({ pick, some, next }: SeededRandom): World {
  const actions = [
    ...[
      'sts:AssumeRole',
      'iam:UpdateAssumeRolePolicy',
      'iam:CreateAccessKey',
      'iam:PutRolePolicy',
      'iam:PutUserPolicy',
    ],
    ...[
      'iam:PassRole',
      'ec2:RunInstances',
      'eks:CreateAccessEntry',
      'eks:AssociateAccessPolicy',
      'eks:UpdateAccessEntry',
    ],
    ...['entryway:PutBreakGlassPrincipal', 'iam:AttachRolePolicy', 'eks:*', 'iam:*'],
    ...['iam:DeleteUserPermissionsBoundary', 'iam:DeleteRolePermissionsBoundary', 'iam:CreateRole'],
    ...['iam:AddUserToGroup', 'iam:CreatePolicyVersion', 'ssm:SendCommand'],
    ...['entryway:SetClusterIssuer', 'eks-auth:AssumeRoleForPodIdentity'],
  ];
  const own = () => {
    const statements = some(actions, 0.12).map((Action) => ({
      ...{ Effect: next() < 0.85 ? 'Allow' : 'Deny', Action, Resource: pick(['*', '*', ...arns]) },
      ...(next() < 0.2 && { Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } }),
    }));
    return statements.length === 0 ? {} : { own: policy(...statements) };
  };
  const statementOf = (Action = '*') => ({ Effect: 'Allow', Action, Resource: '*' });
  const trust = () => {
    const sub = `system:serviceaccount:${pick(['team:a', 'team:*', 'kube-system:c'])}`;
    return pick([
      policy({
        Effect: 'Allow',
        Principal: { AWS: pick([...arns, testArn('root')]) },
        Action: 'sts:AssumeRole',
      }),
      policy({
        Effect: 'Allow',
        Principal: { AWS: some(arns, 0.4).concat(testArn('role/r1')) },
        Action: 'sts:AssumeRole',
      }),
      policy({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }),
      policy({
        ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
        Condition: { StringLike: { 'oidc.eks.us-east-1.amazonaws.com/id/ABC:sub': sub } },
      }),
      policy({
        ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
        Action: pick(['sts:AssumeRole', 'sts:*']),
        ...(next() < 0.3 && {
          Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': pick(['team', 'other']) } },
        }),
      }),
    ]);
  };
  const grants = [
    allow('create', 'core', 'serviceaccounts/token'),
    allow('create', 'core', 'pods'),
    allow('get create', 'core', 'secrets'),
    allow('create', 'core', 'pods/exec'),
    allow('impersonate', 'core', 'users groups'),
    allow('patch escalate', rbac, 'roles clusterroles'),
    allow('patch', 'core', 'configmaps', 'aws-auth'),
    allow('get', 'core', 'pods'),
    allow('create bind', rbac, 'clusterrolebindings rolebindings clusterroles'),
    allow('impersonate:user-info impersonate:serviceaccount', 'authentication.k8s.io', '*'),
    allow('*', '*', '*'),
  ];
  const bearers = [
    'User:eve',
    'Group:ops',
    'Group:devs',
    ...accounts.map((name) => `ServiceAccount:${name}`),
  ];
  const objects: RbacObject[] = some(grants, 0.5).flatMap((rule, at) =>
    testGrant(`g${at}`, pick(bearers), [rule], pick(['', 'team', 'kube-system'])),
  );
  const limits = testArn('policy/limits');
  const bounded = () => (next() < 0.2 ? { permissionsBoundaryArn: limits } : {});
  const { world } = testWorld({
    account: {
      users: users.map((name) => testUser(name, { inlinePolicies: own(), ...bounded() })),
      roles: roles.map((name) =>
        testRole(name, { inlinePolicies: own(), trustPolicy: trust(), ...bounded() }),
      ),
      ...(next() < 0.7 && { oidcProviders: [testProvider(host, some(['sts.amazonaws.com', 'vault'], 0.8))] }),
      groups: [{ arn: testArn('group/g'), name: 'g', inlinePolicies: own(), attachedPolicyArns: [] }],
      managedPolicies: [
        { arn: limits, document: pick([policy(statementOf()), policy(statementOf('iam:*'))]) },
      ],
    },
    cluster: {
      rbac: objects,
      serviceAccounts: named.map((account) => ({
        ...account,
        ...(next() < 0.3 && { roleArn: pick(roleArns) }),
        ...(next() < 0.1 && { audience: 'vault' }),
      })),
      ...(next() < 0.6 && { issuer: `https://${pick([host, host, `${host}2`, 'k.example.com'])}` }),
      ...(next() < 0.6 && {
        podIdentityAssociations: named
          .filter(() => next() < 0.5)
          .map(({ namespace, name }) =>
            testAssociation(pick(roleArns), {
              ...{ namespace, serviceAccount: name, disableSessionTags: next() < 0.5 },
              ...(next() < 0.3 && { targetRoleArn: pick(roleArns) }),
              ...(next() < 0.2 && { policy: policy(statementOf()) }),
            }),
          ),
      }),
      pods: named
        .filter(() => next() < 0.3)
        .map(({ namespace, name }) => ({
          ...{ namespace, name, serviceAccount: name, nodeName: 'n', hostNetwork: next() < 0.3 },
          injectedPodIdentity: false,
        })),
      accessEntries: some(arns, 0.4).map((arn) =>
        testEntry(arn, next() < 0.3 ? { AmazonEKSEditPolicy: ['team'] } : {}, {
          ...(arn.includes(':role/') && next() < 0.2
            ? {
                type: 'EC2_LINUX',
                username: 'system:node:{{EC2PrivateDNSName}}',
                kubernetesGroups: ['system:nodes'],
              }
            : { kubernetesGroups: some(['ops', 'devs'], 0.5) }),
        }),
      ),
      authenticationMode: pick(['API', 'API_AND_CONFIG_MAP', 'CONFIG_MAP']),
    },
  });
  return world;
}

const told = (round: number, chain: ReachChain): string =>
  `seed ${seed}, round ${round}: ${nodeKey(chain.from)} ${chain.steps.map(({ code, to }) => `${code} ${nodeKey(to)}`).join(', ')}`;

/** Steps that follow from what the ends are. */
const withoutPermission = new Set<StepCode>(['actAsAdmin', 'nodePods', 'nodeRole']);

/** What a chain says holds, by those who decide. */
function checkChain(world: World, chain: ReachChain, why: string): void {
  const { from, steps } = chain;
  let at = nodeKey(from);
  const seen = new Set([at]);
  for (const step of steps) {
    expect(nodeKey(step.from), why).toBe(at);
    at = nodeKey(step.to);
    expect(seen.has(at), why).toBe(false);
    seen.add(at);
    expect(step.conditions.length > 0, why).toBe(step.certainty === 'sometimes');
    if (!withoutPermission.has(step.code)) expect(step.evidence.length, why).toBeGreaterThan(0);
    for (const evidence of step.evidence) {
      if (evidence.kind === 'iam') {
        expect(evidence.decision.decision, why).toBe('allowed');
        continue;
      }
      const cluster = world.clusters.find(({ cluster: { arn } }) => arn === evidence.clusterArn);
      const subject = 'subject' in step.from ? step.from.subject : undefined;
      expect(subject && cluster?.can(subject, evidence.question).allowed, why).toBe(true);
    }
  }
  expect(chain.certainty, why).toBe(
    steps.every(({ certainty }) => certainty === 'always') ? 'always' : 'sometimes',
  );
}

test(
  'every chain is real step by step, ends, and is found as short from either end',
  () => {
    const any = seededRandom(seed);
    let chains = 0;
    for (let round = 0; round < rounds; round++) {
      const world = randomWorld(any);
      const [cluster] = world.clusters;
      if (cluster === undefined) throw new Error('there is a cluster');
      const clusterArn = cluster.cluster.arn;
      const nodes: readonly ReachNode[] = [
        ...cluster.subjects().map((subject) => nodeOf(subject, clusterArn)),
        { kind: 'clusterAdmin', clusterArn },
        nodeOf(nodesGroup, clusterArn),
      ];
      const reach = createReach(world);
      // The clusters' administrators are targets with it, so that it is compared by itself.
      const forward = new Map(
        nodes.map((from) => [
          nodeKey(from),
          new Map(reach.stepsFrom(from).map((chain) => [nodeKey(chain.steps.at(-1)?.to ?? from), chain])),
        ]),
      );
      for (const target of nodes) {
        if (target.kind === 'clusterAdmin') continue;
        const backward = reach.stepsTo([target]);
        const lengths = Object.fromEntries(backward.map(({ from, steps }) => [nodeKey(from), steps.length]));
        const expected = nodes.flatMap((from) => {
          const chain = forward.get(nodeKey(from))?.get(nodeKey(target));
          return chain === undefined || from.kind === 'clusterAdmin'
            ? []
            : [[nodeKey(from), chain.steps.length] as const];
        });
        expect(lengths, `seed ${seed}, round ${round}, to ${nodeKey(target)}`).toEqual(
          Object.fromEntries(expected),
        );
        for (const chain of backward) {
          checkChain(world, chain, told(round, chain));
          expect(nodeKey(chain.steps.at(-1)?.to ?? target)).toBe(nodeKey(target));
          chains++;
        }
      }
      for (const from of forward.values())
        for (const chain of from.values()) checkChain(world, chain, told(round, chain));
    }
    expect(chains, `seed ${seed}`).toBeGreaterThan(rounds * 10);
  },
  30_000 + rounds * 1000,
);
