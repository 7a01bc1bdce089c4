import { policyText } from '../iamworld/testworld.ts';
import type { SnapshotAccount, SnapshotCluster, SnapshotPod } from '../snapshot/snapshot.ts';
import { testArn, testProvider, testRole, testSnapshot } from '../testworld.ts';
import { createWorld, type World } from '../world/world.ts';
import { explainPod, type PodExplanation } from './explainpod.ts';
import type { Call } from './walk.ts';
import { parseWorkload } from './workload.ts';

export const issuerHost = 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123';
export const providerArn = testArn(`oidc-provider/${issuerHost}`);
export const app = testArn('role/app');
export const getObject: Call = { action: 's3:GetObject', resource: 'arn:aws:s3:::reports/today' };

/** A trust policy for tokens: of these subjects, where any are given. */
export const irsaTrust = (sub?: string, operator = 'StringEquals', host = issuerHost): string =>
  policyText({
    Effect: 'Allow',
    Principal: { Federated: testArn(`oidc-provider/${host}`) },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com' },
      ...(sub !== undefined &&
        (operator === 'StringEquals'
          ? { StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com', [`${host}:sub`]: sub } }
          : { [operator]: { [`${host}:sub`]: sub } })),
    },
  });
/** A trust policy for Pod Identity. */
export const podTrust = (
  more: object = {},
  Action: readonly string[] = ['sts:AssumeRole', 'sts:TagSession'],
) => policyText({ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action, ...more });
export const reads = { reads: policyText({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }) };
export const account = { namespace: 'dev', name: 'api' };
export const sub = 'system:serviceaccount:dev:api';

export const testPod = (change: Partial<SnapshotPod> = {}): SnapshotPod => ({
  ...{ namespace: 'dev', name: 'web', serviceAccount: 'api', nodeName: 'node-1' },
  ...{ hostNetwork: false, injectedPodIdentity: false },
  ...change,
});

export const association = {
  ...{ associationId: 'a-0123456789abcdefg', namespace: 'dev', serviceAccount: 'api', roleArn: app },
  disableSessionTags: false,
};

/** A cluster with an issuer that the account knows, service account `dev/api`, and role `app` that may read. */
export function podWorld(
  role: Parameters<typeof testRole>[1],
  cluster: Partial<SnapshotCluster> = {},
  change: Partial<SnapshotAccount> & Pick<Parameters<typeof testSnapshot>[0] & object, 'gaps'> = {},
): World {
  const { gaps, ...more } = change;
  return createWorld(
    testSnapshot({
      account: {
        roles: [testRole('app', { inlinePolicies: reads, ...role })],
        oidcProviders: [testProvider(issuerHost)],
        ...more,
      },
      cluster: {
        ...{ issuer: `https://${issuerHost}`, serviceAccounts: [account] },
        ...{ podIdentityAssociations: [], pods: [], namespaces: ['dev'] },
        ...cluster,
      },
      ...(gaps && { gaps }),
    }),
  );
}

export function explainIn(
  world: World,
  {
    who = 'dev/api',
    call = getObject,
    isAccount = false,
  }: { readonly who?: string; readonly call?: Call; readonly isAccount?: boolean } = {},
): PodExplanation {
  const [asked] = world.clusters;
  if (asked === undefined) throw new Error('a test world has one cluster');
  const { cluster } = asked;
  const workload = parseWorkload(who, { cluster, snapshot: world.snapshot }, { isAccount });
  return explainPod(world, cluster, workload, call);
}

/** `certainty: outcome of the steps`, and the code of the last that is not passed. */
export function inShort({ certainty, steps }: PodExplanation): string {
  const stopped = steps.find(({ outcome }) => outcome !== 'passed');
  return stopped === undefined ? certainty : `${certainty} ${stopped.step} ${stopped.code}`;
}
