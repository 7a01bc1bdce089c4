import { stringify } from 'yaml';
import { apiServerFlags } from './flags.ts';
import { type BundleInput, webhookFolder } from './input.ts';
import { apiServerVolume } from './kubeadm.ts';
import { onTheCluster, type Recipe, yamlFile } from './recipe.ts';

const folder = '/etc/kubernetes/entryway';

/**
 * A patch without apiVersion applies to whichever version of kubeadm's configuration kind writes: v1beta3 up to
 * Kubernetes 1.35, and v1beta4 from 1.36, for which kind turns the map into its list (kubernetes-sigs/kind pull 4173).
 */
export function kind(input: BundleInput): Recipe {
  const name = nodeName(input.clusterName);
  const patch = {
    kind: 'ClusterConfiguration',
    apiServer: { extraArgs: apiServerFlags(input, folder), extraVolumes: [apiServerVolume(folder)] },
  };
  return {
    folder,
    files: [
      yamlFile(
        'kind.yaml',
        ['For `kind create cluster --config kind.yaml`; add nodes and what else your cluster has.'],
        {
          kind: 'Cluster',
          apiVersion: 'kind.x-k8s.io/v1alpha4',
          name,
          kubeadmConfigPatches: [stringify(patch, { lineWidth: 0 })],
          nodes: [
            {
              role: 'control-plane',
              extraMounts: [
                { hostPath: `${input.directory}/${webhookFolder}`, containerPath: folder, readOnly: true },
              ],
            },
          ],
        },
      ),
    ],
    install: [
      'kind sets flags of the API server when it creates a cluster, not later. Create it with this file:',
      onTheCluster('kind create cluster --config kind.yaml'),
      'Merge `kubeadmConfigPatches` and the `extraMounts` of each control-plane node into a configuration that you have.',
    ].join('\n\n'),
    undo: [
      'Delete the cluster and create it without the patch:',
      onTheCluster(`kind delete cluster --name ${name}`),
    ].join('\n\n'),
    notes: [
      'The API server runs in a container: 127.0.0.1 is the container there. Make the bundle with `--address`, the address of the host on kind’s network: `docker network inspect kind`, the IPv4 gateway. On Docker Desktop it is `host.docker.internal`.',
      'Entryway has to listen on that address: `entryway serve --webhook-listen 0.0.0.0:4745 --allow-remote`, or the address itself in place of 0.0.0.0.',
      'Keep this folder where it is: the nodes mount it. A node that is started again reads it again.',
      'Kubernetes 1.36 needs a kind that writes v1beta4 for it, which turns the patch into the form that v1beta4 wants.',
      `If \`kind create cluster\` waits for the control plane in vain, look at the API server: \`docker exec ${name}-control-plane sh -c 'cat /var/log/pods/kube-system_kube-apiserver-*/*/*.log'\`; keep the node with \`--retain\`.`,
    ],
  };
}

/** kind takes lower case, digits, dots and dashes in the name of a cluster; EKS takes more. */
function nodeName(clusterName: string): string {
  return clusterName.toLowerCase().replaceAll('_', '-');
}
