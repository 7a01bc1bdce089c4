import { Misasked } from '../ask/misasked.ts';
import { nearest } from '../policylint/patterns.ts';
import type {
  Snapshot,
  SnapshotCluster,
  SnapshotPod,
  SnapshotPodIdentityAssociation,
  SnapshotServiceAccount,
} from '../snapshot/snapshot.ts';

/** A service account whose pods call AWS, and the one pod that is meant. */
export interface Workload {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent: any pod of the account that is made now. */
  readonly pod?: SnapshotPod;
  /** `unknown`: the list was not read, or not wholly, and does not have it. */
  readonly standing: 'exists' | 'missing' | 'unknown';
}

/**
 * Whom `NAMESPACE/NAME` means: a pod of that name, else a service account; `ServiceAccount:NAMESPACE/NAME` and `isAccount`
 * the account alone. Throws Misasked for a name that nothing has, with the one that was probably meant.
 */
export function parseWorkload(
  text: string,
  { cluster, snapshot }: { readonly cluster: SnapshotCluster; readonly snapshot: Pick<Snapshot, 'gaps'> },
  { isAccount }: { readonly isAccount: boolean },
): Workload {
  const [, prefix, namespace = '', name = ''] =
    /^(ServiceAccount:)?([^/:]+)[/:]([^/:]+)$/.exec(
      text.replace(/^system:serviceaccount:/, 'ServiceAccount:'),
    ) ?? [];
  if (!isName(namespace) || !isName(name))
    throw new Misasked(`\`${text}\` is no pod and no service account`, 'write it as NAMESPACE/NAME');
  const isPod = !isAccount && prefix === undefined;
  const pod = isPod
    ? cluster.pods?.find((one) => one.namespace === namespace && one.name === name)
    : undefined;
  if (pod !== undefined) {
    if (!isName(pod.serviceAccount))
      throw new Misasked(
        `pod \`${text}\` runs as \`${pod.serviceAccount}\`, which is no name of a service account`,
      );
    const standing = standingOf(cluster, snapshot, { namespace, name: pod.serviceAccount });
    return { namespace, serviceAccount: pod.serviceAccount, pod, standing };
  }
  const standing = standingOf(cluster, snapshot, { namespace, name });
  const account = { namespace, serviceAccount: name, standing } as const;
  // An association may come before its service account (eks-access-facts J5).
  if (standing !== 'missing' || associationOf(cluster, account) !== undefined) return account;
  if (isPod && !isRead(cluster, snapshot, 'pods')) return { ...account, standing: 'unknown' };
  throw new Misasked(
    isPod
      ? `there is no pod and no service account \`${name}\` in namespace \`${namespace}\``
      : `there is no service account \`${name}\` in namespace \`${namespace}\``,
    hint(cluster, `${namespace}/${name}`, isPod),
  );
}

/** SECURITY: what files call a service account stands in commands to be pasted, and must not be read as an option there. */
function isName(text: string): boolean {
  return /^[a-z0-9][-a-z0-9.]*$/.test(text);
}

/** The Pod Identity association of the account; undefined where there is none, or none is known. */
export function associationOf(
  { podIdentityAssociations = [] }: SnapshotCluster,
  { namespace, serviceAccount }: Pick<Workload, 'namespace' | 'serviceAccount'>,
): SnapshotPodIdentityAssociation | undefined {
  return podIdentityAssociations.find(
    (one) => one.namespace === namespace && one.serviceAccount === serviceAccount,
  );
}

/** The account as it was read. */
export function accountOf(
  { serviceAccounts = [] }: SnapshotCluster,
  { namespace, serviceAccount }: Pick<Workload, 'namespace' | 'serviceAccount'>,
): SnapshotServiceAccount | undefined {
  return serviceAccounts.find((one) => one.namespace === namespace && one.name === serviceAccount);
}

/** Whether all of it was read: then what is not there does not exist. */
export function isRead(
  { arn, ...cluster }: SnapshotCluster,
  { gaps }: Pick<Snapshot, 'gaps'>,
  area: 'pods' | 'podIdentity' | 'serviceAccounts',
): boolean {
  const list = {
    pods: 'pods',
    podIdentity: 'podIdentityAssociations',
    serviceAccounts: 'serviceAccounts',
  } as const;
  return (
    cluster[list[area]] !== undefined &&
    !gaps.some((gap) => gap.area === area && (gap.clusterArn === undefined || gap.clusterArn === arn))
  );
}

function standingOf(
  cluster: SnapshotCluster,
  snapshot: Pick<Snapshot, 'gaps'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Workload['standing'] {
  if (accountOf(cluster, { namespace, serviceAccount: name }) !== undefined) return 'exists';
  return isRead(cluster, snapshot, 'serviceAccounts') ? 'missing' : 'unknown';
}

function hint({ pods = [], serviceAccounts = [] }: SnapshotCluster, wanted: string, isPod: boolean): string {
  const names = [...(isPod ? pods : []), ...serviceAccounts].map((one) => `${one.namespace}/${one.name}`);
  const near = nearest(wanted, names);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  const [namespace = ''] = wanted.split('/');
  const what = isPod ? 'pods,serviceaccounts' : 'serviceaccounts';
  return `list them with: kubectl -n ${/^[a-z0-9.-]+$/.test(namespace) ? namespace : 'NAMESPACE'} get ${what}`;
}
