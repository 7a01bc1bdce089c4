import type { Authentication } from '../access/access.ts';
import type { ClusterRecorder, ClusterRequest, RequestAuthentication } from '../audit/requests.ts';
import type { Attributes } from '../engine/authorizer/attributes.ts';
import type { Decision } from '../engine/authorizer/decision.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
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
  attributes: Attributes | undefined;
  decision: Decision | undefined;
}

/** How a request ended. */
export interface Ending {
  readonly status: number;
  readonly reason?: string;
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
  const told = (cluster: ClusterRecord, ending: Ending): ClusterRequest => ({
    ...known,
    cluster,
    requestUri: seen.requestUri,
    verb: seen.verb,
    authentication: toldAuthentication(seen),
    ...(seen.attributes !== undefined && { attributes: seen.attributes }),
    ...(seen.decision !== undefined && { decision: seen.decision }),
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
        const record = recorder.recordOf(told(cluster, { status: expectedStatus(batch) }));
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

/** What a change is answered with once it is stored: what did not exist has been created. */
function expectedStatus({ expect = [] }: Batch): number {
  return expect.some(({ revision }) => revision === 0) ? 201 : 200;
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
