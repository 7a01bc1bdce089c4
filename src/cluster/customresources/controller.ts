import type { ClusterAccess } from '../../access/access.ts';
import { resourcePrefix } from '../../storage/records/keys.ts';
import { at, sameJson } from '../../wire/kube/json.ts';
import { messageNameOf } from '../../wire/kube/messages.ts';
import { objectOf } from '../../wire/kube/schema/schema.ts';
import { checkObject } from '../../wire/kube/unknownfields.ts';
import type { Controller, ControllerContext, CreateController } from '../controllers/controller.ts';
import { deleteBelow } from '../controllers/deletebelow.ts';
import { isFinished, withoutFinalizer } from '../objects/deletion.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import { takeTurn } from '../objects/turn.ts';
import { createTurns } from '../turns.ts';
import { type Condition, withCondition } from './conditions.ts';
import { cleanupFinalizer, definitionKind, readDefinition } from './definition.ts';
import { definitionErrors } from './definitionerrors.ts';
import { completeDefinition, definitionRules } from './definitionrules.ts';
import { definitionKey } from './existence.ts';

const messageType = messageNameOf(definitionKind.group, 'v1', 'CustomResourceDefinition');

/**
 * Deletes the objects of a CustomResourceDefinition that is being deleted and then lets it go, and gives names to
 * definitions that waited for them. Its keys are names of definitions.
 */
export const createDefinitionController: CreateController = (context, clusterId) => {
  /** Resources whose definitions are being deleted: `<plural>.<group>`. Every deletion of an object may be the last. */
  const terminating = new Set<string>();
  /** Definitions that lack a name, or were stored before this server knew what they are. */
  const waiting = new Set<string>();
  return {
    name: 'customresourcedefinition',
    keysOf({ group, resource, name, value }) {
      if (group !== definitionKind.group || resource !== definitionKind.resource) {
        const definition = `${resource}.${group}`;
        return value === undefined && terminating.has(definition) ? [definition] : [];
      }
      note(terminating, name, value !== undefined && isTerminating(value));
      note(waiting, name, value !== undefined && !hasItsNames(value));
      const others = [...waiting].filter((other) => groupOf(other) === groupOf(name));
      return terminating.has(name) ? [name, ...others] : others;
    },
    async sync(name, cluster) {
      const key = definitionKey(clusterId, {
        group: groupOf(name),
        resource: name.slice(0, name.indexOf('.')),
      });
      const turn = await takeTurn(context.storage, definitionRules, clusterId);
      const entry = await context.storage.get(key);
      if (entry === undefined) return undefined;
      const found = readObject(entry);
      const next =
        found.metadata.deletionTimestamp === undefined
          ? named(context, cluster, found)
          : await cleanedUp(context, cluster, found);
      const expect = [{ key, revision: entry.revision }, ...turn.expect];
      if (isFinished(definitionKind, next)) {
        await context.storage.commit({ expect, changes: [{ type: 'delete', key }] });
      } else if (!sameJson(next, found)) {
        await context.storage.commit({ expect, changes: [writeObject(key, next), ...turn.changes] });
      }
      return undefined;
    },
  } satisfies Controller;
};

function note(names: Set<string>, name: string, isIn: boolean): void {
  if (isIn) names.add(name);
  else names.delete(name);
}

/** Called for every write of a definition; most are far longer than what is looked for. */
function isTerminating(value: string): boolean {
  if (!value.includes('"deletionTimestamp"')) return false;
  return at(JSON.parse(value), 'metadata', 'deletionTimestamp') !== undefined;
}

function hasItsNames(value: string): boolean {
  return (
    value.includes('"type":"NamesAccepted","status":"True"') &&
    value.includes('"type":"Established","status":"True"')
  );
}

/** The definition with the names that are free now; as it is where nobody has checked it and it is not valid. */
function named(context: ControllerContext, { cluster }: ClusterAccess, found: KubeObject): KubeObject {
  if (checkObject(messageType, found).wrongTypes.length > 0) return found;
  const next = completeDefinition(found, context.served(cluster), context.now());
  return definitionErrors(next, undefined).length > 0 ? found : next;
}

const groupOf = (name: string): string => name.slice(name.indexOf('.') + 1);

/** The definition after what can be deleted of its objects has been; without our finalizer when none is left. */
async function cleanedUp(
  context: ControllerContext,
  { cluster }: ClusterAccess,
  definition: KubeObject,
): Promise<KubeObject> {
  if (definition.metadata.finalizers?.includes(cleanupFinalizer) !== true) return definition;
  const told = (condition: Omit<Condition, 'type'>): KubeObject => ({
    ...definition,
    status: withCondition(
      objectOf(definition, 'status'),
      { type: 'Terminating', ...condition },
      kubernetesTime(context.now()),
    ),
  });
  const { group, names, isEstablished } = readDefinition(definition);
  const isOwn = context
    .served(cluster)
    .definitions.some(
      (one) => one.group === group && one.resource === names.plural && one.custom === undefined,
    );
  // SECURITY: a definition named like one of Kubernetes' own resources must not take that resource's objects with it.
  if (!isEstablished || isOwn) {
    const message = 'resource was never established';
    return withoutFinalizer(told({ status: 'False', reason: 'NeverEstablished', message }), cleanupFinalizer);
  }
  const left = await deleteObjects(context, cluster.clusterId, { group, resource: names.plural });
  if (left > 0) {
    const message = 'CustomResource deletion is in progress';
    return told({ status: 'True', reason: 'InstanceDeletionInProgress', message });
  }
  const done = told({
    status: 'False',
    reason: 'InstanceDeletionCompleted',
    message: 'removed all instances',
  });
  return withoutFinalizer(done, cleanupFinalizer);
}

/**
 * Deletes every object of a resource; answers how many are still held by something. One that cannot be deleted keeps none
 * of the others, and is told when they have gone.
 */
async function deleteObjects(
  context: ControllerContext,
  clusterId: string,
  kind: { readonly group: string; readonly resource: string },
): Promise<number> {
  let left = 0;
  const failures: unknown[] = [];
  const told = {
    held: () => {
      left += 1;
    },
    failed: (error: unknown) => void failures.push(error),
  };
  const prefix = resourcePrefix(clusterId, kind.group, kind.resource);
  await deleteBelow(context, kind, prefix, { turns: createTurns(), told });
  if (failures.length > 0) throw failures[0];
  return left;
}
