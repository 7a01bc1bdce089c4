import type { Operations } from '../../operation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { createAccountSummaryOperations } from './accountsummary.ts';
import { createAuthorizationDetailsOperations } from './authorizationdetails.ts';
import { createCredentialReportOperations } from './credentialreport.ts';
import { createPoliciesGrantingOperations } from './policiesgranting.ts';
import { createServiceAccessOperations } from './serviceaccess.ts';

/** What an account can be told about itself as a whole (iam-facts J20 to J22, J26). */
export function createReportOperations(dependencies: IamDependencies): Operations {
  return {
    ...createAccountSummaryOperations(dependencies),
    ...createCredentialReportOperations(dependencies),
    ...createAuthorizationDetailsOperations(dependencies),
    ...createPoliciesGrantingOperations(dependencies),
    ...createServiceAccessOperations(dependencies),
  };
}
