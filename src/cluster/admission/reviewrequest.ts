import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import type { JsonObject } from '../../wire/kube/json.ts';
import type { Operation } from './rules.ts';

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Everything a webhook is told of a request; '' and undefined for what is not there. */
export interface ReviewFacts {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly requestKind: GroupVersionKind;
  readonly requestResource: GroupVersionResource;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
  readonly operation: Operation;
  readonly user: UserInfo;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly dryRun: boolean;
  readonly options: JsonObject;
}

/** The AdmissionReview as the API server writes it. */
export function reviewRequest(version: 'v1' | 'v1beta1', facts: ReviewFacts): string {
  const { subresource, name, namespace, user } = facts;
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid: facts.uid,
      kind: facts.kind,
      resource: facts.resource,
      ...(subresource !== '' && { subResource: subresource }),
      requestKind: facts.requestKind,
      requestResource: facts.requestResource,
      ...(subresource !== '' && { requestSubResource: subresource }),
      ...(name !== '' && { name }),
      ...(namespace !== '' && { namespace }),
      operation: facts.operation,
      userInfo: {
        username: user.username,
        ...(user.uid !== '' && { uid: user.uid }),
        ...(user.groups.length > 0 && { groups: user.groups }),
        ...(Object.keys(user.extra).length > 0 && { extra: user.extra }),
      },
      object: facts.object ?? null,
      oldObject: facts.oldObject ?? null,
      dryRun: facts.dryRun,
      options: facts.options,
    },
  });
}
