import { apiVersionOf } from '../../wire/kube/resources.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { changeObject } from './change.ts';
import { ownershipOfUpdate } from './managers.ts';
import { toKubeObject } from './metadata.ts';
import type { Part } from './parts.ts';

/** PUT of an object, of its status, or of a namespace's finalizers. */
export async function updateObject(
  context: ApiContext,
  request: ResourceRequest,
  part: Part,
): Promise<Answer> {
  const { resource } = request;
  const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const options = writeOptions(request.query, 'Update');
  const body = await decodeBody(request, {
    ...expected,
    messageType: resource.messageType,
    custom: resource.custom,
    fieldValidation: options.fieldValidation,
  });
  const given = toKubeObject(body, expected);
  const object = await changeObject(
    context,
    request,
    { part, dryRun: options.dryRun, isPut: true, own: ownershipOfUpdate(context, request) },
    () => given,
  );
  return { kind: 'object', status: 200, object, resource };
}
