import { reservedPrefix } from './reserved.ts';

/** AWS publishes no limits (eks-access-facts B32); these bound what one entry can cost and are far above what anybody reported. */
export const mostGroups = 100;
const longestName = 1024;

/** Why an access entry of type STANDARD cannot have the group, in EKS's words (F6); undefined where it can. */
export function groupFault(group: string): string | undefined {
  const shown = `The kubernetes group name ${group.slice(0, longestName)} is invalid`;
  const prefix = reservedPrefix(group);
  if (prefix !== undefined)
    return `The kubernetes group name ${group} is invalid, it cannot start with ${prefix}`;
  if (group === '' || group.length > longestName)
    return `${shown}, it must have 1 to ${longestName} characters`;
  // SECURITY: groups are rendered like usernames (B24). With a session named `system`, the group
  // `{{SessionName}}:masters` would become `system:masters`. A session name holds no colon, so one before the
  // first template settles what the group begins with.
  return isTemplateBeforeColon(group)
    ? `${shown}, a colon must come before the first session name`
    : undefined;
}

/** Why an access entry of type STANDARD cannot have the username, in EKS's words (F7, F34, B22). */
export function usernameFault(username: string): string | undefined {
  const prefix = reservedPrefix(username);
  if (prefix !== undefined) return `The username must not begin with ${prefix}`;
  if (username.startsWith('session')) return 'Access Entry username cannot start with "session".';
  if (username.length > longestName) {
    return `The specified username is invalid: it must have at most ${longestName} characters`;
  }
  return isTemplateBeforeColon(username)
    ? 'The specified username is invalid: a colon must come before the first {{SessionName}} or {{SessionNameRaw}}'
    : undefined;
}

/** True where a session name stands before every colon, so that the caller would choose how the rendered text begins. */
function isTemplateBeforeColon(text: string): boolean {
  const template = /\{\{SessionName(?:Raw)?\}\}/.exec(text)?.index;
  if (template === undefined) return false;
  const colon = text.indexOf(':');
  return colon === -1 || colon > template;
}
