import type { Operations } from '../operation.ts';
import { createAbsentCredentialOperations } from './absentcredentials.ts';
import { createAccessKeyOperations } from './accesskeys.ts';
import { createAccountAliasOperations } from './accountalias.ts';
import type { IamDependencies } from './dependencies.ts';
import { createGroupOperations } from './groups.ts';
import { createInstanceProfileOperations } from './instanceprofiles.ts';
import { createLastUsedOperations } from './lastused.ts';
import { createMembershipOperations } from './memberships.ts';
import { createMfaOperations } from './mfa/operations.ts';
import { createOidcProviderOperations } from './oidcproviders.ts';
import { createAttachmentOperations } from './policies/attachments.ts';
import { createBoundaryOperations } from './policies/boundaries.ts';
import { createInlinePolicyOperations } from './policies/inlinepolicies.ts';
import { createPolicyOperations } from './policies/policies.ts';
import { createPolicyEntityOperations } from './policies/policyentities.ts';
import { createPolicyVersionOperations } from './policies/policyversions.ts';
import { createReportOperations } from './reports/operations.ts';
import { createRoleOperations } from './roles.ts';
import { createServiceLinkedRoleOperations } from './servicelinkedroles.ts';
import { createSimulationOperations } from './simulation/operations.ts';
import { createTagOperations } from './tags.ts';
import { createUserOperations } from './users.ts';

/** The operations of IAM. Each mutation is one commit with expectations; refusals carry AWS's code and text. */
export function createIamOperations(dependencies: IamDependencies): Operations {
  return {
    ...createUserOperations(dependencies),
    ...createAccessKeyOperations(dependencies),
    ...createAbsentCredentialOperations(dependencies),
    ...createAccountAliasOperations(dependencies),
    ...createRoleOperations(dependencies),
    ...createGroupOperations(dependencies),
    ...createBoundaryOperations(dependencies),
    ...createInlinePolicyOperations(dependencies),
    ...createAttachmentOperations(dependencies),
    ...createPolicyOperations(dependencies),
    ...createPolicyVersionOperations(dependencies),
    ...createPolicyEntityOperations(dependencies),
    ...createLastUsedOperations(dependencies),
    ...createMembershipOperations(dependencies),
    ...createTagOperations(dependencies),
    ...createMfaOperations(dependencies),
    ...createSimulationOperations(dependencies),
    ...createReportOperations(dependencies),
    ...createInstanceProfileOperations(dependencies),
    ...createOidcProviderOperations(dependencies),
    ...createServiceLinkedRoleOperations(dependencies),
  };
}
