import { stringify } from 'yaml';
import { injectorName, skipLabel } from '../../engine/podcredentials/names.ts';
import {
  admissionFile,
  admissionKubeconfigFile,
  type BundleFile,
  type BundleInput,
  podWebhookFile,
} from './input.ts';
import { onTheCluster, yamlFile } from './recipe.ts';
import { inlineCredential } from './webhookkubeconfig.ts';

/** A bundle that also has pods given their AWS credentials. */
export type PodsInput = Pick<
  BundleInput,
  'caPem' | 'certificatePem' | 'keyPem' | 'clusterName' | 'distribution'
> & { readonly podsUrl: string };

export function hasPods(input: BundleInput): input is BundleInput & PodsInput {
  return input.podsUrl !== undefined;
}

/**
 * With which certificate an API server asks admission webhooks: the name of a user is the host that is asked, with its
 * port.
 *
 * SECURITY: this host and no `*`: other webhooks are not shown the certificate.
 */
export function admissionKubeconfig(input: PodsInput): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      users: [{ name: new URL(input.podsUrl).host, user: inlineCredential(input) }],
    },
    { lineWidth: 0 },
  );
}

/** The plugins of `--admission-control-config-file`; where there is such a file already, this entry goes into it. */
export function admissionPlugins(folder: string): readonly Readonly<Record<string, unknown>>[] {
  return [
    {
      name: 'MutatingAdmissionWebhook',
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'WebhookAdmissionConfiguration',
        kubeConfigFile: `${folder}/${admissionKubeconfigFile}`,
      },
    },
  ];
}

/** The file of `--admission-control-config-file`. */
export function admissionConfiguration(folder: string): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: admissionPlugins(folder),
  };
}

/** What `kubectl apply` tells the cluster: the webhook as EKS has it, but for where it is and how long it may take. */
export function podWebhook({ podsUrl, caPem }: PodsInput): BundleFile {
  return yamlFile(
    podWebhookFile,
    [
      'For `kubectl apply -f`, when the API server runs with its certificate for this webhook. No secret in it.',
    ],
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'pod-identity-webhook' },
      webhooks: [
        {
          name: injectorName,
          clientConfig: { url: podsUrl, caBundle: Buffer.from(caPem).toString('base64') },
          rules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' },
          ],
          objectSelector: { matchExpressions: [{ key: skipLabel, operator: 'DoesNotExist' }] },
          // Without Entryway pods are made without credentials, and made they are.
          failurePolicy: 'Ignore',
          matchPolicy: 'Equivalent',
          reinvocationPolicy: 'IfNeeded',
          sideEffects: 'None',
          timeoutSeconds: 5,
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  );
}

/** What the page says of it. */
export function podsPage({ distribution, podsUrl }: PodsInput, folder: string): readonly string[] {
  return [
    '## AWS credentials of pods',
    'New pods get what they need for the role of their service account, by the annotation `eks.amazonaws.com/role-arn` or a Pod Identity association, as on EKS. When the API server runs with the files of this bundle:',
    onTheCluster(`kubectl apply -f ${podWebhookFile}`),
    'Entryway has to follow the cluster for the annotations (`entryway cluster connect`); `entryway cluster status` says when it may not read service accounts.',
    ...(distribution === 'rke2'
      ? [
          `rke2 has a file for \`--admission-control-config-file\` of its own, which it writes anew at each start. Copy \`/etc/rancher/rke2/rke2-pss.yaml\` to another name, add the entry of \`plugins\` in \`${folder}/${admissionFile}\` to it, and name the copy in \`config.yaml\` as \`pod-security-admission-config-file\`.`,
        ]
      : [
          `**An API server that has a file for \`--admission-control-config-file\` already** keeps it: add the entry of \`plugins\` in this bundle to that file and leave the flag as it is. Replacing the file would take away what it says of other plugins, like PodSecurity.`,
        ]),
    `The API server looks for \`${new URL(podsUrl).hostname}\` in the certificate of Entryway; it takes no other name here. \`entryway serve --webhook-name\` puts it there.`,
    `When Entryway does not answer, pods are made without AWS credentials (\`failurePolicy: Ignore\`); make them again. To undo it, before all else: \`kubectl delete -f ${podWebhookFile}\`.`,
  ];
}
