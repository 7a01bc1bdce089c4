import { accessPolicyLintRules } from '../accesspolicylint/accesspolicylint.ts';
import { awsAuthRules as awsAuthLintRules } from '../awsauthlint/finding.ts';
import { malformed } from '../policylint/policylint.ts';
import { rules as policyRules } from '../policylint/rules.ts';
import type { Severity } from '../policylint/severity.ts';
import { adminRules } from './admins/admins.ts';
import { pathRules } from './admins/paths.ts';
import { awsAuthRules } from './entries/awsauth.ts';
import { duplicateEntryRules } from './entries/duplicates.ts';
import { emptyEntryRules } from './entries/empty.ts';
import { nodeRules } from './entries/nodes.ts';
import { staleEntryRules } from './entries/stale.ts';
import { trustRules } from './iam/trust.ts';
import { unusedRules } from './iam/unused.ts';
import { userRules } from './iam/users.ts';
import { bindingRules } from './rbac/bindings.ts';
import { danglingRules } from './rbac/dangling.ts';
import { powerRules } from './rbac/powers.ts';
import { wildcardRules } from './rbac/wildcards.ts';
import type { AccessRule } from './rule.ts';
import { suppressionRules } from './suppressions.ts';
import { annotationRules } from './workload/annotations.ts';
import { associationRules } from './workload/associations.ts';
import { nodeRoleRules } from './workload/nodes.ts';
import { podRules } from './workload/pods.ts';
import { sharedRoleRules } from './workload/shared.ts';
import { workloadTrustRules } from './workload/trusts.ts';

/** The rules of access, in the order of their ids. */
export const accessRules: readonly AccessRule[] = [
  ...adminRules,
  ...pathRules,
  ...wildcardRules,
  ...powerRules,
  ...danglingRules,
  ...bindingRules,
  ...emptyEntryRules,
  ...duplicateEntryRules,
  ...staleEntryRules,
  ...awsAuthRules,
  ...nodeRules,
  ...userRules,
  ...trustRules,
  ...unusedRules,
  ...workloadTrustRules,
  ...annotationRules,
  ...associationRules,
  ...sharedRoleRules,
  ...podRules,
  ...nodeRoleRules,
  ...suppressionRules,
].sort((one, other) => (one.id < other.id ? -1 : 1));

/** Every id a finding of `lintAccess` can have, with its severity. */
export const accessRuleSeverities: ReadonlyMap<string, Severity> = new Map(
  [
    ...[...accessRules, malformed, ...policyRules, ...accessPolicyLintRules],
    ...Object.entries(awsAuthLintRules).map(([id, [severity]]) => ({ id, severity })),
  ].map(({ id, severity }) => [id, severity] as const),
);

export const accessRuleIds: ReadonlySet<string> = new Set(accessRuleSeverities.keys());
