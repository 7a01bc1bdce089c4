import { apiServerFlags } from './flags.ts';
import { type BundleInput, webhookFolder } from './input.ts';
import { onTheCluster, type Recipe, yamlFile } from './recipe.ts';

/** Earliest releases in which a given `authorization-config` takes the default `authorization-mode` away. */
const firstWithConfiguration: Readonly<Record<number, string>> = {
  30: '1.30.12',
  31: '1.31.8',
  32: '1.32.4',
};

/**
 * k3s and rke2 read `config.yaml.d/*.yaml` after `config.yaml`; a key with a `+` adds to the list instead of replacing
 * it, so a file of our own can be put there and taken away again without touching the operator's.
 */
export function rancher(input: BundleInput): Recipe {
  const { distribution, version, authorization } = input;
  const folder = `/etc/rancher/${distribution}/entryway`;
  const dropIn = `/etc/rancher/${distribution}/config.yaml.d/50-entryway.yaml`;
  const service = distribution === 'k3s' ? 'k3s' : 'rke2-server';
  const first = firstWithConfiguration[version.minor];
  return {
    folder,
    files: [
      yamlFile('50-entryway.yaml', [`Goes to ${dropIn} on every server node.`], {
        'kube-apiserver-arg+': Object.entries(apiServerFlags(input, folder)).map(
          ([name, value]) => `${name}=${value}`,
        ),
        // The API server of k3s is part of its process and sees the host's files; that of rke2 is a static pod.
        ...(distribution === 'rke2' && { 'kube-apiserver-extra-mount+': [`${folder}:${folder}:ro`] }),
      }),
    ],
    install: [
      'On **every** server node, copy the folder, readable by root only, and the file:',
      onTheCluster(
        `scp -r ${webhookFolder} root@NODE:/etc/rancher/${distribution}/`,
        `ssh root@NODE mkdir -p /etc/rancher/${distribution}/config.yaml.d`,
        `scp 50-entryway.yaml root@NODE:${dropIn}`,
        `ssh root@NODE 'chown -R root:root ${folder} && chmod 700 ${folder} && chmod 600 ${folder}/*'`,
      ),
      'Restart one server node after the other. Running pods are not touched.',
      onTheCluster(
        `ssh root@NODE systemctl restart ${service}`,
        `ssh root@NODE ${kubectl(distribution)} get --raw /readyz`,
      ),
    ].join('\n\n'),
    undo: [
      'On each server node:',
      onTheCluster(`rm ${dropIn}`, `systemctl restart ${service}`, `rm -r ${folder}`),
      `This also is the way back when the API server does not come up.`,
    ].join('\n\n'),
    notes: [
      `If \`config.yaml\` or another file there sets \`kube-apiserver-arg\` and is read later (names are sorted), write \`kube-apiserver-arg+\` in it too: without the \`+\` it replaces ours.`,
      `The same options on the command line of the service (\`--kube-apiserver-arg\`) replace those of all files: move them to a file.`,
      ...(authorization === 'configuration' && first !== undefined
        ? [
            `Needs ${distribution} v${first} or newer: an older one sets \`--authorization-mode\` beside \`--authorization-config\`, and the API server does not start (k3s-io/k3s issue 12017). On an older one make the bundle with \`--classic-flags\`.`,
          ]
        : []),
      `If the API server does not start, the log says why: \`journalctl -u ${service} -e\`${distribution === 'rke2' ? ', and `/var/log/pods/kube-system_kube-apiserver-*`' : ''}.`,
    ],
  };
}

function kubectl(distribution: string): string {
  return distribution === 'k3s'
    ? 'k3s kubectl'
    : '/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml';
}
