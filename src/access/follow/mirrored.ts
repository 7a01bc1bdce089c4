import { accountAnnotations } from '../../engine/podcredentials/names.ts';
import { resourcePrefix } from '../../storage/records/keys.ts';
import { at, isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { dnsLabelFindings, nameFindings } from '../../wire/kube/names.ts';
import { parseRbacObject, rbacRefOf } from '../rbacobjects.ts';
import type { FollowedKind } from './kinds.ts';

/** Characters of one object as it is kept; Kubernetes itself stores little more than this. */
const maximumObjectLength = 1_048_576;

export type Mirrored =
  /** Nothing that is followed: it has no name that a key may hold, or is not the one object that counts. */
  | { readonly is: 'foreign' }
  /** `value` is undefined where the object cannot be used: then what stood there is forgotten. */
  | { readonly is: 'object'; readonly place: string; readonly value: string | undefined };

/**
 * What is kept of an object as a connected cluster's API tells it: place (`NAMESPACE/NAME`) and value. Members that nothing
 * here asks for are left out (other annotations, managedFields, a service account's secrets, other keys of aws-auth), and so
 * is the resourceVersion: an object that was written again unchanged is the same text.
 *
 * SECURITY: the place becomes a key. Names and namespaces are held to Kubernetes' own rules, which let no `/` through, so
 * that no object of one cluster can be written over another's.
 */
export function mirroredObject(kind: FollowedKind, wire: unknown): Mirrored {
  const place = placeOf(kind, wire);
  if (place === undefined) return { is: 'foreign' };
  const value = textOf(kind, wire, place);
  const isKept = value !== undefined && value.length <= maximumObjectLength;
  return { is: 'object', place: `${place.namespace}/${place.name}`, value: isKept ? value : undefined };
}

/** Where the objects of a kind are, of one cluster; places follow. */
export function kindPrefix(clusterId: string, { definition }: FollowedKind): string {
  return resourcePrefix(clusterId, definition.group, definition.resource);
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

function placeOf({ definition, only }: FollowedKind, wire: unknown): Place | undefined {
  const name = at(wire, 'metadata', 'name');
  const namespace = at(wire, 'metadata', 'namespace') ?? '';
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') return undefined;
  if (only !== undefined && (name !== only.name || namespace !== only.namespace)) return undefined;
  if (nameFindings(definition, name).length > 0) return undefined;
  const isFitting = definition.namespaced ? dnsLabelFindings(namespace).length === 0 : namespace === '';
  return isFitting ? { namespace, name } : undefined;
}

function textOf(kind: FollowedKind, wire: unknown, place: Place): string | undefined {
  const { group, version, resource, kind: name } = kind.definition;
  const members = membersOf(resource, wire);
  if (members === undefined) return undefined;
  const value = JSON.stringify({
    kind: name,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: metadataOf(resource, wire, place),
    ...members,
  });
  const ref = rbacRefOf(resource, place.namespace, place.name);
  // What our own reader refuses grants nothing; so it is not kept, and told.
  return ref === undefined || parseRbacObject(ref, value) !== undefined ? value : undefined;
}

function metadataOf(resource: string, wire: unknown, { namespace, name }: Place): JsonObject {
  const text = (member: string): JsonObject => {
    const value = at(wire, 'metadata', member);
    return typeof value === 'string' ? { [member]: value } : {};
  };
  const labels = at(wire, 'metadata', 'labels');
  // Aggregation selects ClusterRoles by label; those of namespaces are what people choose namespaces by.
  const hasLabels = (resource === 'clusterroles' || resource === 'namespaces') && isObject(labels);
  return {
    name,
    ...(namespace !== '' && { namespace }),
    ...text('uid'),
    ...text('creationTimestamp'),
    ...text('deletionTimestamp'),
    ...(hasLabels && { labels }),
    ...(resource === 'serviceaccounts' && credentialAnnotations(wire)),
  };
}

/** What a service account says of the AWS credentials of its pods. */
function credentialAnnotations(wire: unknown): JsonObject {
  const all = at(wire, 'metadata', 'annotations');
  const kept = accountAnnotations.flatMap((name): (readonly [string, string])[] => {
    const value = own(all, name);
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
}

function membersOf(resource: string, wire: unknown): JsonObject | undefined {
  switch (resource) {
    case 'namespaces':
    case 'serviceaccounts':
      return {};
    case 'clusterroles':
      return given(wire, ['aggregationRule', 'rules']);
    case 'roles':
      return given(wire, ['rules']);
    case 'clusterrolebindings':
    case 'rolebindings':
      return given(wire, ['roleRef', 'subjects']);
    case 'configmaps': {
      const data = own(wire, 'data') ?? {};
      return isObject(data) ? { data: given(data, ['mapAccounts', 'mapRoles', 'mapUsers']) } : undefined;
    }
    default:
      return undefined;
  }
}

function given(source: unknown, members: readonly string[]): JsonObject {
  const found = members.map((member): [string, JsonValue | undefined] => [member, own(source, member)]);
  return Object.fromEntries(
    found.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined && entry[1] !== null),
  );
}
