import { expect, test } from 'vitest';
import { policyText as policy, statement } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testArn, testAssociation, testRole, testUser, testWorld } from '../testworld.ts';
import { createReach } from './reach.ts';
import { firstStep } from './testworld.ts';

const app = testArn('role/app');
const ada = testArn('user/ada');
const both = ['entryway:SetClusterIssuer', 'eks-auth:AssumeRoleForPodIdentity'];
const trust = (Service: string) =>
  policy({ Effect: 'Allow', Principal: { Service }, Action: ['sts:AssumeRole', 'sts:TagSession'] });

test.for<[string, string | undefined, string[], Partial<SnapshotCluster>, string?]>([
  ['may not ask EKS Auth', undefined, ['entryway:SetClusterIssuer'], {}],
  ['may not set the issuer', undefined, ['eks-auth:AssumeRoleForPodIdentity'], {}],
  ['nothing is associated', undefined, both, { podIdentityAssociations: [] }],
  ['the role does not trust', undefined, both, {}, 'ec2.amazonaws.com'],
  [
    'the issuer is EKS’s',
    undefined,
    both,
    { issuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123' },
  ],
  ['nobody told the issuer', 'setClusterIssuer sometimes', both, {}],
  ['an issuer that somebody set', 'setClusterIssuer sometimes', both, { issuer: 'https://k.example.com' }],
])(
  'by a token of its own making to the role of an association: %s',
  ([, expected, actions, change, service]) => {
    const what = {
      account: {
        users: [testUser('ada', { inlinePolicies: { own: policy(statement('Allow', actions)) } })],
        roles: [testRole('app', { trustPolicy: trust(service ?? 'pods.eks.amazonaws.com') })],
      },
      cluster: { podIdentityAssociations: [testAssociation(app)], ...change },
    };
    expect(firstStep(`iam:${app}`, `iam:${ada}`, what)).toBe(expected);
    const { world, cluster } = testWorld(what);
    const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.arn === ada);
    if (subject?.kind !== 'iam') throw new Error('Ada is there');
    const forward = createReach(world).stepsFrom({ kind: 'iam', subject }, { maxSteps: 1 });
    expect(forward.map(({ steps: [{ code, certainty }] }) => `${code} ${certainty}`)).toEqual(
      expected === undefined ? [] : [expected],
    );
  },
);
