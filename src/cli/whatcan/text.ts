import { Document, visit } from 'yaml';
import type { PlaceDifference } from '../../engine/analysis/whatcan/diff.ts';
import type { RuleOrigin, SourcedRule } from '../../engine/analysis/whatcan/permissions.ts';
import type { IdentityPermissions, WhatCan } from '../../engine/analysis/whatcan/whatcan.ts';
import { anySession } from '../../engine/analysis/world/sessions.ts';
import { type ClusterSubject, subjectKey } from '../../engine/analysis/world/subject.ts';
import { ruleManifest } from '../../engine/rbac/manifest.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { shortArn } from '../../server/evidence.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { renderMatrix, ruleText } from './matrix.ts';

/** Every line of it as it may stand on a terminal. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** `role/ops`, `User:ada`. */
export function subjectText(subject: ClusterSubject): string {
  return subject.kind === 'iam' ? shortArn(subject.arn) : subjectKey(subject);
}

/** Who it is, then what each of its users may. */
export function renderWhatCan(answer: WhatCan, { rules }: { readonly rules?: true | undefined }): string {
  const { identities, everybodys, incomplete } = answer;
  const [first, ...others] = identities;
  if (first === undefined) return '';
  const parts = [identityText(answer, first, others.length), permissionsText(first, rules, incomplete)];
  const told = JSON.stringify([first.everywhere, first.places]);
  for (const other of others) {
    if (JSON.stringify([other.everywhere, other.places]) === told) continue;
    const { sessionName = '', accessKeyId } = other;
    const how = accessKeyId === undefined ? `session name ${sessionName}` : `access key ${accessKeyId}`;
    parts.push(`with ${how} it is ${other.username}${groupsText(other)}\n`);
    parts.push(permissionsText(other, rules, incomplete));
  }
  const shared = [everybodys.everywhere, ...everybodys.places.map((place) => place.rules)].flat();
  if (shared.length > 0) {
    parts.push(`besides, what everybody has (${everybodysText(shared)})\n`);
  }
  return parts.join('\n');
}

export function identityText(
  { subject, cluster }: Pick<WhatCan, 'subject' | 'cluster'>,
  identity: IdentityPermissions,
  others: number,
): string {
  const { username, mappedBy, sessionName } = identity;
  const by = mappedBy === undefined ? '' : `, by ${mappingText(mappedBy)}`;
  const lines = [
    `${subjectText(subject)} on ${cluster.name} is ${username === '' ? 'a member of the group' : username}${by}`,
  ];
  if (username !== '') lines.push(`groups: ${identity.groups.join(', ') || 'none'}`);
  if (sessionName === anySession) {
    const bound =
      others === 0 ? '' : `; ${counted(others, 'name')} ${others === 1 ? 'is' : 'are'} bound by name`;
    lines.push(`${anySession} is the session name, which whoever assumes the role chooses${bound}`);
  }
  return `${lines.join('\n')}\n`;
}

function groupsText({ groups }: IdentityPermissions): string {
  return groups.length === 0 ? '' : `, groups ${groups.join(', ')}`;
}

const mappings = {
  accessEntry: 'access entry',
  awsAuth: 'aws-auth item',
  breakGlass: 'break-glass access of',
  clusterCreator: 'being the cluster’s creator',
} as const;

function mappingText({ source, arn }: NonNullable<IdentityPermissions['mappedBy']>): string {
  return source === 'clusterCreator' ? mappings[source] : `${mappings[source]} ${shortArn(arn)}`;
}

function permissionsText(
  { everywhere, places }: IdentityPermissions,
  rules: true | undefined,
  incomplete: WhatCan['incomplete'],
): string {
  if (everywhere.length === 0 && places.length === 0) {
    return `nothing of its own${incomplete.length === 0 ? '' : ', as far as was read'}\n`;
  }
  const also = everywhere.length > 0 ? ', besides' : '';
  return [
    ...(everywhere.length > 0
      ? [placeText('in every namespace and outside of namespaces', everywhere, rules)]
      : []),
    ...places.map((place) =>
      placeText(`${placeTitle(place.namespaces, place.patterns)}${also}`, place.rules, rules),
    ),
  ].join('\n');
}

function placeTitle(namespaces: readonly string[], patterns: readonly string[]): string {
  const parts = [
    ...(namespaces.length > 0
      ? [`in ${namespaces.length === 1 ? 'namespace' : 'namespaces'} ${namespaces.join(', ')}`]
      : []),
    ...(patterns.length > 0 ? [`in every namespace that fits ${patterns.join(', ')}`] : []),
  ];
  return parts.join(', and ');
}

function placeText(title: string, rules: readonly SourcedRule[], asRules: true | undefined): string {
  if (asRules)
    return `# ${title}\n${rules.map((rule) => `# from ${originsText([rule])}\n${rulesYaml([rule])}`).join('')}`;
  return `${title}\n\n${renderMatrix(rules)}\nfrom ${originsText(rules)}\n`;
}

/** As they stand below `rules:` of a ClusterRole. */
export function rulesYaml(rules: readonly PolicyRule[]): string {
  const document = new Document(rules.map(ruleManifest));
  visit(document, {
    Seq(key, node) {
      // Short lists on one line, as people write them.
      if (key !== null) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function everybodysText(rules: readonly SourcedRule[]): string {
  const names = rules.flatMap(({ from }) =>
    from.map((origin) => (origin.by === 'rbac' ? origin.binding.name : '')),
  );
  return [...new Set(names)].join(', ');
}

/** Where rules come from, each once. */
function originsText(rules: readonly SourcedRule[]): string {
  return [...new Set(rules.flatMap(({ from }) => from.map(originText)))].join(', ');
}

function originText(origin: RuleOrigin): string {
  switch (origin.by) {
    case 'systemMasters':
      return 'group system:masters';
    case 'accessPolicy': {
      const name = origin.policyArn.slice(origin.policyArn.lastIndexOf('/') + 1);
      const until =
        origin.expiresAt === undefined ? '' : ` until ${new Date(origin.expiresAt).toISOString()}`;
      return `access policy ${name} of entry ${shortArn(origin.principalArn)}${until}`;
    }
    case 'rbac': {
      const { binding, role } = origin;
      const place = binding.namespace === '' ? '' : `${binding.namespace}/`;
      return `${binding.kind} ${place}${binding.name} (${role.kind} ${role.name})`;
    }
    default:
      return origin satisfies never;
  }
}

/** What differs, place by place. */
export function differenceLines(places: readonly PlaceDifference[]): readonly string[] {
  return places.flatMap(({ namespaces, rules }) => [
    namespaces.includes('*')
      ? 'in every namespace and outside of namespaces'
      : `in ${namespaces.map((name) => (name === '**' ? 'every namespace' : name)).join(', ')}`,
    ...(rules.length === 0 ? ['  nothing'] : []),
    ...rules.flatMap(({ rule, except }) => [
      `  ${ruleText(rule)}`,
      ...(except.length > 0 ? [`    except ${except.map(ruleText).join(' | ')}`] : []),
    ]),
  ]);
}
