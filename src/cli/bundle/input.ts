import type { KubernetesVersion } from './version.ts';

export const distributions = ['kubeadm', 'k3s', 'rke2', 'kind', 'minikube', 'talos'] as const;
export type Distribution = (typeof distributions)[number];

/** Everything a bundle is made of. Rendering it is pure. */
export interface BundleInput {
  readonly distribution: Distribution;
  readonly version: KubernetesVersion;
  /** How the API server is told of its authorizers; `configuration` needs 1.30. */
  readonly authorization: 'configuration' | 'flags';
  readonly clusterName: string;
  /** `https://HOST:PORT/clusters/…/authenticate`, as the cluster's API server reaches it. */
  readonly authenticateUrl: string;
  readonly authorizeUrl: string;
  /** Where the API server asks about new pods; absent: it does not. */
  readonly podsUrl?: string;
  /** The name to expect in the server's certificate, where it is not the URLs' host. */
  readonly tlsServerName?: string;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Where the bundle is written, absolute: kind mounts it from there. */
  readonly directory: string;
  readonly serialNumber: string;
  /** `2027-11-21` */
  readonly expires: string;
}

export interface BundleFile {
  /** Relative to the bundle, with `/`. */
  readonly path: string;
  /** 0600 for whatever holds the key. */
  readonly mode: number;
  readonly content: string;
}

/** The folder of the bundle with the files that an API server reads. */
export const webhookFolder = 'entryway';
export const authenticateFile = 'authenticate.kubeconfig';
export const authorizeFile = 'authorize.kubeconfig';
export const authorizationFile = 'authorization.yaml';
export const admissionKubeconfigFile = 'admission.kubeconfig';
export const admissionFile = 'admission.yaml';
/** What the cluster is told, beside that folder. */
export const podWebhookFile = 'pod-webhook.yaml';

/** Every file that any bundle may have: what a new one may be written over. */
export const bundlePaths: readonly string[] = [
  'README.md',
  `${webhookFolder}/${authenticateFile}`,
  `${webhookFolder}/${authorizeFile}`,
  `${webhookFolder}/${authorizationFile}`,
  `${webhookFolder}/${admissionKubeconfigFile}`,
  `${webhookFolder}/${admissionFile}`,
  podWebhookFile,
  'kubeadm-config.yaml',
  '50-entryway.yaml',
  'kind.yaml',
  'start.sh',
  'talos-patch.yaml',
];
