import { stringify } from 'yaml';
import { apiServerFlags, type Flags } from './flags.ts';
import { type BundleInput, webhookFolder } from './input.ts';
import { block, indented, onTheCluster, type Recipe, yamlFile } from './recipe.ts';
import type { KubernetesVersion } from './version.ts';

const folder = '/etc/kubernetes/entryway';
const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const backup = '/root/kube-apiserver.before-entryway.yaml';

/** kubeadm mounts its certificates only: the folder has to be a volume of its own. */
export function apiServerVolume(at: string): Readonly<Record<string, unknown>> {
  return { name: 'entryway', hostPath: at, mountPath: at, readOnly: true, pathType: 'DirectoryOrCreate' };
}

/** `extraArgs` is a list from v1beta4, which kubeadm 1.31 brought; a map before. */
function kubeadmConfiguration(version: KubernetesVersion, flags: Flags): Record<string, unknown> {
  const isList = version.minor >= 31;
  return {
    apiVersion: isList ? 'kubeadm.k8s.io/v1beta4' : 'kubeadm.k8s.io/v1beta3',
    kind: 'ClusterConfiguration',
    apiServer: {
      extraArgs: isList ? Object.entries(flags).map(([name, value]) => ({ name, value })) : flags,
      extraVolumes: [apiServerVolume(folder)],
    },
  };
}

export function kubeadm(input: BundleInput): Recipe {
  const flags = apiServerFlags(input, folder);
  return {
    folder,
    files: [
      yamlFile(
        'kubeadm-config.yaml',
        [
          'Merge into the ClusterConfiguration of `kubeadm init --config`, and on a running cluster into the',
          'ConfigMap kube-system/kubeadm-config, from which the next `kubeadm upgrade` writes the manifest anew.',
        ],
        kubeadmConfiguration(input.version, flags),
      ),
    ],
    install: [
      'On **every** control-plane node, copy the folder, readable by root only:',
      onTheCluster(
        `scp -r ${webhookFolder} root@NODE:/etc/kubernetes/`,
        `ssh root@NODE 'chown -R root:root ${folder} && chmod 700 ${folder} && chmod 600 ${folder}/*'`,
      ),
      'A **new** cluster: merge `kubeadm-config.yaml` into your configuration and run `kubeadm init` and `kubeadm join`.',
      `A **running** cluster: one control-plane node after the other, keep the manifest outside of its folder, then edit it.`,
      onTheCluster(`cp ${manifest} ${backup}`, `vi ${manifest}`),
      ...manifestEdits(input, flags),
      'The kubelet restarts the API server within a minute. Wait until the node is back before you edit the next:',
      onTheCluster('kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz'),
      'Put the same into the ConfigMap, or the next `kubeadm upgrade` takes it away: add the members of `apiServer` in `kubeadm-config.yaml`.',
      onTheCluster('kubectl -n kube-system edit configmap kubeadm-config'),
    ].join('\n\n'),
    undo: [
      'On each control-plane node put the manifest back; the kubelet restarts the API server. Then take the members out of the ConfigMap and remove the folder:',
      onTheCluster(
        `cp ${backup} ${manifest}`,
        'kubectl -n kube-system edit configmap kubeadm-config',
        `rm -r ${folder}`,
      ),
      'This also is the way back when the API server does not come up: the kubelet reads the manifest from the disk and needs no API server.',
    ].join('\n\n'),
    notes: [
      `If the API server does not start, its log says why: \`crictl logs $(crictl ps -a --name kube-apiserver -q | head -1)\`.`,
    ],
  };
}

function manifestEdits({ authorization }: BundleInput, flags: Flags): readonly string[] {
  const lines = Object.entries(flags).map(([name, value]) => `- --${name}=${value}`);
  const replaced =
    authorization === 'configuration'
      ? 'Take `--authorization-mode` away: an API server given both does not start.'
      : 'Replace the line with `--authorization-mode`.';
  const mount = [{ mountPath: folder, name: 'entryway', readOnly: true }];
  const volume = [{ hostPath: { path: folder, type: 'DirectoryOrCreate' }, name: 'entryway' }];
  return [
    `${replaced} Add to \`spec.containers[0].command\`, \`volumeMounts\` and \`spec.volumes\`:`,
    block(
      'yaml',
      [
        '    # command:',
        indented(lines.join('\n'), 4),
        '    # volumeMounts:',
        indented(stringify(mount).trimEnd(), 4),
        '  # volumes:',
        indented(stringify(volume).trimEnd(), 2),
      ].join('\n'),
    ),
  ];
}
