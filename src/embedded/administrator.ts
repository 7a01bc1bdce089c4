import { createKubernetesClient, type KubernetesAnswer, type KubernetesCall } from '../clients/kubernetes.ts';
import { ClusterError, type ClusterErrorCode } from './cluster.ts';

/** Calls the cluster, each time with a token made for it. */
export interface Administrator {
  /** The object answered. Throws ClusterError `refused`, its message beginning with `what`. */
  call(what: string, call: Omit<KubernetesCall, 'token'>): Promise<unknown>;
  /** As somebody else, whatever the answer. */
  sendAs(token: string, call: Omit<KubernetesCall, 'token'>): Promise<KubernetesAnswer>;
  close(): void;
}

export function openAdministrator(options: {
  readonly endpoint: string;
  readonly caPem: string;
  readonly token: () => string;
}): Administrator {
  const client = createKubernetesClient(options.endpoint, options.caPem);
  return {
    async call(what, call) {
      const { status, body } = await client.send({ token: options.token(), ...call });
      if (status < 200 || status > 299) throw refusal('refused', what, status, body);
      return body;
    },
    sendAs: (token, call) => client.send({ token, ...call }),
    close: () => client.close(),
  };
}

/** An error with the cluster's own words. */
export function refusal(code: ClusterErrorCode, what: string, status: number, body: unknown): ClusterError {
  const message = (body as { readonly message?: unknown } | undefined)?.message;
  return new ClusterError(code, `${what}: ${typeof message === 'string' ? message : `HTTP ${status}`}`, {
    cause: body,
  });
}
