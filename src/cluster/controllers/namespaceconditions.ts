import { isObject, type JsonObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';

/** What is left in a namespace that is being deleted. */
export interface RemainingContent {
  /** How many of `<resource>.<group>`; the core group is ''. */
  readonly resources: Map<string, number>;
  /** How many objects have this finalizer. */
  readonly finalizers: Map<string, number>;
  /** What could not be done. */
  readonly failures: string[];
}

/** Failures that are named; the others are counted. */
const tellable = 20;

interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/**
 * The namespace with upstream's conditions of a deletion (pkg/controller/namespace/deletion, status_condition_utils.go),
 * word by word: programs read them. The time of a condition changes with its status alone. Discovery cannot fail here.
 */
export function withConditions(namespace: KubeObject, remaining: RemainingContent, now: number): KubeObject {
  const status: JsonObject = isObject(namespace.status) ? namespace.status : {};
  const known = Array.isArray(status.conditions) ? (status.conditions as readonly JsonValue[]) : [];
  const next = conditionsOf(remaining);
  // A namespace that is empty at once goes without a word.
  const isClean = remaining.resources.size === 0 && remaining.failures.length === 0;
  if (isClean && known.length === 0) return namespace;
  const types = new Set(next.map(({ type }) => type));
  const others = known.filter((one) => !isObject(one) || !types.has(printed(one.type)));
  const conditions = next.map((condition) => {
    const before = known.find((one) => isObject(one) && one.type === condition.type);
    const isSame = isObject(before) && before.status === condition.status;
    return {
      type: condition.type,
      status: condition.status,
      lastTransitionTime: (isSame ? before.lastTransitionTime : undefined) ?? kubernetesTime(now),
      reason: condition.reason,
      message: condition.message,
    };
  });
  return { ...namespace, status: { ...status, conditions: [...others, ...conditions] } };
}

function conditionsOf({ resources, finalizers, failures }: RemainingContent): readonly Condition[] {
  const listed = (counts: ReadonlyMap<string, number>, word: string): string =>
    [...counts]
      .map(([key, count]) => `${key} ${word} ${count} resource instances`)
      .sort()
      .join(', ');
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length === 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${failures.toSorted().slice(0, tellable).join(', ')}`,
        },
    resources.size === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${listed(resources, 'has')}`,
        },
    finalizers.size === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${listed(finalizers, 'in')}`,
        },
  ];
}
