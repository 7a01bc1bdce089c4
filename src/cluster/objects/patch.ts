import { parseJson, repeatedTexts } from '../../wire/kube/body.ts';
import { goText } from '../../wire/kube/gotext.ts';
import type { JsonValue } from '../../wire/kube/json.ts';
import { patchFormat } from '../../wire/kube/negotiation.ts';
import { jsonPatch } from '../../wire/kube/patch/jsonpatch.ts';
import { mergePatch } from '../../wire/kube/patch/mergepatch.ts';
import { strategicMergePatch } from '../../wire/kube/patch/strategicmergepatch.ts';
import { apiVersionOf } from '../../wire/kube/resources.ts';
import { badRequest, unsupportedMediaType } from '../../wire/kube/status.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { checkFields } from '../request/fieldvalidation.ts';
import { header } from '../request/headers.ts';
import { writeOptions } from '../request/options.ts';
import { applyObject } from './apply.ts';
import { changeObject } from './change.ts';
import { ownershipOfUpdate } from './managers.ts';
import { toKubeObject } from './metadata.ts';
import type { Part } from './parts.ts';

/** A patch that has been read and can be applied to any version of an object. */
export interface ReadPatch {
  apply(original: JsonValue): JsonValue;
  /** What a refusal shows: a strategic patch itself, of the others what they made of the object. */
  shown(patched: JsonValue): string;
  /** What the patch says twice, in Kubernetes' words. */
  repeated(): readonly string[];
}

/** All but apply. */
export const otherPatchTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** PATCH of an object or its status: JSON, merge, strategic or apply. */
export async function patchObject(
  context: ApiContext,
  request: ResourceRequest,
  part: Part,
): Promise<Answer> {
  const { resource } = request;
  const expected = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  if (isApply(request)) {
    // COMPAT: upstream applies to these parts of a pod, too; no client is known to do so.
    if (part !== '' && part !== 'status') throw unsupportedMediaType(otherPatchTypes);
    return applyObject(context, request, part);
  }
  const options = writeOptions(request.query, 'Patch');
  const patch = await readPatch(request, resource.messageType);
  const repeated = options.fieldValidation === 'Ignore' ? [] : patch.repeated();
  const object = await changeObject(
    context,
    request,
    { part, dryRun: options.dryRun, isPut: false, own: ownershipOfUpdate(context, request) },
    (current) => {
      const result = patch.apply(current);
      const patched = toKubeObject(result, expected);
      const target = {
        ...expected,
        messageType: resource.messageType,
        custom: resource.custom,
        fieldValidation: options.fieldValidation,
        repeated,
        patch: () => patch.shown(result),
      };
      return checkFields(patched, target, request.warn);
    },
  );
  return { kind: 'object', status: 200, object, resource };
}

/** Whether the patch is a server-side apply. */
export function isApply(request: ResourceRequest): boolean {
  return patchFormat(header(request.headers, 'content-type'), { strategic: true }) === 'applyPatch';
}

/**
 * Reads the body by its Content-Type. `messageType` gives the merge keys of a strategic patch. An apply is no function of
 * the object alone and is not read here.
 */
export async function readPatch(
  request: ResourceRequest,
  messageType: string | undefined,
): Promise<ReadPatch> {
  const format = patchFormat(header(request.headers, 'content-type'), {
    strategic: messageType !== undefined,
  });
  if (format === 'applyPatch') {
    throw unsupportedMediaType(otherPatchTypes);
  }
  const body = await request.readBody();
  if (body.length === 0) throw badRequest('the patch is empty');
  const patch = parseJson(body);
  const shown = (patched: JsonValue): string => JSON.stringify(patched);
  const repeated = (): readonly string[] => repeatedTexts(body);
  switch (format) {
    case 'jsonPatch':
      return {
        apply: (original) => jsonPatch(original, patch),
        shown,
        repeated: () => repeated().map((one) => `json patch ${one}`),
      };
    case 'mergePatch':
      return { apply: (original) => mergePatch(original, patch), shown, repeated };
    case 'strategicMergePatch':
      return {
        apply: (original) => strategicMergePatch(original, patch, messageType),
        shown: () => goText(patch),
        repeated,
      };
    default:
      return format satisfies never;
  }
}
