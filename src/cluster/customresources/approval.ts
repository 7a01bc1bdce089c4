import { type FieldError, invalidValue, required } from '../../wire/kube/fielderror.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Condition } from './conditions.ts';

const annotation = 'api-approved.kubernetes.io';
const more = 'see https://github.com/kubernetes/enhancements/pull/1111';

interface Approval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  readonly message: string;
}

/** Groups that belong to Kubernetes itself. */
function isProtected(group: string): boolean {
  return group === 'k8s.io' || group === 'kubernetes.io' || /\.(k8s|kubernetes)\.io$/.test(group);
}

function approvalOf(object: KubeObject): Approval {
  const text = object.metadata.annotations?.[annotation] ?? '';
  if (text === '') {
    return {
      state: 'missing',
      message: `protected groups must have approval annotation "${annotation}", ${more}`,
    };
  }
  if (text.startsWith('unapproved')) {
    return { state: 'bypassed', message: `not approved: ${JSON.stringify(text)}` };
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]/.test(text)) {
    return { state: 'approved', message: `approved in ${text}` };
  }
  return {
    state: 'invalid',
    message: `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${more}`,
  };
}

/** Whether a resource in a group of Kubernetes says who approved it; what stays as it was is not told again. */
export function approvalErrors(
  group: string,
  next: KubeObject,
  old: KubeObject | undefined,
): readonly FieldError[] {
  if (!isProtected(group)) return [];
  const { state, message } = approvalOf(next);
  if (state === 'approved' || state === 'bypassed') return [];
  if (old !== undefined && approvalOf(old).state === state) return [];
  const field = `metadata.annotations[${annotation}]`;
  const value = next.metadata.annotations?.[annotation] ?? '';
  return [state === 'missing' ? required(field, message) : invalidValue(field, value, message)];
}

/** Undefined for groups nobody protects. */
export function approvalCondition(group: string, object: KubeObject): Condition | undefined {
  if (!isProtected(group)) return undefined;
  const { state, message } = approvalOf(object);
  const reasons = {
    missing: ['False', 'MissingAnnotation'],
    invalid: ['False', 'InvalidAnnotation'],
    approved: ['True', 'ApprovedAnnotation'],
    bypassed: ['False', 'UnapprovedAnnotation'],
  } as const;
  const [status, reason] = reasons[state];
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
}
