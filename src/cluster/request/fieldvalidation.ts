import type { JsonObject } from '../../wire/kube/json.ts';
import { badRequest } from '../../wire/kube/status.ts';
import {
  checkObject,
  strictDecodingMessage,
  unknownFieldWarnings,
  wrongTypeMessage,
} from '../../wire/kube/unknownfields.ts';
import type { FieldValidation } from './options.ts';

export interface FieldTarget {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined for kinds whose types we do not carry: they are not looked at. */
  readonly messageType: string | undefined;
  readonly fieldValidation: FieldValidation;
}

/**
 * Compares an object with its kind (kubernetes-facts D2.7): a field of the wrong type is refused always, one the kind
 * does not have with Strict. Answers values for Warning headers.
 */
export function checkFields(object: JsonObject, target: FieldTarget): readonly string[] {
  const { kind, apiVersion, fieldValidation } = target;
  const { unknownFields, wrongTypes } = checkObject(target.messageType, object);
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  if (wrongTypes.length > 0) throw badRequest(wrongTypeMessage(kind, version, wrongTypes));
  if (unknownFields.length === 0 || fieldValidation === 'Ignore') return [];
  if (fieldValidation === 'Warn') return unknownFieldWarnings(unknownFields);
  throw badRequest(strictDecodingMessage(kind, version, unknownFields));
}
