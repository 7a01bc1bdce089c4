import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { reviewedUser as withPrincipal } from '../../engine/identity/review.ts';
import { parseFieldSelector } from './fieldselectors.ts';
import { at, isObject, type JsonObject, type JsonValue, own, printed } from './json.ts';
import { parseLabelSelector } from './labelselectors.ts';
import { badRequest } from './status.ts';

/**
 * What reviews ask and answer (kubernetes-facts B23, B25, C4, C5): read and written alike where this server is the API
 * server and where one asks it.
 */

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

/** The question of a review's spec, which is free of `blockErrors`. */
export function reviewedAttributes(spec: JsonObject, user: UserInfo): Attributes {
  const resource = spec.resourceAttributes ?? undefined;
  const nonResource = spec.nonResourceAttributes ?? undefined;
  if (resource === undefined) {
    if (!isObject(nonResource)) throw badRequest('nonResourceAttributes is not an object');
    return { kind: 'nonResource', user, verb: text(nonResource, 'verb'), path: text(nonResource, 'path') };
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
 * Whom a SubjectAccessReview asks about. `groupsMember` is `groups`, in v1beta1 `group` (kubernetes-facts B23).
 */
export function reviewedUser(spec: JsonObject, groupsMember: 'groups' | 'group' = 'groups'): UserInfo {
  const extra = spec.extra ?? {};
  if (!isObject(extra)) throw badRequest('spec.extra is not an object');
  return withPrincipal({
    username: text(spec, 'user'),
    uid: text(spec, 'uid'),
    groups: texts(spec[groupsMember], `spec.${groupsMember}`),
    extra: Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [key, texts(values, `spec.extra.${key}`)]),
    ),
  });
}

/**
 * What of a review's selectors was not understood (kubernetes-facts B25). RBAC and access policies ignore selectors, so
 * that nothing but this text depends on them: leaving a requirement out only asks for more.
 */
export function ignoredSelectors(spec: JsonObject): string {
  const field = at(spec, 'resourceAttributes', 'fieldSelector');
  const label = at(spec, 'resourceAttributes', 'labelSelector');
  return [
    ...ignoredOf('fieldSelector', field, parseFieldSelector, (requirement) => {
      const values = own(requirement, 'values');
      const operator = own(requirement, 'operator');
      return (operator === 'In' || operator === 'NotIn') && Array.isArray(values) && values.length === 1;
    }),
    ...ignoredOf('labelSelector', label, parseLabelSelector, (requirement) =>
      ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(printed(own(requirement, 'operator'))),
    ),
  ].join('; ');
}

function ignoredOf(
  name: string,
  selector: JsonValue | undefined,
  parse: (text: string) => unknown,
  isUnderstood: (requirement: JsonValue) => boolean,
): readonly string[] {
  if (!isObject(selector)) return [];
  const requirements = own(selector, 'requirements');
  const given = Array.isArray(requirements) ? requirements : [];
  const text = `spec.resourceAttributes.${name}`;
  if (given.length > 0) {
    const understood = given.filter(isUnderstood).length;
    if (understood === given.length) return [];
    return [`${text} ${understood > 0 ? 'partially ' : ''}ignored due to parse error`];
  }
  try {
    parse(printed(own(selector, 'rawSelector') ?? ''));
    return [];
  } catch {
    return [`${text} ignored due to parse error`];
  }
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
