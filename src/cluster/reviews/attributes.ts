import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { reviewedUser as withPrincipal } from '../../engine/identity/review.ts';
import { invalidValue, required } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';

const group = 'authorization.k8s.io';

function text(object: JsonValue | undefined, member: string): string {
  const value = own(object, member);
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw badRequest(`${member} is not a string`);
  return value;
}

function texts(value: JsonValue | undefined, field: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw badRequest(`${field} is not a list of strings`);
}

/** The one question of a review's spec (kubernetes-facts B23): exactly one of the two attribute blocks. */
export function reviewedAttributes(spec: JsonObject, kind: string, user: UserInfo): Attributes {
  const resource = spec.resourceAttributes ?? undefined;
  const nonResource = spec.nonResourceAttributes ?? undefined;
  if (resource !== undefined && nonResource !== undefined) {
    throw invalid({ group, kind }, '', [
      invalidValue(
        'spec.nonResourceAttributes',
        nonResource,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]);
  }
  if (nonResource !== undefined) {
    if (!isObject(nonResource)) throw badRequest('nonResourceAttributes is not an object');
    return { kind: 'nonResource', user, verb: text(nonResource, 'verb'), path: text(nonResource, 'path') };
  }
  if (resource === undefined) {
    throw invalid({ group, kind }, '', [
      required(
        'spec.resourceAttributes',
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]);
  }
  if (!isObject(resource)) throw badRequest('resourceAttributes is not an object');
  return {
    kind: 'resource',
    user,
    verb: text(resource, 'verb'),
    apiGroup: text(resource, 'group'),
    apiVersion: text(resource, 'version') || '*',
    resource: text(resource, 'resource'),
    subresource: text(resource, 'subresource'),
    namespace: text(resource, 'namespace'),
    name: text(resource, 'name'),
  };
}

/** Whom a SubjectAccessReview asks about: a user or at least one group. */
export function reviewedUser(spec: JsonObject, kind: string): UserInfo {
  const username = text(spec, 'user');
  const groups = texts(spec.groups, 'spec.groups');
  if (username === '' && groups.length === 0) {
    throw invalid({ group, kind }, '', [
      invalidValue('spec.user', username, 'at least one of user or group must be specified'),
    ]);
  }
  const extra = spec.extra ?? {};
  if (!isObject(extra)) throw badRequest('spec.extra is not an object');
  return withPrincipal({
    username,
    uid: text(spec, 'uid'),
    groups,
    extra: Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [key, texts(values, `spec.extra.${key}`)]),
    ),
  });
}
