import { authorizationConfiguration } from './authorization.ts';
import {
  admissionFile,
  admissionKubeconfigFile,
  authenticateFile,
  authorizationFile,
  authorizeFile,
  type BundleFile,
  type BundleInput,
  webhookFolder,
} from './input.ts';
import { kind } from './kind.ts';
import { kubeadm } from './kubeadm.ts';
import { minikube } from './minikube.ts';
import { admissionConfiguration, admissionKubeconfig, hasPods, podWebhook } from './pods.ts';
import { rancher } from './rancher.ts';
import { readme } from './readme.ts';
import { type Recipe, yamlFile } from './recipe.ts';
import { talos } from './talos.ts';
import { webhookKubeconfig } from './webhookkubeconfig.ts';

/** Everything a cluster needs to ask Entryway who a token is and what access policies allow. */
export function renderBundle(input: BundleInput): readonly BundleFile[] {
  const kubeconfigs = [
    privateFile(authenticateFile, webhookKubeconfig({ ...input, url: input.authenticateUrl })),
    privateFile(authorizeFile, webhookKubeconfig({ ...input, url: input.authorizeUrl })),
    ...(hasPods(input) ? [privateFile(admissionKubeconfigFile, admissionKubeconfig(input))] : []),
  ];
  const recipe = recipeFor(input, kubeconfigs);
  return [
    { path: 'README.md', mode: 0o644, content: readme(input, recipe) },
    ...kubeconfigs,
    // Talos writes this file and the next itself, from what its patch says.
    ...(input.authorization === 'configuration' && input.distribution !== 'talos'
      ? [authorizersFile(input, recipe.folder)]
      : []),
    ...(hasPods(input) && input.distribution !== 'talos' ? [admissionPluginsFile(recipe.folder)] : []),
    ...(hasPods(input) ? [podWebhook(input)] : []),
    ...recipe.files,
  ];
}

function recipeFor(input: BundleInput, kubeconfigs: readonly BundleFile[]): Recipe {
  switch (input.distribution) {
    case 'kubeadm':
      return kubeadm(input);
    case 'k3s':
    case 'rke2':
      return rancher(input);
    case 'kind':
      return kind(input);
    case 'minikube':
      return minikube(input);
    case 'talos':
      return talos(input, kubeconfigs);
  }
}

function privateFile(name: string, content: string): BundleFile {
  return { path: `${webhookFolder}/${name}`, mode: 0o600, content };
}

function authorizersFile({ version }: BundleInput, folder: string): BundleFile {
  return yamlFile(
    `${webhookFolder}/${authorizationFile}`,
    [
      'Node and RBAC answer from memory; what they do not allow is asked of Entryway, for users that Entryway authenticated.',
      'The TTLs are how long access that was taken away goes on. The API server follows changes of this file by itself.',
    ],
    authorizationConfiguration(version, `${folder}/${authorizeFile}`),
    0o600,
  );
}

function admissionPluginsFile(folder: string): BundleFile {
  return yamlFile(
    `${webhookFolder}/${admissionFile}`,
    ['With which certificate the API server asks the webhook for pods.'],
    admissionConfiguration(folder),
    0o600,
  );
}
