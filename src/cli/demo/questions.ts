/** The dozen requests every demo principal is asked to make, as `kubectl` would be typed and as HTTP. */
export interface Question {
  readonly command: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

export const questions: readonly Question[] = [
  { command: 'kubectl get pods -n team-a', method: 'GET', path: '/api/v1/namespaces/team-a/pods' },
  { command: 'kubectl get pods -n team-b', method: 'GET', path: '/api/v1/namespaces/team-b/pods' },
  { command: 'kubectl get pods -A', method: 'GET', path: '/api/v1/pods' },
  {
    command: 'kubectl get secret shop-database -n team-a',
    method: 'GET',
    path: '/api/v1/namespaces/team-a/secrets/shop-database',
  },
  {
    command: 'kubectl scale deployment shop -n team-a',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/team-a/deployments/shop/scale?dryRun=All',
    contentType: 'application/merge-patch+json',
    body: { spec: { replicas: 3 } },
  },
  {
    command: 'kubectl create configmap note -n team-a',
    method: 'POST',
    path: '/api/v1/namespaces/team-a/configmaps?dryRun=All',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'note' }, data: { by: 'demo' } },
  },
  {
    command: 'kubectl create configmap note -n team-b',
    method: 'POST',
    path: '/api/v1/namespaces/team-b/configmaps?dryRun=All',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'note' }, data: { by: 'demo' } },
  },
  {
    command: 'kubectl get deployments -n team-b',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/team-b/deployments',
  },
  {
    command: 'kubectl delete deployment billing -n team-b',
    method: 'DELETE',
    path: '/apis/apps/v1/namespaces/team-b/deployments/billing?dryRun=All',
  },
  { command: 'kubectl get nodes', method: 'GET', path: '/api/v1/nodes' },
  {
    command: 'kubectl get clusterroles',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  },
  {
    command: 'kubectl create namespace team-c',
    method: 'POST',
    path: '/api/v1/namespaces?dryRun=All',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-c' } },
  },
];
