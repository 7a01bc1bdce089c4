/** Prints what `clusterManifest` makes. */
export function printManifest({ namespace }: { readonly namespace: string }): void {
  process.stdout.write(clusterManifest(namespace));
}

/**
 * Everything the server needs in a connected cluster to follow it, as YAML for `kubectl apply -f -`, and no more: it reads
 * RBAC, namespaces, service accounts and the one ConfigMap aws-auth. No Secret can be read with it.
 */
export function clusterManifest(namespace: string): string {
  return `# What Entryway needs to follow this cluster: it reads RBAC, namespaces, service accounts and aws-auth, and nothing else.
#
#   entryway cluster manifest | kubectl apply -f -
#
# Then make a kubeconfig of its token, and connect:
#
#   kubectl config view --minify --raw --flatten > follower.kubeconfig
#   export KUBECONFIG=follower.kubeconfig
#   kubectl config set-credentials entryway-follower --token="$(env -u KUBECONFIG kubectl -n ${namespace} \\
#     get secret entryway-follower -o jsonpath='{.data.token}' | base64 -d)"
#   kubectl config set-context --current --user=entryway-follower
#   entryway cluster connect NAME --kubeconfig follower.kubeconfig
#   rm follower.kubeconfig
#
# To undo it: \`entryway cluster disconnect NAME\`, and delete these objects.
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: entryway-follower
  namespace: ${namespace}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: entryway-follower
rules:
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [clusterroles, clusterrolebindings, roles, rolebindings]
    verbs: [get, list, watch]
  - apiGroups: [""]
    resources: [namespaces, serviceaccounts]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: entryway-follower
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: entryway-follower
subjects:
  - kind: ServiceAccount
    name: entryway-follower
    namespace: ${namespace}
---
# Of ConfigMaps this one only: a list or watch of it must name it (fieldSelector metadata.name=aws-auth), as Entryway does.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: entryway-follower
  namespace: kube-system
rules:
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: [aws-auth]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: entryway-follower
  namespace: kube-system
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: entryway-follower
subjects:
  - kind: ServiceAccount
    name: entryway-follower
    namespace: ${namespace}
---
# A token that does not end. Kubernetes fills it in; delete the Secret to withdraw it.
apiVersion: v1
kind: Secret
metadata:
  name: entryway-follower
  namespace: ${namespace}
  annotations:
    kubernetes.io/service-account.name: entryway-follower
type: kubernetes.io/service-account-token
`;
}
