import { StorageError } from '../storage/storage.ts';
import { internalError, KubeStatusError, serviceUnavailable } from '../wire/kube/status.ts';
import type { ClusterLog } from './context.ts';

/** Turns whatever was thrown into a Status. What is not ours to tell is logged and answered with 500. */
export function toStatusError(error: unknown, log: ClusterLog, auditId: string): KubeStatusError {
  if (error instanceof KubeStatusError) return error;
  if (error instanceof StorageError && (error.code === 'storageClosed' || error.code === 'storageHeld')) {
    return serviceUnavailable('the store is closed');
  }
  log.error({ err: error, auditId }, 'a Kubernetes request failed');
  return internalError('the request could not be served');
}
