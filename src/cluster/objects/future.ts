import { KubeStatusError } from '../../wire/kube/status.ts';

/** A resource version that has not been handed out yet: Kubernetes answers 504 Timeout, and clients begin anew. */
export function resourceVersionTooLarge(asked: number, current: number): KubeStatusError {
  const message = `Too large resource version: ${asked}, current: ${current}`;
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Timeout: ${message}`,
    reason: 'Timeout',
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
    code: 504,
  });
}
