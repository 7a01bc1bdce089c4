import { resourcePrefix } from '../../storage/records/keys.ts';
import type { Storage, Watch } from '../../storage/storage.ts';
import { isObject } from '../../wire/kube/json.ts';
import type { ResourceDefinition, ResourceTable } from '../../wire/kube/resources.ts';
import { type Asked, matchedResource } from './rules.ts';
import { readWebhooks, type Webhook, type WebhookKind, webhookResources } from './webhook.ts';

/** A webhook that is asked about a request, and the resource in whose version. */
export interface Invocation {
  readonly webhook: Webhook;
  readonly resource: ResourceDefinition;
}

/** The webhooks of one cluster, as stored at this moment. */
export interface ClusterWebhooks {
  /** Those whose rules match, in the order of the configurations' names and then in their own. */
  matching(kind: WebhookKind, asked: Asked, served: ResourceTable): readonly Invocation[];
}

export interface FollowedWebhooks {
  of(clusterId: string): Promise<ClusterWebhooks>;
  /** Follows no more; answers stay right, but cost a look into the store each. */
  close(): void;
}

const group = 'admissionregistration.k8s.io';
const nothing: readonly Invocation[] = [];
/** Deleted clusters are not told apart from quiet ones: beyond these the one followed first is read again when asked for. */
const clustersFollowed = 500;

/**
 * Follows the webhook configurations of every cluster that something is written in.
 *
 * INVARIANT: a configuration whose write was acknowledged is looked at by every write that begins later: the store
 * calls watches before it resolves a commit.
 */
export function createFollowedWebhooks(storage: Storage): FollowedWebhooks {
  const followed = new Map<string, Promise<Followed>>();
  let closed = false;
  const follow = async (clusterId: string): Promise<Followed> => {
    const configurations: Configurations = { mutating: new Map(), validating: new Map() };
    const state = new Followed(configurations);
    for (const kind of ['mutating', 'validating'] as const) {
      const prefix = configurationPrefix(clusterId, kind);
      const early = new Set<string>();
      let loading = true;
      const watch = storage.watch({ prefix }, (changes) => {
        for (const { key, value } of changes) {
          if (loading) early.add(key);
          state.change(kind, key.slice(prefix.length), value);
        }
      });
      state.watches.push(watch);
      try {
        for (const { key, value } of (await storage.list({ prefix })).entries) {
          // What changed while it was read is known better already.
          if (!early.has(key)) state.change(kind, key.slice(prefix.length), value);
        }
      } catch (error) {
        state.close();
        throw error;
      }
      loading = false;
    }
    if (closed) state.close();
    return state;
  };
  const forget = (clusterId: string): void => {
    const state = followed.get(clusterId);
    followed.delete(clusterId);
    state?.then(
      (one) => one.close(),
      () => undefined,
    );
  };
  return {
    of(clusterId) {
      const known = followed.get(clusterId);
      if (known !== undefined) return known;
      const begun = follow(clusterId);
      if (closed) return begun;
      followed.set(clusterId, begun);
      begun.catch(() => followed.delete(clusterId));
      const [oldest] = followed.keys();
      if (followed.size > clustersFollowed && oldest !== undefined) forget(oldest);
      return begun;
    },
    close() {
      closed = true;
      for (const clusterId of [...followed.keys()]) forget(clusterId);
    },
  };
}

const configurationPrefix = (clusterId: string, kind: WebhookKind): string =>
  resourcePrefix(clusterId, group, webhookResources[kind], '');

type Configurations = Readonly<Record<WebhookKind, Map<string, readonly Webhook[]>>>;

class Followed implements ClusterWebhooks {
  readonly watches: Watch[] = [];
  readonly #configurations: Configurations;
  readonly #matching = new Map<string, readonly Invocation[]>();
  #served: ResourceTable | undefined;

  constructor(configurations: Configurations) {
    this.#configurations = configurations;
  }

  change(kind: WebhookKind, name: string, value: string | undefined): void {
    this.#matching.clear();
    const object: unknown = value === undefined ? undefined : JSON.parse(value);
    if (isObject(object)) this.#configurations[kind].set(name, readWebhooks(name, object));
    else this.#configurations[kind].delete(name);
  }

  close(): void {
    for (const watch of this.watches) watch.close();
  }

  matching(kind: WebhookKind, asked: Asked, served: ResourceTable): readonly Invocation[] {
    const configurations = this.#configurations[kind];
    if (configurations.size === 0) return nothing;
    if (this.#served !== served) this.#matching.clear();
    this.#served = served;
    const { resource, subresource, operation } = asked;
    const key = `${kind} ${operation} ${resource.group}/${resource.version}/${resource.resource}/${subresource}`;
    let known = this.#matching.get(key);
    if (known === undefined) {
      known = [...configurations]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .flatMap(([, webhooks]) => webhooks)
        .flatMap((webhook): readonly Invocation[] => {
          const matched = matchedResource(webhook, asked, served);
          return matched === undefined ? nothing : [{ webhook, resource: matched }];
        });
      this.#matching.set(key, known);
    }
    return known;
  }
}
