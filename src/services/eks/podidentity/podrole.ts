import { compileActions } from '../../../engine/iam/actions.ts';
import { parsePolicy } from '../../../engine/iam/parse.ts';
import { podIdentityAudience } from '../../../engine/podcredentials/names.ts';
import type { RoleRecord } from '../../../storage/records/iam.ts';
import { roleKey } from '../../../storage/records/keys.ts';
import type { Expectation, Storage } from '../../../storage/storage.ts';
import { roleArn as arnOfRole } from '../../iam/arns.ts';
import type { OperationContext } from '../../operation.ts';
import { namedPrincipal } from '../principals.ts';
import { invalidParameter } from '../refusals.ts';

/**
 * The role of an association exists (F24) and lets EKS take it (F25). Answers what keeps it so until a commit. Ask after
 * `iam:PassRole`: who may not pass a role is not told whether it exists.
 */
export async function requirePodRole(
  storage: Pick<Storage, 'get'>,
  { partition }: Pick<OperationContext, 'partition'>,
  roleArn: string,
  clusterName: string,
): Promise<Expectation> {
  const named = namedPrincipal(roleArn);
  const stored = named && (await storage.get(roleKey(named.accountId, named.name)));
  const role = stored && (JSON.parse(stored.value) as RoleRecord);
  // The key ignores case; an ARN does not, and it holds the path.
  if (stored === undefined || role === undefined || arnOfRole(partition, role) !== roleArn) {
    throw invalidParameter('Role provided in the request does not exist.', clusterName);
  }
  if (!speaksOfPods(role)) {
    throw invalidParameter(
      'Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue',
      clusterName,
    );
  }
  return { key: stored.key, revision: stored.revision };
}

const neededActions = ['sts:assumerole', 'sts:tagsession'];

/**
 * Does the trust policy allow the service what EKS Pod Identity does (J7)? No decision: conditions and denials are judged
 * when pods ask. COMPAT: users report both actions as needed; whether also where session tags are disabled is not known.
 */
function speaksOfPods({ trustPolicy }: RoleRecord): boolean {
  const parsed = parsePolicy(trustPolicy, 'trust');
  if (!parsed.ok) return false;
  const allowed = parsed.document.statements
    .filter(
      ({ effect, principal }) =>
        effect === 'Allow' &&
        principal?.negated === false &&
        principal.entries.some(({ type, value }) => type === 'Service' && value === podIdentityAudience),
    )
    .map(({ action }) => compileActions(action));
  return neededActions.every((action) => allowed.some((covers) => covers(action)));
}
