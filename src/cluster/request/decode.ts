import { decodeBody as decodeBytes } from '../../wire/kube/body.ts';
import type { JsonObject } from '../../wire/kube/json.ts';
import { requestFormat } from '../../wire/kube/negotiation.ts';
import { badRequest } from '../../wire/kube/status.ts';
import type { ResourceRequest } from '../context.ts';
import { checkFields, type FieldTarget } from './fieldvalidation.ts';
import { header } from './headers.ts';

/** The object of a POST or PUT; an empty body is refused. */
export async function decodeBody(request: ResourceRequest, target: FieldTarget): Promise<JsonObject> {
  const format = requestFormat(header(request.headers, 'content-type'));
  const body = await request.readBody();
  if (body.length === 0) throw badRequest('the body of the request is empty');
  const { object, repeated } = decodeBytes(body, format, {
    findsRepeated: target.fieldValidation !== 'Ignore',
  });
  // Fields of a protobuf body that our types lack were written by a newer client and are dropped, as upstream does.
  return format === 'protobuf' ? object : checkFields(object, { ...target, repeated }, request.warn);
}

/** The optional object of a DELETE; undefined when there is no body. */
export async function decodeOptionalBody(request: ResourceRequest): Promise<JsonObject | undefined> {
  const body = await request.readBody();
  if (body.length === 0) return undefined;
  return decodeBytes(body, requestFormat(header(request.headers, 'content-type'))).object;
}
