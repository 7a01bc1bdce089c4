import { stringify } from 'yaml';

/**
 * The kubeconfig with which an API server calls one webhook: `server` is the exact URL that is posted to
 * (kubernetes-facts C1). All data is inline: managed platforms take nothing else (C3), and a file that stands alone
 * cannot be copied in half.
 */
export function webhookKubeconfig(webhook: {
  readonly url: string;
  readonly clusterName: string;
  readonly tlsServerName?: string;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}): string {
  const { url, clusterName, tlsServerName, caPem } = webhook;
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'entryway',
          cluster: {
            server: url,
            ...(tlsServerName !== undefined && { 'tls-server-name': tlsServerName }),
            'certificate-authority-data': base64(caPem),
          },
        },
      ],
      users: [{ name: clusterName, user: inlineCredential(webhook) }],
      contexts: [{ name: 'webhook', context: { cluster: 'entryway', user: clusterName } }],
      'current-context': 'webhook',
    },
    { lineWidth: 0 },
  );
}

/** What a user of a kubeconfig proves itself with. */
export function inlineCredential(credential: {
  readonly certificatePem: string;
  readonly keyPem: string;
}): Readonly<Record<string, string>> {
  return {
    'client-certificate-data': base64(credential.certificatePem),
    'client-key-data': base64(credential.keyPem),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
