import type { Position } from '../../iam/position.ts';
import { breakGlassPrefix } from '../../identity/reserved.ts';
import type { Report } from './finding.ts';

interface NamedItem {
  readonly key: 'mapRoles' | 'mapUsers';
  readonly element: string;
  readonly position: Position;
  /** '' where there is none, undefined where it is no text. */
  readonly username: string | undefined;
  readonly usernamePosition: Position;
  readonly groups: readonly { readonly text: string; readonly position: Position }[];
}

const placeholders = ['AccountID', 'SessionName', 'SessionNameRaw', 'AccessKeyID', 'EC2PrivateDNSName'];
/** What only sessions have (token-facts 7.2). */
const ofSessions = /\{\{(?:SessionName|SessionNameRaw|EC2PrivateDNSName)\}\}/;
const nodeUsername = 'system:node:';

/** Usernames and groups: who the item makes of a caller (eks-access-facts G12 to G14, G17). */
export function lintNames(item: NamedItem, report: Report): void {
  const { key, element, position, username, usernamePosition, groups } = item;
  if (username === '') {
    report(
      'EW-AUTH-030',
      element,
      position,
      `\`${element}\` has no username: the authenticator makes everybody it maps one nameless user`,
      'give `username`, for a role for example `NAME:{{SessionName}}`; a login without a name is refused here',
    );
  }
  for (const { text, position: place } of groups) {
    lintTemplate(key, `${element}.groups`, text, place, report);
    if (text === '') report('EW-AUTH-034', `${element}.groups`, place, `a group of \`${element}\` is empty`);
    if (text === 'system:masters') {
      report(
        'EW-AUTH-040',
        `${element}.groups`,
        place,
        `\`${element}\` gives \`system:masters\`, which no role or binding limits`,
        'bind a group of your own to what is needed, or associate AmazonEKSClusterAdminPolicy with an access entry',
      );
    }
  }
  if (username === undefined || username === '') return;
  lintTemplate(key, `${element}.username`, username, usernamePosition, report);
  if (username.startsWith(breakGlassPrefix)) {
    report(
      'EW-AUTH-033',
      `${element}.username`,
      usernamePosition,
      `username \`${username}\` is reserved: the login is refused`,
    );
  }
  if (key === 'mapRoles' && /^\{\{SessionName(?:Raw)?\}\}/.test(username)) {
    report(
      'EW-AUTH-041',
      `${element}.username`,
      usernamePosition,
      `the name of \`${element}\` begins with the session’s, which whoever enters the role chooses`,
      'put something of your own before it: `NAME:{{SessionName}}`',
    );
  }
  lintNode(item, username, report);
}

function lintTemplate(
  key: NamedItem['key'],
  element: string,
  text: string,
  position: Position,
  report: Report,
): void {
  for (const [whole, inner = ''] of text.matchAll(/\{\{?([^{}]*)\}\}?/g)) {
    if (whole === `{{${inner}}}` && placeholders.includes(inner)) continue;
    const meant = placeholders.find((name) => name.toLowerCase() === inner.trim().toLowerCase());
    report(
      'EW-AUTH-031',
      element,
      position,
      `\`${whole}\` is no placeholder and stays as it is`,
      meant === undefined
        ? `placeholders are ${placeholders.map((name) => `{{${name}}}`).join(', ')}`
        : `write \`{{${meant}}}\``,
    );
  }
  if (key === 'mapUsers' && ofSessions.test(text)) {
    report(
      'EW-AUTH-032',
      element,
      position,
      `a user has no session, so that \`${ofSessions.exec(text)?.[0] ?? ''}\` has no value: the login is refused`,
      'write the name itself',
    );
  }
}

/** What the nodes of EKS need (G17), and who must not be taken for one. */
function lintNode({ element, position, groups }: NamedItem, username: string, report: Report): void {
  const names = groups.map(({ text }) => text);
  const isNode = username.startsWith(nodeUsername);
  const nodeGroup = groups.find(({ text }) => text === 'system:nodes' || text === 'system:bootstrappers');
  if (!isNode) {
    if (nodeGroup === undefined) return;
    report(
      'EW-AUTH-071',
      `${element}.groups`,
      nodeGroup.position,
      `\`${element}\` is in \`${nodeGroup.text}\` and is not called \`${nodeUsername}…\``,
      'nodes are called `system:node:{{EC2PrivateDNSName}}`; others do not belong into the group',
    );
    return;
  }
  const wanted = username.includes('{{SessionName}}')
    ? ['system:bootstrappers', 'system:nodes', 'system:node-proxier']
    : ['system:bootstrappers', 'system:nodes'];
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  report(
    missing.includes('system:nodes') ? 'EW-AUTH-070' : 'EW-AUTH-072',
    element,
    position,
    `\`${element}\` is a node and not in ${missing.map((name) => `\`${name}\``).join(' and ')}`,
    `nodes ${username.includes('{{SessionName}}') ? 'of Fargate ' : ''}are in ${wanted.join(', ')}`,
  );
}
