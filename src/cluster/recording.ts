import type { Authentication } from '../access/access.ts';
import type { ClusterRecorder, ClusterRequest, RequestAuthentication } from '../audit/requests.ts';
import type { Attributes } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { objectsPrefix, resourcePrefix } from '../storage/records/keys.ts';
import type { Batch, Storage } from '../storage/storage.ts';

/** What is known of a request so far; filled step by step, so that a refusal can tell as much as was seen. */
export interface Seen {
  cluster: ClusterRecord | undefined;
  /** Path and query below the cluster's own address. */
  requestUri: string;
  verb: string;
  authentication: Authentication | undefined;
  /** Nothing was presented at all; otherwise, without an `authentication`, it was unreadable. */
  anonymous: boolean;
  /** What the request itself is about. */
  target: Attributes | undefined;
  /** What was asked of the authorizer last: the request itself, or what else was refused. */
  attributes: Attributes | undefined;
  decision: Decision | undefined;
  /** The verb of the constrained impersonation mode that let the request through. */
  constraint: string | undefined;
  /** What webhooks and the server's own admission want remembered of the request. */
  readonly annotations: Record<string, string>;
}

const maximumAnnotations = 32;

/** Remembers a text with a request. The first word on a key stands, as upstream; what is too many is left out. */
export function annotate({ annotations }: Seen, key: string, value: string): void {
  if (Object.hasOwn(annotations, key) || Object.keys(annotations).length >= maximumAnnotations) return;
  annotations[key] = value;
}

/** How a request ended. */
export interface Ending {
  readonly status: number;
  readonly reason?: string;
  /** Of a refusal that quotes nothing of what was sent. */
  readonly message?: string;
  readonly streams?: boolean;
}

export interface RequestRecording {
  /** The store for this request: its first change is stored in one commit with the request's record. */
  readonly storage: Storage;
  /** Records the request unless its record is stored already and still true. */
  finish(ending: Ending): void;
}

/**
 * Records one request once: with its first change where it writes, otherwise when it is answered. A request to no
 * cluster of ours belongs to nobody and is not recorded.
 *
 * INVARIANT: no change of a request is stored before its record; further changes of the same request follow it.
 */
export function recordRequest(options: {
  readonly storage: Storage;
  readonly recorder: ClusterRecorder;
  readonly seen: Readonly<Seen>;
  readonly known: Pick<ClusterRequest, 'auditId' | 'sourceIp' | 'userAgent' | 'receivedAt'>;
}): RequestRecording {
  const { storage, recorder, seen, known } = options;
  let recorded = false;
  const told = (
    cluster: ClusterRecord,
    ending: Ending & Pick<ClusterRequest, 'attributes'>,
  ): ClusterRequest => ({
    ...known,
    cluster,
    requestUri: seen.requestUri,
    verb: seen.verb,
    authentication: toldAuthentication(seen),
    ...(seen.target !== undefined && { attributes: seen.target }),
    ...(seen.decision !== undefined && { decision: seen.decision }),
    ...(seen.constraint !== undefined && { constraint: seen.constraint }),
    ...(Object.keys(seen.annotations).length > 0 && { annotations: { ...seen.annotations } }),
    ...ending,
  });
  return {
    storage: {
      revision: () => storage.revision(),
      get: (key) => storage.get(key),
      getMany: (keys) => storage.getMany(keys),
      list: (list) => storage.list(list),
      count: (prefix) => storage.count(prefix),
      watch: (watch, listener) => storage.watch(watch, listener),
      close: () => storage.close(),
      async commit(batch) {
        const { cluster } = seen;
        if (recorded || cluster === undefined) return storage.commit(batch);
        const attributes = withCreatedName(seen.target, cluster, batch);
        const ending = {
          status: expectedStatus(seen.verb, cluster, batch),
          ...(attributes !== undefined && { attributes }),
        };
        const record = recorder.recordOf(told(cluster, ending));
        const revision = await storage.commit({ ...batch, changes: [...batch.changes, ...record] });
        recorded = true;
        return revision;
      },
    },
    finish(ending) {
      // A request that failed after its first change has a second event under the same audit id, which says so.
      if (seen.cluster === undefined || (recorded && ending.status < 400)) return;
      recorder.record(told(seen.cluster, ending));
    },
  };
}

/**
 * What a change is answered with once it is stored: 201 where an object was made, and for every POST, also where that
 * changes another object, as a binding or an eviction does.
 */
function expectedStatus(verb: string, { clusterId }: ClusterRecord, { expect = [] }: Batch): number {
  const objects = objectsPrefix(clusterId);
  const isNew = expect.some(({ key, revision }) => revision === 0 && key.startsWith(objects));
  return verb === 'create' || isNew ? 201 : 200;
}

/**
 * A create names its object in the body only, and so does the old form of a binding its pod. COMPAT: like Kubernetes, the
 * record of one that was carried out names it all the same (k8s.io/apiserver, audit.LogRequestObject).
 */
function withCreatedName(
  attributes: Attributes | undefined,
  { clusterId }: ClusterRecord,
  { expect = [] }: Batch,
): Attributes | undefined {
  if (attributes?.kind !== 'resource' || attributes.verb !== 'create' || attributes.name !== '')
    return attributes;
  const { apiGroup, resource, namespace } = attributes;
  const isBinding = apiGroup === '' && resource === 'bindings';
  const prefix = resourcePrefix(clusterId, apiGroup, isBinding ? 'pods' : resource, namespace);
  const created = expect.find(
    ({ key, revision }) => (revision === 0) !== isBinding && key.startsWith(prefix),
  );
  return created === undefined ? attributes : { ...attributes, name: created.key.slice(prefix.length) };
}

function toldAuthentication({ authentication, anonymous }: Readonly<Seen>): RequestAuthentication {
  if (authentication === undefined) return { outcome: anonymous ? 'none' : 'unreadable' };
  const { outcome, evidence } = authentication;
  const { code, accessKeyId, principalArn, principalId, mappedBy } = evidence;
  return {
    outcome,
    code,
    ...(authentication.outcome === 'authenticated' && { user: authentication.user }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    ...(principalArn !== undefined && { principalArn }),
    ...(principalId !== undefined && { principalId }),
    ...(mappedBy !== undefined && { mappedBy }),
  };
}
