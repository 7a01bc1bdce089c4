import { lowerAscii } from '../../engine/arn/case.ts';
import { groupFault, mostGroups, usernameFault } from '../../engine/identity/entrynames.ts';
import { nodeTypes } from '../../engine/identity/nodetypes.ts';
import { standardUsername } from '../../engine/identity/standardusername.ts';
import type { AccessEntryType } from '../../storage/records/eks.ts';
import { isServiceLinkedRoleArn, type NamedPrincipal } from './principals.ts';
import { invalidParameter } from './refusals.ts';

/** In the order AWS prints them in its messages (F8, F9); HYPERPOD_LINUX is in neither (F37). */
const nodeTypesInMessages = ['EC2_LINUX', 'EC2_WINDOWS', 'FARGATE_LINUX', 'HYBRID_LINUX', 'EC2'] as const;
const entryTypes: readonly AccessEntryType[] = ['STANDARD', ...nodeTypesInMessages, 'HYPERPOD_LINUX'];

/**
 * The type of an entry; STANDARD when absent.
 * COMPAT: the user guide writes `EC2_Linux` in its commands while every answer shows `EC2_LINUX` (B2), so case is
 * ignored here and only here; the stored form is the upper one.
 */
export function readEntryType(type: string | undefined): AccessEntryType {
  if (type === undefined) return 'STANDARD';
  const known = entryTypes.find((candidate) => lowerAscii(candidate) === lowerAscii(type));
  if (known === undefined) {
    throw invalidParameter(
      `The specified type is invalid: the type must be one of [${entryTypes.join(', ')}]`,
    );
  }
  return known;
}

/** Groups as sent, checked (F6). Whether any binding names them is not looked at (B27). */
export function refuseBadGroups(groups: readonly string[]): void {
  if (groups.length > mostGroups) {
    throw invalidParameter(
      `The specified kubernetesGroups is invalid: at most ${mostGroups} groups are allowed`,
    );
  }
  for (const group of groups) refuse(groupFault(group));
}

/** A custom username, checked (F7, F34, B22). */
export function refuseBadUsername(username: string): void {
  refuse(usernameFault(username));
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw invalidParameter(fault);
}

/** F10, F11: EKS sets groups and username of node types itself. An empty list or name counts as not sent. */
export function refuseNodeMembers(
  type: AccessEntryType,
  sent: { readonly groups: readonly string[]; readonly username: string | undefined },
): void {
  if (type === 'STANDARD') return;
  const refuseMember = (member: string): never => {
    throw invalidParameter(
      `The specified ${member} is invalid: setting ${member} is not allowed when the type is "${type}"`,
    );
  };
  if (sent.groups.length > 0) refuseMember('kubernetesGroups');
  if (sent.username !== undefined) refuseMember('username');
}

/** What can be said about the principal without looking it up: F8, F9, F5, in the order of F36. */
export function refuseUnsuitablePrincipal(
  type: AccessEntryType,
  principalArn: string,
  named: NamedPrincipal | undefined,
  clusterAccountId: string,
): void {
  if (type !== 'STANDARD' && named !== undefined) {
    const types: readonly string[] = nodeTypesInMessages;
    const list = (types.includes(type) ? types : [...types, type]).join(', ');
    if (named.kind !== 'role') {
      throw invalidParameter(`AccessEntry principalArn must be IAM role when using types [${list}]`);
    }
    if (named.accountId !== clusterAccountId) {
      throw invalidParameter(
        `AccessEntry principalArn must be from the same account as the cluster when using types [${list}]`,
      );
    }
  }
  if (isServiceLinkedRoleArn(principalArn)) {
    throw invalidParameter(
      'The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role',
    );
  }
}

/**
 * Username EKS sets when none is given (B3, B19): a user's or root's own ARN (B20: with the user's path), a role's
 * session ARN as a template, the node's name for node types.
 */
export function defaultUsername(type: AccessEntryType, principal: NamedPrincipal): string {
  return type === 'STANDARD' ? standardUsername(principal) : nodeTypes[type].username;
}

export function defaultGroups(type: AccessEntryType): readonly string[] {
  return type === 'STANDARD' ? [] : nodeTypes[type].groups;
}
