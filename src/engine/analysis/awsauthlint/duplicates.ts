import { lowerAscii } from '../../arn/case.ts';
import type { Report } from './finding.ts';
import type { LintedItem } from './items.ts';

/** One ARN in several items: no groups are put together, one item counts (eks-access-facts G7, G8). */
export function reportDuplicates(items: readonly LintedItem[], report: Report): void {
  const byArn = new Map<string, LintedItem[]>();
  for (const item of items) {
    const same = byArn.get(lowerAscii(item.arn));
    if (same === undefined) byArn.set(lowerAscii(item.arn), [item]);
    else same.push(item);
  }
  for (const same of byArn.values()) {
    const roles = same.filter(({ key }) => key === 'mapRoles');
    const users = same.filter(({ key }) => key === 'mapUsers');
    // Roles are looked up first, so that a role's item hides all of the users'.
    const counting = roles.at(-1) ?? users.at(-1);
    for (const item of same) {
      if (item === counting || counting === undefined) continue;
      const isRandom = roles.length === 0 && item.arn !== counting.arn;
      report(
        'EW-AUTH-025',
        item.element,
        item.position,
        isRandom
          ? `\`${item.arn}\` differs from \`${counting.element}\` in case alone: the authenticator takes either, at random`
          : `\`${item.arn}\` is also in \`${counting.element}\`, which is the one that counts`,
        'put all groups into one item',
      );
    }
  }
}
