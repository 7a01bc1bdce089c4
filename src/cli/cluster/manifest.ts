import { dnsLabelFindings } from '../../wire/kube/names.ts';
import { CommandError } from '../failure.ts';

/** Prints what `clusterManifest` makes. */
export function printManifest({ namespace }: { readonly namespace: string }): void {
  if (namespace === '' || dnsLabelFindings(namespace).length > 0) {
    throw new CommandError('misuse', `\`${namespace}\` is no name of a namespace`);
  }
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
#   umask 077
#   FILE=follower.kubeconfig
#   kubectl config view --minify --raw --flatten \\
#     -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > $FILE.ca
#   TOKEN="$(kubectl -n ${namespace} get secret entryway-follower -o jsonpath='{.data.token}' | base64 -d)"
#   SERVER="$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')"
#   kubectl --kubeconfig $FILE config set-cluster main --server "$SERVER" --certificate-authority $FILE.ca --embed-certs
#   kubectl --kubeconfig $FILE config set-credentials follower --token "$TOKEN"
#   kubectl --kubeconfig $FILE config set-context main --cluster main --user follower
#   kubectl --kubeconfig $FILE config use-context main
#   entryway cluster connect NAME --kubeconfig $FILE
#   rm $FILE $FILE.ca
#
# The server must be able to reach the address in it: that of kind and minikube is only this machine's.
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
