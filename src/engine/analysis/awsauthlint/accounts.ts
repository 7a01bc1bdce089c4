import { isAccountId } from '../../arn/arn.ts';
import type { Report } from './finding.ts';
import type { YamlNode } from './source.ts';

/** mapAccounts: every principal of an account, under its own ARN and without groups (eks-access-facts G9). */
export function lintAccounts(items: readonly YamlNode[], report: Report): void {
  const seen = new Set<string>();
  items.forEach((item, at) => {
    const element = `mapAccounts[${at}]`;
    const { position } = item;
    if (item.kind !== 'text') {
      report(
        'EW-AUTH-013',
        element,
        position,
        `\`${element}\` is no text and is dropped`,
        'give the id alone',
      );
      return;
    }
    if (!isAccountId(item.text)) {
      report(
        'EW-AUTH-050',
        element,
        position,
        `\`${element}\` is no account id: it matches nobody`,
        'an id has 12 digits',
      );
      return;
    }
    if (seen.has(item.text)) {
      report('EW-AUTH-025', element, position, `account \`${item.text}\` is in the list already`);
      return;
    }
    seen.add(item.text);
    report(
      'EW-AUTH-042',
      element,
      position,
      `every principal of account \`${item.text}\` is let in, under its ARN and in no group`,
      'map the roles that need it; whatever `system:authenticated` may do, all of them may',
    );
    if (item.isQuoted) return;
    report(
      'EW-AUTH-051',
      element,
      position,
      `account id \`${item.text}\` has no quotes: the authenticator keeps its digits, other tools read a number`,
      `write "${item.text}"`,
    );
  });
}
