import { stripRolePath } from '../arn/canonical.ts';
import type { UserInfo } from '../authorizer/attributes.ts';
import type { Principal } from '../iam/principal.ts';
import { breakGlassPrefix } from './reserved.ts';
import { canonicalArnOf, userInfoFor } from './userinfo.ts';

/** Who is administrator of a cluster outside every map: both members are compared, with case. */
export interface BreakGlass {
  /** Of a role or a user. */
  readonly principalArn: string;
  /** AROA…, AIDA…, never ''. */
  readonly principalId: string;
}

/** SECURITY: by unique id and ARN. A principal that was re-created or renamed since is not who was chosen. */
export function isBreakGlass(principal: Principal, { principalArn, principalId }: BreakGlass): boolean {
  return (
    (principal.kind === 'assumedRole' || principal.kind === 'user') &&
    principalId !== '' &&
    principal.principalId === principalId &&
    canonicalArnOf(principal) === stripRolePath(principalArn)
  );
}

/** `entryway:break-glass:role/ROLE/SESSION` or `entryway:break-glass:user/NAME`, and `system:masters`. */
export function breakGlassUser(principal: Principal): UserInfo {
  const name =
    principal.kind === 'assumedRole'
      ? `role/${principal.roleName}/${principal.sessionName}`
      : principal.arn.slice(principal.arn.lastIndexOf(':') + 1);
  return userInfoFor(principal, `${breakGlassPrefix}${name}`, ['system:masters']);
}
