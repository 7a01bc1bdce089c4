import { Agent, request } from 'node:https';

/** The little of a Kubernetes client that our own commands need: JSON requests with a bearer token. */
export interface KubernetesClient {
  send(call: KubernetesCall): Promise<KubernetesAnswer>;
  close(): void;
}

export interface KubernetesCall {
  readonly token: string;
  readonly method: string;
  /** Below the cluster's endpoint, e.g. `/api/v1/namespaces/team-a/pods`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** `application/json` when not given. */
  readonly accept?: string;
}

export interface KubernetesAnswer {
  readonly status: number;
  readonly auditId: string | undefined;
  readonly body: unknown;
}

const deadlineMs = 15_000;

/** `endpoint` is what DescribeCluster says; `caPem` is its certificate authority. */
export function createKubernetesClient(endpoint: string, caPem: string): KubernetesClient {
  const agent = new Agent({ keepAlive: true, ca: caPem });
  const base = new URL(endpoint);
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    send({ token, method, path, body, contentType = 'application/json', accept = 'application/json' }) {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const outgoing = request(
          {
            agent,
            host: base.hostname.replace(/^\[|\]$/g, ''),
            port: base.port,
            method,
            path: prefix + path,
            timeout: deadlineMs,
            headers: {
              authorization: `Bearer ${token}`,
              accept,
              ...(payload === undefined
                ? {}
                : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
            },
          },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('error', reject);
            incoming.on('end', () => {
              const auditId = incoming.headers['audit-id'];
              resolve({
                status: incoming.statusCode ?? 0,
                auditId: Array.isArray(auditId) ? auditId[0] : auditId,
                body: parseBody(Buffer.concat(chunks).toString('utf8')),
              });
            });
          },
        );
        outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)));
        outgoing.on('error', reject);
        outgoing.end(payload);
      });
    },
    close: () => agent.destroy(),
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
