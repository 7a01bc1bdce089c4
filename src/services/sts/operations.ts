import type { Operations } from '../operation.ts';
import { createAssumeRole } from './assumerole.ts';
import type { StsDependencies } from './dependencies.ts';
import { createGetFederationToken } from './getfederationtoken.ts';
import { createGetSessionToken } from './getsessiontoken.ts';
import { createGetAccessKeyInfo, DecodeAuthorizationMessage, GetCallerIdentity } from './questions.ts';
import { createAssumeRoleWithWebIdentity } from './webidentity/assumerolewithwebidentity.ts';

/**
 * STS: temporary credentials of every kind, and questions about credentials. AssumeRoot, AssumeRoleWithSAML,
 * GetWebIdentityToken and GetDelegatedAccessToken are refused by name (docs/compat.md).
 */
export function createStsOperations(dependencies: StsDependencies): Operations {
  return {
    GetCallerIdentity,
    AssumeRole: createAssumeRole(dependencies),
    AssumeRoleWithWebIdentity: createAssumeRoleWithWebIdentity(dependencies),
    GetSessionToken: createGetSessionToken(dependencies),
    GetFederationToken: createGetFederationToken(dependencies),
    GetAccessKeyInfo: createGetAccessKeyInfo(dependencies),
    DecodeAuthorizationMessage,
  };
}
