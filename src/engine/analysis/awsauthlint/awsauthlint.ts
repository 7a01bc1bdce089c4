import { lowerAscii } from '../../arn/case.ts';
import { nearest } from '../policylint/patterns.ts';
import type { Finding } from '../policylint/rule.ts';
import { lintAccounts } from './accounts.ts';
import { reportDuplicates } from './duplicates.ts';
import { collectFindings, type Report } from './finding.ts';
import { type LintedItem, lintItems } from './items.ts';
import type { AwsAuthSource, SourceKey, YamlNode } from './source.ts';

const keys = ['mapRoles', 'mapUsers', 'mapAccounts'] as const;
type Key = (typeof keys)[number];

/**
 * Everything in aws-auth that does not do what it seems to (eks-access-facts G, token-facts 7), in the order of the text.
 * `ssoRoleMatch`: the gate of `sso` items is known to be open.
 */
export function lintAwsAuth(
  source: AwsAuthSource,
  options: { readonly ssoRoleMatch: boolean },
): readonly Finding[] {
  const { report, findings } = collectFindings();
  const items: LintedItem[] = [];
  for (const key of source.keys) {
    const name = keys.find((known) => known === key.name);
    if (name === undefined) reportUnknownKey(key, report);
    else items.push(...lintKey(name, key, options, report));
  }
  reportDuplicates(items, report);
  return findings.toSorted(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
}

function lintKey(
  name: Key,
  { position, value }: SourceKey,
  options: { readonly ssoRoleMatch: boolean },
  report: Report,
): readonly LintedItem[] {
  switch (value.kind) {
    case 'empty':
      report('EW-AUTH-007', name, position, `\`${name}\` is empty and counts as absent`, 'leave the key out');
      return [];
    case 'broken':
      report(
        'EW-AUTH-002',
        name,
        value.position,
        `${value.message}: nobody in \`${name}\` is mapped until it is mended`,
      );
      return [];
    case 'yaml':
      if (!value.isText) {
        report(
          'EW-AUTH-003',
          name,
          position,
          `\`${name}\` is not text: an API server refuses the ConfigMap`,
          `write \`${name}: |\` and indent what follows`,
        );
      }
      return lintList(name, value.node, options, report);
    default:
      return value satisfies never;
  }
}

function lintList(
  name: Key,
  node: YamlNode,
  options: { readonly ssoRoleMatch: boolean },
  report: Report,
): readonly LintedItem[] {
  if (node.kind === 'null') return [];
  if (node.kind !== 'list') {
    report(
      'EW-AUTH-004',
      name,
      node.position,
      `\`${name}\` is no list: nobody in it is mapped`,
      'begin each item with `- `',
    );
    return [];
  }
  if (name !== 'mapAccounts') return lintItems(name, node.items, options, report);
  lintAccounts(node.items, report);
  return [];
}

function reportUnknownKey({ name, position }: SourceKey, report: Report): void {
  const meant =
    keys.find((known) => lowerAscii(known) === lowerAscii(name)) ?? nearest(name, keys as readonly string[]);
  if (meant === undefined) {
    report('EW-AUTH-006', name, position, `key \`${name}\` is not read`);
    return;
  }
  report(
    'EW-AUTH-005',
    name,
    position,
    `key \`${name}\` is not read: names of keys count by case and letter`,
    `write \`${meant}\``,
  );
}
