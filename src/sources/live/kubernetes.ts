import type { KubeConfig } from '@kubernetes/client-node';
import { asObject } from '../../access/json.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import { readPod } from '../podcredentials.ts';
import { asPrinted, createCaller, type Fetching, httpStatusOf } from './fetched.ts';
import { type ListPage, readList } from './lists.ts';

/** Which API server a kubeconfig's context means. */
export interface KubernetesServer {
  /** Name of the cluster in the kubeconfig. */
  readonly name: string;
  readonly server: string;
}

/** Reads a kubeconfig as kubectl does; undefined when none is there. Throws where it has no such context. */
export async function openKubeconfig(options: {
  readonly kubeconfig?: string;
  readonly context?: string;
}): Promise<{ readonly config: KubeConfig; readonly cluster: KubernetesServer } | undefined> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  const wanted = options.context ?? config.getCurrentContext();
  const names = config.getContexts().map(({ name }) => name);
  if (options.context !== undefined && !names.includes(options.context)) {
    const there = names.length === 0 ? 'has none' : `has ${names.map((name) => `\`${name}\``).join(', ')}`;
    throw new Error(`there is no context \`${options.context}\`: the kubeconfig ${there}`);
  }
  config.setCurrentContext(wanted);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    if (wanted === '' || wanted === undefined) return undefined;
    throw new Error(`its context \`${wanted}\` names a cluster that it does not have`);
  }
  // The client makes one up for this machine where there is no kubeconfig at all.
  if (cluster.server === 'http://localhost:8080') return undefined;
  return { config, cluster: { name: cluster.name, server: cluster.server } };
}

/**
 * Lists what grants, a page at a time; nothing is written and nothing is watched. An API server that does not answer is given
 * up by the client itself after five minutes, and is then asked nothing more.
 *
 * SECURITY: of ConfigMaps only aws-auth is read, and no Secret: others may hold anything.
 */
export async function fetchKubernetes(
  config: KubeConfig,
  /** Undefined: a cluster EKS does not know. */
  clusterArn: string | undefined,
  { take, tell, miss, progress }: Fetching,
): Promise<void> {
  const { CoreV1Api, RbacAuthorizationV1Api } = await import('@kubernetes/client-node');
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const core = config.makeApiClient(CoreV1Api);
  const lists: readonly (readonly [kind: string, plural: string, area: Gap['area'], list: ListPage])[] = [
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
  const ask = createCaller();
  /** Of each page only what matters is kept: there may be tens of thousands. */
  const fetchPods = async (): Promise<void> => {
    const from = 'kubectl get pods --all-namespaces -o json';
    let count = 0;
    try {
      await readList((query) => core.listPodForAllNamespaces(query), ask, {
        add(items) {
          for (const item of items) {
            const { namespace, name } = asObject(asObject(item)?.metadata) ?? {};
            if (typeof namespace !== 'string' || typeof name !== 'string') continue;
            tell(from, { fact: 'pod', cluster: {}, pod: readPod({ namespace, name }, item) });
          }
          count += items.length;
          progress('pods', count, undefined);
        },
      });
      tell(from, { fact: 'allPods', cluster: {} });
    } catch (error) {
      miss({
        ...{ area: 'pods', ...of, attempt: 'pods cannot be listed', error },
        ...hintOf(error, 'a ClusterRole with the verb `list` on `pods`'),
      });
    }
  };
  let done = 0;
  for (const [kind, plural, area, list] of lists) {
    const items: object[] = [];
    let isWhole = false;
    try {
      await readList(list, ask, {
        add: (more) => {
          for (const item of more) items.push(item);
          progress(plural, items.length, undefined);
        },
        startAnew() {
          items.length = 0;
        },
      });
      isWhole = true;
    } catch (error) {
      const resource = /Role/.test(kind) ? `${plural}.rbac.authorization.k8s.io` : plural;
      miss({
        ...{ area, ...of, attempt: `${resource} cannot be listed`, error },
        ...hintOf(error, `a ClusterRole with the verb \`list\` on \`${resource}\``),
      });
    }
    // An empty list says that there are none; one that failed says only what came before.
    if (isWhole || items.length > 0) {
      take({
        from: `kubectl get ${plural} --all-namespaces -o json`,
        value: {
          ...{ apiVersion: apiVersionOf(kind), kind: `${kind}List` },
          items: items.map((item) => withKind(kind, item)),
        },
      });
    }
    progress('lists of the cluster', ++done, lists.length + 2);
  }
  await fetchPods();
  progress('lists of the cluster', ++done, lists.length + 2);
  const awsAuth = { namespace: 'kube-system', name: 'aws-auth' };
  const from = 'kubectl get configmap aws-auth -n kube-system -o json';
  try {
    const object = await ask(() => core.readNamespacedConfigMap(awsAuth));
    take({ from, value: withKind('ConfigMap', object) });
  } catch (error) {
    if (httpStatusOf(error) === 404) {
      // None is an answer: it maps nobody.
      const nobody = { roles: [], users: [], accounts: [] };
      tell(from, { fact: 'awsAuth', cluster: {}, awsAuth: nobody, isAll: true });
    } else {
      miss({
        ...{ area: 'awsAuth', ...of, attempt: 'aws-auth cannot be read', error },
        ...hintOf(
          error,
          'a Role in `kube-system` with the verb `get` on `configmaps` of the name `aws-auth`',
        ),
      });
    }
  }
  progress('lists of the cluster', lists.length + 2, lists.length + 2);
}

function hintOf(error: unknown, right: string): { readonly hint?: string } {
  switch (httpStatusOf(error)) {
    case 401:
      return {
        hint: 'the API server does not know the user of the kubeconfig: does `kubectl auth whoami` work?',
      };
    case 403:
      return { hint: `whoever reads needs ${right}` };
    default:
      return {};
  }
}

/** Items of a list come without what they are. */
function withKind(kind: string, item: object): object {
  return { apiVersion: apiVersionOf(kind), kind, ...asPrinted(item) };
}

function apiVersionOf(kind: string): string {
  return /Role/.test(kind) ? 'rbac.authorization.k8s.io/v1' : 'v1';
}
