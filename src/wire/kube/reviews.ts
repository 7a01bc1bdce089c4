import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { reviewedUser as withPrincipal } from '../../engine/identity/review.ts';
import { invalidValue, required } from './fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue, own } from './json.ts';
import { badRequest, invalid } from './status.ts';

/**
 * What reviews ask and answer (kubernetes-facts B23, B25, C4, C5): read and written alike where this server is the API
 * server and where one asks it.
 */

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

/**
 * Whom a SubjectAccessReview asks about: a user or at least one group. `groupsMember` is `groups`, in v1beta1 `group`
 * (kubernetes-facts B23).
 */
export function reviewedUser(
  spec: JsonObject,
  kind: string,
  groupsMember: 'groups' | 'group' = 'groups',
): UserInfo {
  const username = text(spec, 'user');
  const groups = texts(spec[groupsMember], `spec.${groupsMember}`);
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

/** RBAC and access policies ignore selectors; one that cannot be read is said to be ignored (kubernetes-facts B25). */
export function ignoredSelectors(spec: JsonObject): string {
  return ['fieldSelector', 'labelSelector']
    .filter((name) => {
      const selector = at(spec, 'resourceAttributes', name);
      if (selector === undefined || selector === null) return false;
      return (
        !isObject(selector) ||
        (at(selector, 'rawSelector') !== undefined && at(selector, 'requirements') !== undefined)
      );
    })
    .map((name) => `spec.resourceAttributes.${name} ignored due to parse error`)
    .join(', ');
}

/**
 * The audiences a TokenReview asks for; undefined where it asks for none in particular.
 *
 * SECURITY: audiences that cannot be read are refused; leaving them out would judge the token for another one.
 */
export function askedAudiences(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((audience) => typeof audience === 'string')) {
    throw badRequest('spec.audiences of the TokenReview is not a list of strings');
  }
  return value.length === 0 ? undefined : (value as readonly string[]);
}

/** A user as `status.user` of a TokenReview tells of it: what is empty is left out. */
export function shownUser(user: UserInfo): JsonObject {
  return {
    username: user.username,
    ...(user.uid !== '' && { uid: user.uid }),
    ...(user.groups.length > 0 && { groups: user.groups }),
    ...(Object.keys(user.extra).length > 0 && { extra: user.extra }),
  };
}
