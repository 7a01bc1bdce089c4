import { invalidValue } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonValue } from '../../wire/kube/json.ts';
import { shapeOfKind } from '../../wire/kube/managedfields/shape.ts';
import { invalid } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { readConfiguration } from './apply.ts';
import { changeObject } from './change.ts';
import { ownershipOfApply, ownershipOfUpdate, replicasOnly } from './managers.ts';
import { toKubeObject } from './metadata.ts';
import type { KubeObject } from './object.ts';
import { isApply, readPatch } from './patch.ts';
import { readOne } from './read.ts';

const scaleKind = { apiVersion: 'autoscaling/v1', kind: 'Scale' } as const;
const messageType = 'autoscaling.v1.Scale';

/** GET, PUT and PATCH of the `scale` subresource: `spec.replicas` of the object, seen as a Scale. */
export async function serveScale(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  if (request.verb === 'get') {
    const answer = await readOne(context, request);
    return answer.kind === 'object' ? scaleAnswer(answer.object) : answer;
  }
  const isApplied = request.verb === 'patch' && isApply(request);
  const kind = isApplied ? 'Apply' : request.verb === 'patch' ? 'Patch' : 'Update';
  const { dryRun, fieldValidation, force } = writeOptions(request.query, kind);
  let edit: (scale: KubeObject, managedFields: JsonValue | undefined) => JsonValue;
  let own = ownershipOfUpdate(context, request);
  if (isApplied) {
    const applied = ownershipOfApply(context, request, {
      shape: shapeOfKind(messageType),
      config: await readConfiguration(request, scaleKind, { messageType }),
      force,
      scope: replicasOnly,
    });
    edit = applied.apply;
    own = applied.own;
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
    const spec = isObject(current.spec) ? current.spec : {};
    return {
      ...current,
      // What the client claims about the object is checked as for the object itself; nothing else is taken over.
      metadata: {
        ...current.metadata,
        ...(name !== undefined && { name }),
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
        resourceVersion: resourceVersion ?? '',
      },
      spec: { ...spec, replicas },
    };
  };
  // Webhooks see a Scale, too, and what they make of it is checked like what the client made.
  const lens = { get: scaleOf, set, messageType };
  const options = { part: '', dryRun, isPut: false, own, lens } as const;
  const object = await changeObject(context, request, options, (current) =>
    set(toKubeObject(edit(scaleOf(current), current.metadata.managedFields), scaleKind), current),
  );
  return scaleAnswer(object);
}

function scaleAnswer(object: KubeObject): Answer {
  return { kind: 'object', status: 200, object: scaleOf(object) };
}

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(at(object, 'spec', 'selector'));
  return {
    ...scaleKind,
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: at(object, 'spec', 'replicas') ?? 0 },
    status: { replicas: at(object, 'status', 'replicas') ?? 0, ...(selector !== '' && { selector }) },
  };
}

/** A label selector as the text Scale carries. Replication controllers have a plain map. */
function selectorText(selector: JsonValue | undefined): string {
  if (!isObject(selector)) return '';
  const labels = isObject(selector.matchLabels) ? selector.matchLabels : selector;
  return Object.entries(labels)
    .filter(([, value]) => typeof value === 'string')
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort()
    .join(',');
}
