import type { Decision, DecisionEvidence } from '../engine/authorizer/decision.ts';
import type { AuthenticationEvidence } from './server.ts';

/** Evidence in one line for a person. It prints what the decision carries and decides nothing. */
export function describeDecision(decision: Decision): string {
  const { evidence } = decision;
  switch (evidence.by) {
    case 'systemMasters':
      return 'member of system:masters';
    case 'accessPolicy':
      return `entry ${shortArn(evidence.principalArn)} → ${policyName(evidence.policyArn)} on ${scopeText(evidence.accessScope)}`;
    case 'rbac':
      return `${bindingText(evidence.binding)} → ${evidence.role.kind} ${evidence.role.name}`;
    case 'nothing':
      return missText(evidence);
  }
}

export function describeAuthentication(evidence: AuthenticationEvidence): string {
  return evidence.hint === undefined ? evidence.message : `${evidence.message} (${evidence.hint})`;
}

function missText(evidence: Extract<DecisionEvidence, { by: 'nothing' }>): string {
  return evidence.misses[0]?.message ?? 'no access policy and no role binding applies';
}

/** `arn:aws:iam::111122223333:role/ops` → `role/ops` */
export function shortArn(arn: string): string {
  return arn.split(':').slice(5).join(':') || arn;
}

function policyName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

function scopeText(scope: { readonly type: string; readonly namespaces: readonly string[] }): string {
  return scope.type === 'cluster' ? 'the cluster' : scope.namespaces.join(', ');
}

function bindingText(binding: {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}): string {
  return `${binding.kind} ${binding.namespace === '' ? '' : `${binding.namespace}/`}${binding.name}`;
}
