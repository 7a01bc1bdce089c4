import { Scalar } from 'yaml';
import { authorizers } from './authorization.ts';
import { authenticationFlags, classicFlags } from './flags.ts';
import { authenticateFile, authorizeFile, type BundleFile, type BundleInput } from './input.ts';
import { admissionPlugins } from './pods.ts';
import { onTheCluster, type Recipe, yamlFile } from './recipe.ts';

const folder = '/var/entryway';

/**
 * One patch with everything in it: a Talos node has no shell to copy files with, and creates files below /var only. Talos
 * writes `--authorization-config` itself and refuses it as an extra argument, so the authorizers go into its own member
 * (Talos 1.9).
 *
 * SECURITY: Talos runs the API server as user 65534 and gives a file of a machine configuration to root, so the files have
 * to be readable by all on the node. Who can read the node's disk already reads the certificates of the control plane.
 */
export function talos(input: BundleInput, webhookFiles: readonly BundleFile[]): Recipe {
  const isConfigured = input.authorization === 'configuration';
  const patch = {
    machine: {
      files: webhookFiles
        .filter(({ path }) => path.endsWith('.kubeconfig'))
        .map(({ path, content }) => ({
          path: `${folder}/${path.slice(path.lastIndexOf('/') + 1)}`,
          permissions: readableByAll(),
          op: 'create',
          content,
        })),
    },
    cluster: {
      apiServer: {
        extraArgs: { ...authenticationFlags(folder), ...(isConfigured ? {} : classicFlags(folder)) },
        extraVolumes: [{ hostPath: folder, mountPath: folder, readonly: true }],
        ...(isConfigured && { authorizationConfig: authorizers(`${folder}/${authorizeFile}`) }),
        // Beside what Talos has there for PodSecurity: a patch adds to the list.
        ...(input.podsUrl !== undefined && { admissionControl: admissionPlugins(folder) }),
      },
    },
  };
  return {
    folder,
    files: [
      yamlFile(
        'talos-patch.yaml',
        [
          'Machine configuration patch for the control-plane nodes. It holds a private key: keep it like a password.',
        ],
        patch,
        0o600,
      ),
    ],
    install: [
      'Patch **one** control-plane node after the other, **once** each: lists of a patch are added to those that are there. Keep its machine configuration first.',
      onTheCluster(
        'talosctl -n NODE get machineconfig v1alpha1 -o yaml > NODE.before-entryway.yaml',
        'talosctl -n NODE patch machineconfig --mode auto --patch @talos-patch.yaml',
      ),
      'Talos writes the files and restarts the API server; a node that says it has to reboot for the files does so. Wait before you go on:',
      onTheCluster('talosctl -n NODE health', 'talosctl -n NODE containers -k | grep kube-apiserver'),
      'For a new cluster give the patch to `talosctl gen config … --config-patch-control-plane @talos-patch.yaml`.',
    ].join('\n\n'),
    undo: [
      'Edit the configuration of each control-plane node and take out what the patch brought: the entries of `machine.files` below `/var/entryway`, and in `cluster.apiServer` the three `authentication-token-webhook-…` arguments, the volume, the authorizer named `entryway`, and of `admissionControl` the entry `MutatingAdmissionWebhook` if there is one.',
      onTheCluster('talosctl -n NODE edit machineconfig'),
      'The Talos API answers without the Kubernetes API, so this also is the way back when the API server does not come up.',
    ].join('\n\n'),
    notes: [
      `The files are readable by every process on the node (Talos runs the API server as user 65534 and offers no owner for files). Only privileged pods see the node’s disk.`,
      isConfigured
        ? 'Needs Talos 1.9 or newer for `cluster.apiServer.authorizationConfig`.'
        : 'Talos adds the mode of the patch to its own `Node,RBAC`; the order stays Node, RBAC, Webhook.',
      'Talos 1.14 still takes `cluster.apiServer`, but calls it deprecated. A configuration that was generated with the documents `KubeAPIServerConfig` and `KubeAuthorizerConfig` in its place cannot mount files into the API server (siderolabs/talos issue 14394): there, keep `cluster.apiServer` until it can.',
      `The API server reads \`${folder}/${authenticateFile}\`; if it does not start: \`talosctl -n NODE logs -k kube-system/kube-apiserver-NODE:kube-apiserver\`.`,
    ],
  };
}

/** `0o444`, as Talos' own examples write it; in decimal nobody would recognize it. */
function readableByAll(): Scalar<number> {
  const mode = new Scalar(0o444);
  mode.format = 'OCT';
  return mode;
}
