import { apiServerFlags } from './flags.ts';
import { type BundleInput, webhookFolder } from './input.ts';
import { block, onTheCluster, type Recipe } from './recipe.ts';

const folder = '/etc/ssl/certs/entryway';

/**
 * minikube copies what is below `~/.minikube/files` to the node before it starts Kubernetes, and its API server sees
 * /etc/ssl/certs of the node and its own certificates, nothing else; there is no option for another mount.
 */
export function minikube(input: BundleInput): Recipe {
  const { clusterName } = input;
  const options = Object.entries(apiServerFlags(input, folder)).map(
    ([name, value]) => `  --extra-config=apiserver.${name}=${value}`,
  );
  return {
    folder,
    files: [
      {
        path: 'start.sh',
        mode: 0o755,
        content: [
          '#!/bin/sh',
          '# Puts the webhook files where minikube takes them from and starts the cluster with the flags.',
          '# More options of `minikube start` can be given.',
          'set -eu',
          'cd "$(dirname "$0")"',
          `files="\${MINIKUBE_HOME:-$HOME/.minikube}/files${folder}"`,
          'mkdir -p "$files"',
          `install -m 600 ${webhookFolder}/* "$files/"`,
          `exec minikube start --profile ${clusterName} \\`,
          `${options.join(' \\\n')} \\`,
          '  "$@"',
          '',
        ].join('\n'),
      },
    ],
    install: [
      `Start the cluster, or stop and start it again (the profile is named ${clusterName}; change it in the script):`,
      onTheCluster(`minikube stop --profile ${clusterName}`, './start.sh'),
      'It copies the folder to `~/.minikube/files`, from where minikube brings it to the node, and gives the flags as `--extra-config`:',
      block('text', options.map((option) => option.trim()).join('\n')),
    ].join('\n\n'),
    undo: [
      'Extra options stay with the profile; giving one replaces all of them. The usual value of the mode is harmless:',
      onTheCluster(
        `minikube stop --profile ${clusterName}`,
        `rm -r ~/.minikube/files${folder}`,
        `minikube start --profile ${clusterName} --extra-config=apiserver.authorization-mode=Node,RBAC`,
      ),
    ].join('\n\n'),
    notes: [
      'Options that you gave with `--extra-config` before have to be given again, to `start.sh`: those of the script replace them.',
      'The node reaches this machine as `host.minikube.internal`; make the bundle with that in `--address`, or with the address that `minikube ssh grep host.minikube.internal /etc/hosts` shows. 127.0.0.1 is the node itself there.',
      'Files below `~/.minikube/files` go to the nodes of **all** your profiles. The certificate in them is of this cluster only and opens the webhooks of this cluster only; remove it when the profile is gone.',
      `If the API server does not start: \`minikube logs --profile ${clusterName}\`.`,
    ],
  };
}
