import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { at, type JsonObject } from '../../wire/kube/json.ts';
import { badRequest } from '../../wire/kube/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { ReviewStatus } from './accessreviews.ts';

/** What may I do in a namespace? The rules of RBAC; access policies are not among them (eks-access-facts C9). */
export function selfSubjectRulesReview(request: ResourceRequest, review: JsonObject): ReviewStatus {
  const namespace = at(review, 'spec', 'namespace');
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
  const rules = request.cluster.rulesFor(request.user, namespace);
  return {
    resourceRules: rules.resourceRules.map((rule: PolicyRule) => ({
      verbs: rule.verbs,
      ...(rule.apiGroups.length > 0 && { apiGroups: rule.apiGroups }),
      ...(rule.resources.length > 0 && { resources: rule.resources }),
      ...(rule.resourceNames.length > 0 && { resourceNames: rule.resourceNames }),
    })),
    nonResourceRules: rules.nonResourceRules.map((rule: PolicyRule) => ({
      verbs: rule.verbs,
      ...(rule.nonResourceURLs.length > 0 && { nonResourceURLs: rule.nonResourceURLs }),
    })),
    incomplete: rules.incomplete,
    ...(rules.evaluationError !== '' && { evaluationError: rules.evaluationError }),
  };
}
