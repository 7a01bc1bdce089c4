import type { ClusterAccess } from '../../access/access.ts';
import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import type { Decision } from '../../engine/authorizer/decision.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { RequestInfo } from '../../wire/kube/requestinfo.ts';
import { forbidden } from '../../wire/kube/status.ts';
import { minorVersion } from '../version.ts';
import type { HeaderLines } from './headers.ts';

/** What a request asks, in the words of the authorizer. */
export function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  if (!info.isResourceRequest) {
    return { kind: 'nonResource', user, verb: info.verb, path: info.path };
  }
  return {
    kind: 'resource',
    user,
    verb: info.verb,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
  };
}

/** The decision that allows; anything else is thrown as Kubernetes' 403 (kubernetes-facts B27, B29, B30). */
export function authorizeOrThrow(
  cluster: ClusterAccess,
  attributes: Attributes,
  seen: (decision: Decision) => void,
): void {
  const decision = cluster.authorize(attributes);
  seen(decision);
  if (decision.decision !== 'allow') throw forbidden(attributes, decision.reason);
}

const interactive: readonly string[] = ['exec', 'attach', 'portforward'];

/**
 * What must be allowed beside the request itself (kubernetes-facts A12): since 1.35 whoever opens a session in a pod by
 * upgrading a GET needs `create`, too, as by POST. Undefined for nothing.
 */
export function secondPermission(
  cluster: Pick<ClusterRecord, 'version'>,
  attributes: Attributes,
  lines: HeaderLines,
): Attributes | undefined {
  if (attributes.kind !== 'resource' || attributes.verb !== 'get') return undefined;
  const { apiGroup, resource, subresource } = attributes;
  if (apiGroup !== '' || resource !== 'pods' || !interactive.includes(subresource)) return undefined;
  const isUpgrade = lines.some(([name, value]) => name === 'upgrade' && value !== '');
  return isUpgrade && minorVersion(cluster) >= 35 ? { ...attributes, verb: 'create' } : undefined;
}
