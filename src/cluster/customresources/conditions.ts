import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import { listOf } from '../../wire/kube/schema/schema.ts';

export interface Condition {
  readonly type: 'NamesAccepted' | 'Established' | 'Terminating' | 'KubernetesAPIApprovalPolicyConformant';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** A status with a condition set: its time is `now` (RFC 3339) when its status is another than before. */
export function withCondition(status: JsonObject, condition: Condition, now: string): JsonObject {
  const conditions = listOf(status, 'conditions');
  const at = conditions.findIndex((one) => isObject(one) && one.type === condition.type);
  const before = conditions[at];
  const { type, status: value, reason, message } = condition;
  const keepsTime =
    isObject(before) && before.status === value && typeof before.lastTransitionTime === 'string';
  const lastTransitionTime = keepsTime ? (before.lastTransitionTime as string) : now;
  const next: JsonValue = { type, status: value, lastTransitionTime, reason, message };
  return { ...status, conditions: at < 0 ? [...conditions, next] : conditions.with(at, next) };
}
