import { lowerAscii } from '../../arn/case.ts';
import type { Position } from '../../iam/position.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import type { Report } from './finding.ts';
import type { YamlNode } from './source.ts';

/** An item of a permission set (token-facts 7.1). */
export function lintSso(
  node: YamlNode,
  element: string,
  position: Position,
  options: { readonly ssoRoleMatch: boolean },
  report: Report,
): void {
  const dropped = (place: Position, what: string, hint: string): void =>
    report('EW-AUTH-061', element, place, `${what}: the item is dropped`, hint);
  if (node.kind !== 'map') {
    dropped(node.position, `\`${element}\` is no mapping`, 'give `permissionSetName` and `accountID`');
    return;
  }
  const fields = new Map(node.members.map((member) => [lowerAscii(member.name), member.value]));
  const texts: Record<string, string> = {};
  for (const name of ['permissionsetname', 'accountid', 'partition']) {
    const value = fields.get(name);
    if (value === undefined || value.kind === 'null') continue;
    if (value.kind !== 'text' && name === 'partition') {
      const what = `${element}.partition`;
      report(
        'EW-AUTH-013',
        what,
        value.position,
        `\`${what}\` is no text and counts as empty`,
        'put it in quotes',
      );
      continue;
    }
    if (value.kind !== 'text') {
      dropped(value.position, `\`${name}\` of \`${element}\` is no text`, 'put it in quotes');
      return;
    }
    texts[name] = value.text;
  }
  const { permissionsetname: permissionSetName = '', accountid: accountID = '', partition } = texts;
  const sso = { permissionSetName, accountID, ...(partition !== undefined && { partition }) };
  if (compileSsoPattern(sso) === undefined) {
    dropped(
      node.position,
      `\`${element}\` names no permission set of an account`,
      '`permissionSetName` has up to 32 characters, `accountID` 12 digits in quotes',
    );
    return;
  }
  if (!options.ssoRoleMatch) {
    report(
      'EW-AUTH-060',
      element,
      position,
      `\`${element}\` counts only where the gate of \`sso\` items is open, which it is not in EKS`,
      'start the server with --sso-role-match and check with --sso-role-match, or make a matcher entry',
    );
  }
  if (partition !== undefined && partition !== '') {
    report(
      'EW-AUTH-062',
      element,
      fields.get('partition')?.position ?? position,
      'the authenticator loses a partition that is given, and the item never matches there; here it counts',
      partition === 'aws' ? 'leave it out' : undefined,
    );
  }
}
