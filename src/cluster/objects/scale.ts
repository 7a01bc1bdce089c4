import { quote } from '../../engine/rbac/quote.ts';
import { invalidValue } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonValue, own, printed } from '../../wire/kube/json.ts';
import { shapeOfKind } from '../../wire/kube/managedfields/shape.ts';
import type { CustomScale } from '../../wire/kube/resources.ts';
import { internalError, invalid, unsupportedMediaType } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { valueAt } from '../customresources/resourcerules.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { readConfiguration } from './apply.ts';
import { changeObject } from './change.ts';
import { ownershipOfApply, ownershipOfUpdate, replicasOnly } from './managers.ts';
import { toKubeObject } from './metadata.ts';
import type { KubeObject } from './object.ts';
import { isApply, otherPatchTypes, readPatch } from './patch.ts';
import { readOne } from './read.ts';

const scaleKind = { apiVersion: 'autoscaling/v1', kind: 'Scale' } as const;
const messageType = 'autoscaling.v1.Scale';

/** GET, PUT and PATCH of the `scale` subresource: `spec.replicas` of the object, seen as a Scale. */
export async function serveScale(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const custom = request.resource.custom?.scale;
  if (request.verb === 'get') {
    const answer = await readOne(context, request);
    if (answer.kind !== 'object') return answer;
    if (custom !== undefined && valueAt(answer.object, custom.specReplicasPath) === undefined) {
      throw internalError(`the spec replicas field ${quote(custom.specReplicasPath)} does not exist`);
    }
    return scaleAnswer(answer.object, custom);
  }
  const isApplied = request.verb === 'patch' && isApply(request);
  if (isApplied && custom !== undefined && custom.specReplicasPath !== '.spec.replicas') {
    // COMPAT: upstream translates the field's owners.
    throw unsupportedMediaType(otherPatchTypes);
  }
  const kind = isApplied ? 'Apply' : request.verb === 'patch' ? 'Patch' : 'Update';
  const { dryRun, fieldValidation, force } = writeOptions(request.query, kind);
  let edit: (scale: KubeObject, managedFields: JsonValue | undefined) => JsonValue;
  let ownership = ownershipOfUpdate(context, request);
  if (isApplied) {
    const applied = ownershipOfApply(context, request, {
      shape: shapeOfKind(messageType),
      config: await readConfiguration(request, scaleKind, { messageType }),
      force,
      scope: replicasOnly,
    });
    edit = applied.apply;
    ownership = applied.own;
  } else if (request.verb === 'patch') {
    edit = (await readPatch(request, messageType)).apply;
  } else {
    const body = await decodeBody(request, { ...scaleKind, messageType, fieldValidation });
    edit = () => body;
  }
  const set = (scale: KubeObject, current: KubeObject): KubeObject => {
    const replicas = at(scale, 'spec', 'replicas') ?? 0;
    if (
      typeof replicas !== 'number' ||
      !Number.isInteger(replicas) ||
      replicas < 0 ||
      replicas > 2 ** 31 - 1
    ) {
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, request.name, [
        invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    }
    const { name = current.metadata.name, namespace, uid, resourceVersion } = scale.metadata;
    const next = withReplicas(current, custom?.specReplicasPath ?? '.spec.replicas', replicas);
    return {
      ...next,
      // What the client claims about the object is checked as for the object itself; nothing else is taken over.
      metadata: {
        ...current.metadata,
        ...(name !== undefined && { name }),
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
        resourceVersion: resourceVersion ?? '',
      },
    };
  };
  // Webhooks see a Scale, too, and what they make of it is checked like what the client made.
  const get = (object: KubeObject): KubeObject => scaleOf(object, custom);
  const lens = { get, set, messageType };
  const options = { part: '', dryRun, isPut: false, own: ownership, lens } as const;
  const object = await changeObject(context, request, options, (current) =>
    set(toKubeObject(edit(get(current), current.metadata.managedFields), scaleKind), current),
  );
  return scaleAnswer(object, custom);
}

/** The object with another number of replicas at `.spec.replicas` or wherever it has it. */
function withReplicas(object: KubeObject, path: string, replicas: number): KubeObject {
  const set = (value: JsonValue | undefined, [name, ...rest]: readonly string[]): JsonValue => {
    if (name === undefined) return replicas;
    return { ...(isObject(value) ? value : {}), [name]: set(own(value, name), rest) };
  };
  return set(object, path.slice(1).split('.')) as KubeObject;
}

function scaleAnswer(object: KubeObject, custom: CustomScale | undefined): Answer {
  return { kind: 'object', status: 200, object: scaleOf(object, custom) };
}

function scaleOf(object: KubeObject, custom: CustomScale | undefined): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector =
    custom === undefined ? selectorText(at(object, 'spec', 'selector')) : customSelector(object, custom);
  const count = (path: string): JsonValue => valueAt(object, path) ?? 0;
  return {
    ...scaleKind,
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: count(custom?.specReplicasPath ?? '.spec.replicas') },
    status: {
      replicas: count(custom?.statusReplicasPath ?? '.status.replicas'),
      ...(selector !== '' && { selector }),
    },
  };
}

function customSelector(object: KubeObject, { labelSelectorPath }: CustomScale): string {
  const selector = labelSelectorPath === undefined ? undefined : valueAt(object, labelSelectorPath);
  return typeof selector === 'string' ? selector : '';
}

/** A label selector as the text Scale carries. Replication controllers have a plain map. */
function selectorText(selector: JsonValue | undefined): string {
  if (!isObject(selector)) return '';
  const labels = isObject(selector.matchLabels) ? selector.matchLabels : selector;
  return Object.entries(labels)
    .filter(([, value]) => typeof value === 'string')
    .map(([key, value]) => `${key}=${printed(value)}`)
    .sort()
    .join(',');
}
