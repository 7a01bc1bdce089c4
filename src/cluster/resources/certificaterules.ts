import { quote } from '../../engine/rbac/quote.ts';
import { type FieldError, forbiddenField } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject, type JsonValue, own, sameJson } from '../../wire/kube/json.ts';
import { shownUser } from '../../wire/kube/reviews.ts';
import type { KubeObject } from '../objects/object.ts';
import type { KindRules } from './kind.ts';

/** What is special about CertificateSigningRequests; signing is somebody else's. */
export const certificateRequestRules: KindRules = {
  // SECURITY: whoever signs goes by who asked, which nobody says but the server, and by what was asked at first.
  complete(next, old, { request }) {
    const { spec: asked, ...others } = next;
    const { username: _, uid: __, groups: ___, extra: ____, ...wanted } = isObject(asked) ? asked : {};
    const spec: JsonObject = { ...wanted, ...(shownUser(request.user) as JsonObject) };
    return { ...(others as KubeObject), ...(old === undefined ? { spec } : { spec: old.spec ?? {} }) };
  },
  validate: approvalErrors,
};

/**
 * What is wrong with the status of a CertificateSigningRequest (upstream's pkg/apis/certificates/validation).
 *
 * SECURITY: approving and denying have an address of their own, `approval`, and ask for `approve` on the signer beside it.
 * Who may only write the status must not do either.
 */
function approvalErrors(next: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  return ['Approved', 'Denied', 'Failed'].flatMap((type) => {
    const [before, after] = [conditionsOf(old, type), conditionsOf(next, type)];
    const change = changeOf(before, after);
    if (change === undefined || (type === 'Failed' && change !== 'remove')) return [];
    return [
      forbiddenField('status.conditions', `updates may not ${change} a condition of type ${quote(type)}`),
    ];
  });
}

function changeOf(before: readonly JsonValue[], after: readonly JsonValue[]): string | undefined {
  if (after.length < before.length) return 'remove';
  if (after.length > before.length) return 'add';
  return sameJson(before, after) ? undefined : 'modify';
}

function conditionsOf(request: KubeObject | undefined, type: string): readonly JsonValue[] {
  const conditions = at(request, 'status', 'conditions');
  return Array.isArray(conditions) ? conditions.filter((one: JsonValue) => own(one, 'type') === type) : [];
}
