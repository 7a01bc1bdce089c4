import type { JsonObject } from '../../wire/kube/json.ts';

/** A Kubernetes object as JSON. Made at the edge by `toKubeObject`: these members have these types. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta extends JsonObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** Kubernetes' time: RFC 3339 in UTC with second precision. `now` is epoch milliseconds. */
export function kubernetesTime(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
