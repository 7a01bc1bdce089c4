import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import { quote } from '../../engine/rbac/quote.ts';
import { isObject, type JsonValue } from '../../wire/kube/json.ts';
import type { ResourceRequest } from '../context.ts';
import { withSystemGroup } from '../request/authentication.ts';

/**
 * Warns whoever came in through aws-auth that this write of a ConfigMap takes their own way in, or the right to take it
 * back. `data` is what the ConfigMap would say; undefined when it goes. What keeps somebody in beside aws-auth (an access
 * entry, the break-glass principal) counts.
 */
export function warnOfLockout(
  request: ResourceRequest,
  target: { readonly name: string; readonly data: JsonValue | undefined },
): void {
  const { cluster, caller, namespace, awsAuthPrincipal: principal } = request;
  if (principal === undefined || namespace !== 'kube-system' || target.name !== 'aws-auth') return;
  const identity = cluster.identityUnder(principal, isObject(target.data) ? target.data : undefined);
  if (!identity.ok) {
    // The name of an instance is not looked up for a warning.
    if (identity.code === 'unknownInstance') return;
    request.warn(`this locks you out of the cluster: ${identity.message}`);
    return;
  }
  if (mayUpdate(request, caller) && !mayUpdate(request, withSystemGroup(identity.user))) {
    request.warn(
      `this makes you user ${quote(identity.user.username)}, who may not update aws-auth to undo it`,
    );
  }
}

function mayUpdate({ cluster }: ResourceRequest, user: UserInfo): boolean {
  const { decision } = cluster.authorize({
    kind: 'resource',
    user,
    verb: 'update',
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'configmaps',
    subresource: '',
    namespace: 'kube-system',
    name: 'aws-auth',
  });
  return decision === 'allow';
}
