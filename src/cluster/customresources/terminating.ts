import { objectOf } from '../../wire/kube/schema/schema.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { withCondition } from './conditions.ts';
import { cleanupFinalizer } from './definition.ts';

/** A definition at its first DELETE: it stays until its objects are gone. `now` is epoch milliseconds. */
export function withCleanup(definition: KubeObject, now: number): KubeObject {
  const { finalizers = [], ...metadata } = definition.metadata;
  const status = withCondition(
    objectOf(definition, 'status'),
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    },
    kubernetesTime(now),
  );
  const held = finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer];
  return { ...definition, metadata: { ...metadata, finalizers: held }, status };
}
