import type { Gap, Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';

/** Services of which the snapshot has everything that can allow or deny. */
const wholeServices: ReadonlySet<string> = new Set(['iam', 'sts', 'eks', 'eks-auth', 'entryway']);

/** What the answer leaves out, about any call of the action; one line each. */
export function actionNotes(action: string): readonly string[] {
  const service = action.slice(0, action.indexOf(':')).toLowerCase();
  return wholeServices.has(service)
    ? []
    : [
        `policies of \`${service}\` resources themselves (as of a bucket, a key or a queue) are in no snapshot: they may allow more, or deny it`,
      ];
}

/** What containers find that are told nothing. */
export const fallbackNote =
  "an SDK that is told nothing asks the node's instance metadata: where the pod can reach that, it calls as the node's role, which is not judged here";

/** EKS's agent runs on no node of Fargate (eks-access-facts J21), whose names tell. */
export function nodeNotes(mechanism: string | undefined, nodeName: string | undefined): readonly string[] {
  return mechanism === 'podIdentity' && nodeName?.startsWith('fargate-') === true
    ? [
        `node \`${nodeName}\` looks like one of Fargate, where EKS has no agent of Pod Identity: use IRSA there`,
      ]
    : [];
}

/** What was not read and may change the answer: of the clusters, and of the IAM of the accounts. */
export function workloadGaps(
  { gaps }: Pick<Snapshot, 'gaps'>,
  clusters: readonly Pick<SnapshotCluster, 'arn' | 'accountId'>[],
  accountIds: Iterable<string>,
): readonly Gap[] {
  const accounts = new Set([...clusters.map(({ accountId }) => accountId), ...accountIds]);
  const arns = new Set(clusters.map(({ arn }) => arn));
  return gaps.filter(
    ({ area, clusterArn, accountId }) =>
      areas.has(area) &&
      (clusterArn === undefined || arns.has(clusterArn)) &&
      (accountId === undefined || accounts.has(accountId)),
  );
}

const areas: ReadonlySet<Gap['area']> = new Set([
  ...(['cluster', 'serviceAccounts', 'podIdentity', 'pods', 'iam', 'blocks', 'file'] as const),
]);
