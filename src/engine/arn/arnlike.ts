import { splitSections } from './arn.ts';
import { compileWildcard } from './wildcard.ts';

/** Does an ARN match a pattern? Compiled once for many ARNs. */
export type ArnPattern = (arn: string) => boolean;

/**
 * `ArnLike` (iam-facts B3, D3): all six sections are matched on their own, so that no wildcard crosses one of the
 * first five colons. With case. Undefined when the pattern has fewer than six sections or does not begin with `arn:`.
 */
export function compileArnPattern(pattern: string): ArnPattern | undefined {
  const sections = splitSections(pattern);
  if (sections === undefined || sections[0] !== 'arn') return undefined;
  const wildcards = sections.map(compileWildcard);
  return (arn) => {
    const values = splitSections(arn);
    return values !== undefined && wildcards.every((matches, index) => matches(values[index] ?? ''));
  };
}

/** False also when either side is no ARN. */
export function arnLike(pattern: string, arn: string): boolean {
  return compileArnPattern(pattern)?.(arn) ?? false;
}
