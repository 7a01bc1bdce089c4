import { lowerAscii } from '../../arn/case.ts';
import type { Position } from '../../iam/position.ts';
import { nearest } from '../policylint/patterns.ts';
import { lintArn } from './arns.ts';
import type { Report } from './finding.ts';
import { lintNames } from './names.ts';
import type { YamlMember, YamlNode } from './source.ts';
import { lintSso } from './sso.ts';

/** An item with an ARN, as far as others may have the same. */
export interface LintedItem {
  readonly key: 'mapRoles' | 'mapUsers';
  /** `mapRoles[2]` */
  readonly element: string;
  readonly position: Position;
  readonly arn: string;
}

const fields = {
  mapRoles: ['rolearn', 'sso', 'username', 'groups', 'userid'],
  mapUsers: ['userarn', 'username', 'groups', 'userid'],
} as const;

/** mapRoles and mapUsers, item by item (eks-access-facts G2 to G6, G14). */
export function lintItems(
  key: LintedItem['key'],
  items: readonly YamlNode[],
  options: { readonly ssoRoleMatch: boolean },
  report: Report,
): readonly LintedItem[] {
  return items.flatMap((node, at) => {
    const element = `${key}[${at}]`;
    if (node.kind !== 'map') {
      report('EW-AUTH-010', element, node.position, `\`${element}\` is no mapping and is dropped`);
      return [];
    }
    return lintItem(
      key,
      element,
      node.position,
      membersOf(key, element, node.members, report),
      options,
      report,
    );
  });
}

type Members = ReadonlyMap<string, YamlMember>;

function lintItem(
  key: LintedItem['key'],
  element: string,
  position: Position,
  members: Members,
  options: { readonly ssoRoleMatch: boolean },
  report: Report,
): readonly LintedItem[] {
  const arnField = key === 'mapRoles' ? 'rolearn' : 'userarn';
  const arn = textOf(members.get(arnField), element, report);
  const sso = key === 'mapRoles' ? members.get('sso') : undefined;
  const hasSso = sso !== undefined && sso.value.kind !== 'null';
  const username = textOf(members.get('username'), element, report);
  const groups = groupsOf(members.get('groups'), element, report);

  const arnMember = members.get(arnField);
  if (arn !== undefined && arn !== '' && hasSso) {
    report(
      'EW-AUTH-012',
      element,
      sso.position,
      `\`${element}\` has both \`rolearn\` and \`sso\` and is dropped`,
      'make two items of it',
    );
    return [];
  }
  if (hasSso) lintSso(sso.value, `${element}.sso`, sso.position, options, report);
  else if (arn === undefined || arn === '') {
    // Of a field that is there and is no text that has been said.
    if (arnMember === undefined || arn === '') {
      const [wanted, hint] =
        key === 'mapRoles' ? ['`rolearn` or `sso`', 'give one of them'] : ['`userarn`', 'give it'];
      report('EW-AUTH-011', element, position, `\`${element}\` has no ${wanted} and is dropped`, hint);
    }
    return [];
  } else lintArn(key, arn, `${element}.${arnField}`, arnMember?.value.position ?? position, report);

  const usernamePosition = members.get('username')?.value.position ?? position;
  lintNames({ key, element, position, username, usernamePosition, groups }, report);
  return arn === undefined || hasSso
    ? []
    : [{ key, element, position: arnMember?.position ?? position, arn }];
}

/** By lower-case name. Where two names differ in case alone the later in byte order counts, as in the authenticator. */
function membersOf(
  key: LintedItem['key'],
  element: string,
  list: readonly YamlMember[],
  report: Report,
): Members {
  const members = new Map<string, YamlMember>();
  for (const member of list.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = lowerAscii(member.name);
    const before = members.get(name);
    if (before !== undefined) {
      report(
        'EW-AUTH-015',
        `${element}.${before.name}`,
        before.position,
        `\`${before.name}\` and \`${member.name}\` are one name to the authenticator, and \`${member.name}\` counts`,
        'leave one of them out',
      );
    }
    members.set(name, member);
    if (!(fields[key] as readonly string[]).includes(name)) reportUnknownField(key, element, member, report);
  }
  return members;
}

function reportUnknownField(
  key: LintedItem['key'],
  element: string,
  { name, position }: YamlMember,
  report: Report,
): void {
  const other = key === 'mapRoles' ? 'mapUsers' : 'mapRoles';
  const meant = nearest(lowerAscii(name), fields[key]);
  const isOfOther = (fields[other] as readonly string[]).includes(lowerAscii(name));
  report(
    'EW-AUTH-014',
    `${element}.${name}`,
    position,
    `field \`${name}\` of \`${element}\` is not read`,
    isOfOther
      ? `it belongs to items of \`${other}\``
      : meant === undefined
        ? undefined
        : `did you mean \`${meant}\`?`,
  );
}

/** The text of a field: '' where it is absent or null, undefined where it is no text (G4). */
function textOf(member: YamlMember | undefined, element: string, report: Report): string | undefined {
  if (member === undefined || member.value.kind === 'null') return '';
  if (member.value.kind === 'text') return member.value.text;
  const what = `${element}.${member.name}`;
  report(
    'EW-AUTH-013',
    what,
    member.value.position,
    `\`${what}\` is ${described(member.value)} and counts as empty`,
    'put it in quotes',
  );
  return undefined;
}

/** The groups that count (G4). */
function groupsOf(
  member: YamlMember | undefined,
  element: string,
  report: Report,
): readonly { readonly text: string; readonly position: Position }[] {
  if (member === undefined || member.value.kind === 'null') return [];
  const what = `${element}.${member.name}`;
  if (member.value.kind !== 'list') {
    report(
      'EW-AUTH-013',
      what,
      member.value.position,
      `\`${what}\` is ${described(member.value)}, not a list: the item counts with no groups`,
      'begin each group with `- `',
    );
    return [];
  }
  return member.value.items.flatMap((group, at) => {
    if (group.kind === 'text') return [{ text: group.text, position: group.position }];
    report(
      'EW-AUTH-013',
      `${what}[${at}]`,
      group.position,
      `\`${what}[${at}]\` is ${described(group)} and is dropped`,
      'put it in quotes',
    );
    return [];
  });
}

function described(node: YamlNode): string {
  switch (node.kind) {
    case 'map':
      return 'a mapping';
    case 'list':
      return 'a list';
    case 'text':
      return 'text';
    case 'null':
      return 'nothing';
    case 'other':
      return node.type;
    default:
      return node satisfies never;
  }
}
