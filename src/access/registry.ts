import { rbacApiGroup } from '../engine/rbac/manifest.ts';
import {
  accessEntriesPrefix,
  allAccessPoliciesPrefix,
  allClustersPrefix,
  clusterKey,
  objectKey,
  resourcePrefix,
} from '../storage/records/keys.ts';
import type { Change, Revision, Storage } from '../storage/storage.ts';
import type { AccessRegistry } from './access.ts';
import { createAccountPolicies } from './accountpolicies.ts';
import { createAwsAuthGood } from './awsauthgood.ts';
import type { AwsAuthMode, AwsAuthState } from './awsauthstate.ts';
import { type ClusterState, type ClusterStateOptions, createClusterState } from './clusterstate.ts';
import { asObject, asText, parseObject } from './json.ts';
import { parseRbacObject, rbacRefOf, rbacResources } from './rbacobjects.ts';
import { parseClusterRecord, parseEntryRecord } from './records.ts';

/** Takes what had to be skipped. Fields name keys and counts, never stored values. */
export interface RegistryLog {
  warn(fields: Readonly<Record<string, string | number>>, message: string): void;
}

export interface AccessRegistryOptions
  extends Omit<ClusterStateOptions, 'clusterNames' | 'ssoRoleMatch' | 'awsAuthMode'> {
  readonly storage: Storage;
  /** Off when not given. */
  readonly ssoRoleMatch?: boolean;
  /** `compatible` when not given. */
  readonly awsAuthMode?: AwsAuthMode;
  readonly log?: RegistryLog;
}

/** As many as a token is tried with, beside its own cluster's. */
const namesTold = 32;
/** Of one ConfigMap, which can have a quarter of a million broken items. */
const errorsTold = 20;
const entriesPrefix = 'access-entry/';
const objectsPrefix = 'object/';

/**
 * Builds the live picture of every cluster from the store and follows it from then on.
 *
 * SECURITY: a record that cannot be read is skipped and told to the log, and what stood there before is forgotten:
 * nothing is allowed by a record that is no longer there, and no record can stop the others from being followed.
 */
export async function createAccessRegistry(options: AccessRegistryOptions): Promise<AccessRegistry> {
  const { storage, log, ssoRoleMatch = false, awsAuthMode = 'compatible' } = options;
  const states = new Map<string, ClusterState>();
  const clusterIdByKey = new Map<string, string>();
  const policies = createAccountPolicies(options.partition);

  const skipped = (key: string, what: string): void =>
    log?.warn({ key }, `skipped ${what} that cannot be read`);
  const awsAuthGood = createAwsAuthGood(storage, (key) =>
    log?.warn({ key }, 'the last good aws-auth cannot be stored; after a restart it is unknown'),
  );
  const clusterNames = (): readonly string[] => {
    const names = new Set<string>();
    for (const state of states.values()) {
      const name = state.record()?.name;
      if (name !== undefined) names.add(name);
      if (names.size > namesTold) break;
    }
    return [...names];
  };
  const stateOf = (clusterId: string): ClusterState => {
    let state = states.get(clusterId);
    if (state === undefined) {
      state = createClusterState({ ...options, ssoRoleMatch, awsAuthMode, clusterNames });
      states.set(clusterId, state);
    }
    return state;
  };

  const applyCluster = (key: string, value: string | undefined): void => {
    if (!isClusterKey(key)) return;
    const record = value === undefined ? undefined : parseClusterRecord(value);
    const previous = clusterIdByKey.get(key);
    if (value !== undefined && record === undefined) {
      skipped(key, 'a cluster');
      // Its children stay, for when the record can be read again.
      if (previous !== undefined) states.get(previous)?.setRecord(undefined);
      return;
    }
    // Cluster ids are never used again: what hangs on an old one is of no use.
    if (previous !== undefined && previous !== record?.clusterId) {
      states.delete(previous);
      policies.leave(previous);
    }
    if (record === undefined) clusterIdByKey.delete(key);
    else {
      clusterIdByKey.set(key, record.clusterId);
      const state = stateOf(record.clusterId);
      state.setRecord(record);
      policies.join(record.clusterId, record.accountId, state);
    }
  };

  const applyEntry = (key: string, value: string | undefined): void => {
    const [clusterId, principalArn] = splitOnce(key.slice(entriesPrefix.length));
    const entry = value === undefined ? undefined : parseEntryRecord(value);
    if (entry !== undefined && entry.principalArn === principalArn) {
      stateOf(clusterId).applyEntry(entry);
      return;
    }
    if (value !== undefined) skipped(key, 'an access entry');
    states.get(clusterId)?.removeEntry(principalArn);
  };

  const applyObject = (key: string, value: string | undefined, revision: Revision): void => {
    const [clusterId = '', group, resource = '', namespace = '', ...rest] = key
      .slice(objectsPrefix.length)
      .split('/');
    if (key === awsAuthKey(clusterId)) {
      applyAwsAuth(clusterId, key, value, revision);
      return;
    }
    if (group !== rbacApiGroup) return;
    const ref = rbacRefOf(resource, namespace, rest.join('/'));
    if (ref === undefined) return;
    const object = value === undefined ? undefined : parseRbacObject(ref, value);
    if (object !== undefined) {
      stateOf(clusterId).applyObject(object);
      return;
    }
    if (value !== undefined) skipped(key, `a ${ref.kind}`);
    states.get(clusterId)?.removeObject(ref);
  };

  const applyAwsAuth = (
    clusterId: string,
    key: string,
    value: string | undefined,
    revision: Revision,
  ): void => {
    const object = value === undefined ? undefined : parseObject(value);
    const data = object === undefined ? undefined : asObject(object.data ?? {});
    const isUnreadable = value !== undefined && data === undefined;
    if (isUnreadable) skipped(key, 'a ConfigMap');
    // There is nothing to take away from a cluster nobody has heard of.
    const state = value === undefined ? states.get(clusterId) : stateOf(clusterId);
    if (state === undefined) return;
    const { keep } = state.takeAwsAuth({
      data: isUnreadable ? 'unreadable' : data,
      uid: asText(asObject(object?.metadata)?.uid),
      revision,
    });
    if (awsAuthMode === 'strict') awsAuthGood.save(clusterId, keep);
    tellAwsAuth(key, state.access.awsAuthState());
  };

  const tellAwsAuth = (key: string, { keys }: AwsAuthState): void => {
    const errors = keys.flatMap((one) => one.errors);
    for (const error of errors.slice(0, errorsTold)) log?.warn({ key }, `aws-auth: ${error}`);
    if (errors.length > errorsTold) {
      log?.warn({ key, errors: errors.length }, 'aws-auth: more items are dropped than are listed');
    }
    for (const { key: name, status } of keys) {
      if (status === 'keptLastGood') {
        log?.warn({ key }, `aws-auth: ${name} is not taken; what was good last is served`);
      } else if (status === 'dropped') log?.warn({ key }, `aws-auth: nothing of ${name} is served`);
    }
  };

  const applyPolicy = (key: string, value: string | undefined): void => {
    if (!policies.apply(key, value)) skipped(key, 'an access policy');
  };

  const follow: readonly (readonly [prefix: string, apply: typeof applyObject])[] = [
    [allClustersPrefix, applyCluster],
    [allAccessPoliciesPrefix, applyPolicy],
    [entriesPrefix, applyEntry],
    [objectsPrefix, applyObject],
  ];

  // Changes that come in while the store is read wait and are applied after it, in order: each is a whole value, so
  // applying one that the reading already saw does no harm.
  let waiting: (() => void)[] | undefined = [];
  const watches = follow.map(([prefix, apply]) =>
    storage.watch({ prefix }, (changes: readonly Change[]) => {
      const run = (): void => {
        for (const { key, value, revision } of changes) apply(key, value, revision);
      };
      if (waiting === undefined) run();
      else waiting.push(run);
    }),
  );

  try {
    for (const { key, value } of (await storage.list({ prefix: allClustersPrefix })).entries) {
      applyCluster(key, value);
    }
    for (const { key, value } of (await storage.list({ prefix: allAccessPoliciesPrefix })).entries) {
      applyPolicy(key, value);
    }
    for (const clusterId of [...clusterIdByKey.values()]) {
      const { entries } = await storage.list({ prefix: accessEntriesPrefix(clusterId) });
      for (const { key, value } of entries) applyEntry(key, value);
      for (const resource of rbacResources) {
        const objects = await storage.list({ prefix: resourcePrefix(clusterId, rbacApiGroup, resource) });
        for (const { key, value, revision } of objects.entries) applyObject(key, value, revision);
      }
      const kept = awsAuthMode === 'strict' ? await awsAuthGood.load(clusterId) : undefined;
      if (kept !== undefined) stateOf(clusterId).restoreAwsAuth(kept);
      const awsAuth = await storage.get(awsAuthKey(clusterId));
      // A ConfigMap that is gone revokes what was kept, too.
      if (awsAuth !== undefined || kept !== undefined) {
        applyObject(awsAuthKey(clusterId), awsAuth?.value, awsAuth?.revision ?? storage.revision());
      }
    }
  } catch (error) {
    for (const watch of watches) watch.close();
    throw error;
  }
  const late = waiting;
  waiting = undefined;
  for (const run of late) run();

  const known = function* (): Generator<ClusterState> {
    for (const state of states.values()) if (state.record() !== undefined) yield state;
  };

  return {
    cluster(clusterId) {
      const state = states.get(clusterId);
      return state?.record() === undefined ? undefined : state.access;
    },
    clusterByName(accountId, region, name) {
      const clusterId = clusterIdByKey.get(clusterKey(accountId, region, name));
      const state = clusterId === undefined ? undefined : states.get(clusterId);
      const cluster = state?.record();
      // The record decides, not the key: a name with a `/` would spell another cluster's key.
      return cluster?.name === name && cluster.accountId === accountId && cluster.region === region
        ? state?.access
        : undefined;
    },
    *clusters() {
      for (const { access } of known()) yield access;
    },
    close() {
      for (const watch of watches) watch.close();
    },
  };
}

const awsAuthKey = (clusterId: string): string =>
  objectKey(clusterId, '', 'configmaps', 'kube-system', 'aws-auth');

/** `eks/ACCOUNT/REGION/cluster/NAME` */
function isClusterKey(key: string): boolean {
  const [, , , kind, name, ...more] = key.split('/');
  return kind === 'cluster' && name !== undefined && name !== '' && more.length === 0;
}

function splitOnce(text: string): readonly [string, string] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
}
