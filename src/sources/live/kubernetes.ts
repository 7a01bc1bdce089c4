import type { KubeConfig } from '@kubernetes/client-node';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import { asPrinted, type Fetching, failureText } from './fetched.ts';

const pageSize = 500;

/** Which API server a kubeconfig's context means. */
export interface KubernetesServer {
  /** Name of the cluster in the kubeconfig. */
  readonly name: string;
  readonly server: string;
}

/** Reads a kubeconfig as kubectl does; undefined when none is there or it has no such context. */
export async function openKubeconfig(options: {
  readonly kubeconfig?: string;
  readonly context?: string;
}): Promise<{ readonly config: KubeConfig; readonly cluster: KubernetesServer } | undefined> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const cluster = config.getCurrentCluster();
  return cluster === null ? undefined : { config, cluster: { name: cluster.name, server: cluster.server } };
}

interface Page {
  readonly items: readonly object[];
  readonly metadata?: { readonly _continue?: string };
}

/**
 * Lists what grants, a page at a time; nothing is written and nothing is watched.
 *
 * SECURITY: of ConfigMaps only aws-auth is read, and no Secret: others may hold anything.
 */
export async function fetchKubernetes(
  config: KubeConfig,
  /** Undefined: a cluster EKS does not know. */
  clusterArn: string | undefined,
  { take, miss, progress }: Fetching,
): Promise<void> {
  const { CoreV1Api, RbacAuthorizationV1Api } = await import('@kubernetes/client-node');
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const core = config.makeApiClient(CoreV1Api);
  type Query = { readonly limit: number; readonly _continue?: string };
  const lists: readonly (readonly [
    kind: string,
    plural: string,
    area: Gap['area'],
    list: (query: Query) => Promise<Page>,
  ])[] = [
    ['ClusterRole', 'clusterroles', 'rbac', (query) => rbac.listClusterRole(query)],
    ['Role', 'roles', 'rbac', (query) => rbac.listRoleForAllNamespaces(query)],
    ['ClusterRoleBinding', 'clusterrolebindings', 'rbac', (query) => rbac.listClusterRoleBinding(query)],
    ['RoleBinding', 'rolebindings', 'rbac', (query) => rbac.listRoleBindingForAllNamespaces(query)],
    ['Namespace', 'namespaces', 'namespaces', (query) => core.listNamespace(query)],
    [
      'ServiceAccount',
      'serviceaccounts',
      'serviceAccounts',
      (query) => core.listServiceAccountForAllNamespaces(query),
    ],
  ];
  const of = clusterArn === undefined ? {} : { clusterArn };
  let done = 0;
  for (const [kind, plural, area, list] of lists) {
    const items: unknown[] = [];
    let isWhole = false;
    try {
      let next: string | undefined;
      do {
        const page = await list({ limit: pageSize, ...(next !== undefined && { _continue: next }) });
        for (const item of page.items) items.push(withKind(kind, item));
        next = page.metadata?._continue;
      } while (next !== undefined && next !== '');
      isWhole = true;
    } catch (error) {
      miss({ area, ...of, reason: `${plural} cannot be listed: ${failureText(error)}` });
    }
    // An empty list says that there are none; one that failed says nothing.
    if (isWhole || items.length > 0) {
      const value = { apiVersion: apiVersionOf(kind), kind: `${kind}List`, items };
      take({ from: `kubectl get ${plural} --all-namespaces -o json`, value });
    }
    progress('the cluster', ++done, lists.length + 1);
  }
  const awsAuth = { namespace: 'kube-system', name: 'aws-auth' };
  try {
    const object = await core.readNamespacedConfigMap(awsAuth);
    take({
      from: 'kubectl get configmap aws-auth -n kube-system -o json',
      value: withKind('ConfigMap', object),
    });
  } catch (error) {
    if (statusOf(error) !== 404) {
      miss({ area: 'awsAuth', ...of, reason: `aws-auth cannot be read: ${failureText(error)}` });
    }
  }
  progress('the cluster', lists.length + 1, lists.length + 1);
}

/** Items of a list come without what they are. */
function withKind(kind: string, item: object): unknown {
  return { apiVersion: apiVersionOf(kind), kind, ...(asPrinted(item) as object) };
}

function apiVersionOf(kind: string): string {
  return /Role/.test(kind) ? 'rbac.authorization.k8s.io/v1' : 'v1';
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
