import { lowerAscii } from '../../engine/arn/case.ts';
import { reservedPrefix } from '../../engine/identity/reserved.ts';
import type { AccessEntryType } from '../../storage/records/eks.ts';
import { isServiceLinkedRoleArn, type NamedPrincipal } from './principals.ts';
import { invalidParameter } from './refusals.ts';

/** In the order AWS prints them in its messages (F8, F9); HYPERPOD_LINUX is in neither (F37). */
const nodeTypesInMessages = ['EC2_LINUX', 'EC2_WINDOWS', 'FARGATE_LINUX', 'HYBRID_LINUX', 'EC2'] as const;
const entryTypes: readonly AccessEntryType[] = ['STANDARD', ...nodeTypesInMessages, 'HYPERPOD_LINUX'];

/** AWS publishes no limits (B32); these bound what one entry can cost and are far above what anybody reported. */
const MAX_GROUPS = 100;
const MAX_NAME_LENGTH = 1024;

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
  if (groups.length > MAX_GROUPS) {
    throw invalidParameter(
      `The specified kubernetesGroups is invalid: at most ${MAX_GROUPS} groups are allowed`,
    );
  }
  for (const group of groups) {
    const prefix = reservedPrefix(group);
    if (prefix !== undefined) {
      throw invalidParameter(`The kubernetes group name ${group} is invalid, it cannot start with ${prefix}`);
    }
    if (group === '' || group.length > MAX_NAME_LENGTH) {
      throw invalidParameter(
        `The kubernetes group name ${group.slice(0, MAX_NAME_LENGTH)} is invalid, it must have 1 to ${MAX_NAME_LENGTH} characters`,
      );
    }
    // SECURITY: groups are rendered like usernames (B24). With a session named `system`, the group
    // `{{SessionName}}:masters` would become `system:masters`. A session name holds no colon, so one before the
    // first template settles what the group begins with.
    if (templateBeforeColon(group)) {
      throw invalidParameter(
        `The kubernetes group name ${group} is invalid, a colon must come before the first session name`,
      );
    }
  }
}

/** A custom username, checked (F7, F34, B22). */
export function refuseBadUsername(username: string): void {
  const prefix = reservedPrefix(username);
  if (prefix !== undefined) throw invalidParameter(`The username must not begin with ${prefix}`);
  if (username.startsWith('session')) {
    throw invalidParameter('Access Entry username cannot start with "session".');
  }
  if (username.length > MAX_NAME_LENGTH) {
    throw invalidParameter(
      `The specified username is invalid: it must have at most ${MAX_NAME_LENGTH} characters`,
    );
  }
  if (templateBeforeColon(username)) {
    throw invalidParameter(
      'The specified username is invalid: a colon must come before the first {{SessionName}} or {{SessionNameRaw}}',
    );
  }
}

/** F10, F11: EKS sets groups and username of node types itself. An empty list or name counts as not sent. */
export function refuseNodeMembers(
  type: AccessEntryType,
  sent: { readonly groups: readonly string[]; readonly username: string | undefined },
): void {
  if (type === 'STANDARD') return;
  const refuse = (member: string): never => {
    throw invalidParameter(
      `The specified ${member} is invalid: setting ${member} is not allowed when the type is "${type}"`,
    );
  };
  if (sent.groups.length > 0) refuse('kubernetesGroups');
  if (sent.username !== undefined) refuse('username');
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
  switch (type) {
    case 'STANDARD':
      return principal.kind === 'role'
        ? `arn:${principal.partition}:sts::${principal.accountId}:assumed-role/${principal.name}/{{SessionName}}`
        : principal.arn;
    case 'EC2_LINUX':
    case 'EC2_WINDOWS':
    case 'EC2': // COMPAT: not documented (B3)
      return 'system:node:{{EC2PrivateDNSName}}';
    case 'FARGATE_LINUX':
    case 'HYBRID_LINUX':
    case 'HYPERPOD_LINUX': // COMPAT: not documented (B3)
      return 'system:node:{{SessionName}}';
    default:
      throw new Error(`unknown entry type: ${type satisfies never}`);
  }
}

/** COMPAT: only EC2_LINUX's groups are documented (B3); the others follow aws-auth without the bootstrap group. */
export function defaultGroups(type: AccessEntryType): readonly string[] {
  switch (type) {
    case 'STANDARD':
      return [];
    case 'EC2_LINUX':
    case 'EC2':
    case 'HYBRID_LINUX':
    case 'HYPERPOD_LINUX':
      return ['system:nodes'];
    case 'EC2_WINDOWS':
      return ['eks:kube-proxy-windows', 'system:nodes'];
    case 'FARGATE_LINUX':
      return ['system:node-proxier', 'system:nodes'];
    default:
      throw new Error(`unknown entry type: ${type satisfies never}`);
  }
}

/** True where a session name stands before every colon, so that the caller would choose how the rendered text begins. */
function templateBeforeColon(text: string): boolean {
  const template = /\{\{SessionName(?:Raw)?\}\}/.exec(text)?.index;
  if (template === undefined) return false;
  const colon = text.indexOf(':');
  return colon === -1 || colon > template;
}
