import { invalidValue } from '../../wire/kube/fielderror.ts';
import type { JsonObject } from '../../wire/kube/json.ts';
import type { CustomVersion } from '../../wire/kube/resources.ts';
import { conformResource } from '../../wire/kube/schema/resource.ts';
import { compileSchema } from '../../wire/kube/schema/schema.ts';
import { badRequest, invalid, type KubeStatusError } from '../../wire/kube/status.ts';
import {
  checkObject,
  decodingMessage,
  type ObjectFindings,
  strictDecodingError,
  unknownFieldTexts,
  withoutUnknownFields,
  wrongTypeError,
} from '../../wire/kube/unknownfields.ts';
import type { ResourceRequest } from '../context.ts';
import type { FieldValidation } from './options.ts';

export interface FieldTarget {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined for kinds whose types we do not carry: they are not looked at. */
  readonly messageType: string | undefined;
  /** Of a custom resource: its schema is its type. */
  readonly custom?: CustomVersion | undefined;
  readonly fieldValidation: FieldValidation;
  /** What the body says twice, in Kubernetes' words. */
  readonly repeated?: readonly string[];
  /**
   * The patch that made the object, in the words of the API server. With it a refusal is a 422 that shows the patch,
   * without it a 400.
   */
  readonly patch?: () => string;
}

/**
 * Compares an object with its kind (kubernetes-facts D2.7): a field of the wrong type is refused always, one the kind
 * does not have with Strict; with Warn the client is told of it. Answers what is left of the object then: what the kind
 * does not have is not stored. What a custom resource keeps is decided by its schema, elsewhere.
 */
export function checkFields<T extends JsonObject>(
  object: T,
  target: FieldTarget,
  warn: ResourceRequest['warn'],
): T {
  const { unknownFields, wrongTypes, illegalBase64 } = findingsOf(object, target);
  if (wrongTypes.length > 0) throw refusal(target, wrongTypeError(wrongTypes));
  if (illegalBase64 !== undefined) throw refusal(target, illegalBase64);
  const texts = [...(target.repeated ?? []), ...unknownFieldTexts(unknownFields)];
  if (texts.length > 0 && target.fieldValidation === 'Strict') {
    throw refusal(target, strictDecodingError(texts));
  }
  if (target.fieldValidation === 'Warn') {
    for (const text of texts) warn(text.replaceAll(/\s*\n\s*/g, ' '));
  }
  if (unknownFields.length === 0 || target.custom !== undefined) return object;
  // The members our own types name are members of every kind.
  return withoutUnknownFields(target.messageType, object) as T;
}

function findingsOf(object: JsonObject, { messageType, custom }: FieldTarget): ObjectFindings {
  return custom === undefined ? checkObject(messageType, object) : customFindings(object, custom);
}

/** Values of a custom resource are judged by validation; only what is no metadata at all cannot be read. */
function customFindings(object: JsonObject, custom: CustomVersion): ObjectFindings {
  const metadata = checkObject('meta.v1.ObjectMeta', object.metadata ?? {});
  const { unknown, error } = conformResource(compileSchema(custom.schema), object);
  const below = (path: string): string => `metadata.${path}`;
  return {
    illegalBase64: undefined,
    unknownFields: [...metadata.unknownFields.map(below), ...unknown],
    wrongTypes: [
      ...metadata.wrongTypes.map(below),
      ...(error === undefined ? [] : [`${error.field}: ${error.text}`]),
    ],
  };
}

function refusal({ kind, apiVersion, patch }: FieldTarget, error: string): KubeStatusError {
  if (patch !== undefined)
    return invalid({ group: '', kind: '' }, '', [invalidValue('patch', patch(), error)]);
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return badRequest(decodingMessage(kind, version, error));
}
