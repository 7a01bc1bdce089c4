import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';

/** A write on its way to the store, as admission sees it. */
export interface AdmittedWrite {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** As it would be stored; undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** As it is stored; undefined for CREATE. */
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
}

/**
 * What mutating admission makes of an object about to be written. Called before the object is completed, checked for
 * escalation and validated, so that nothing a webhook adds goes unchecked.
 */
export async function mutate<W extends AdmittedWrite & { readonly object: KubeObject }>(
  _context: ApiContext,
  _request: ResourceRequest,
  write: W,
): Promise<KubeObject> {
  return write.object;
}

/** Validating admission: the last word on a valid write. Refuses by throwing a Status. */
export async function review(
  _context: ApiContext,
  _request: ResourceRequest,
  _write: AdmittedWrite,
): Promise<void> {}
