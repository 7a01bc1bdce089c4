import type { PolicyIdentifier } from '@aws-sdk/client-iam';
import { parseArn } from '../../../engine/arn/arn.ts';
import { compileWildcard } from '../../../engine/arn/wildcard.ts';
import { invalidInput } from '../errors.ts';
import type { CarriedPolicy } from '../policies/carried.ts';

/** Is the policy taken out of the simulation? */
export type Excluded = (policy: CarriedPolicy, use: 'permissions' | 'boundary') => boolean;

const policyTypes = ['aws-managed', 'user-managed', 'inline', 'permission-boundary', 'scp', 'rcp'];
const maxExclusions = 1000;

/** InvalidInput for identifiers that cannot be read; those that match nothing are ignored (SDK documentation). */
export function exclusionsOf(identifiers: readonly PolicyIdentifier[] | undefined): Excluded {
  if ((identifiers?.length ?? 0) > maxExclusions) {
    throw invalidInput(`PolicyExclusionList holds more than ${maxExclusions} identifiers`);
  }
  const excluded = (identifiers ?? []).map(readIdentifier);
  return (policy, use) => excluded.some((matches) => matches(policy, use));
}

function readIdentifier({
  PolicyType: type,
  PolicyArn: arn,
  InlinePolicyIdentifier: inline,
}: PolicyIdentifier): Excluded {
  if (type !== undefined) {
    if (!policyTypes.includes(type)) throw invalidInput(`${type} is not a type of policy`);
    return (policy, use) => (use === 'boundary' ? type === 'permission-boundary' : type === policy.kind);
  }
  if (arn !== undefined) {
    const resource = parseArn(arn)?.resource;
    if (resource === undefined || !isPattern(resource) || /[*?]/.test(arn.slice(0, -resource.length))) {
      throw invalidInput(`${arn} is not the ARN of a policy`);
    }
    const matches = compileWildcard(arn);
    return (policy) => policy.arn !== undefined && matches(policy.arn);
  }
  const { PolicyName: name, AttachmentType: kind, AttachmentName: holder } = inline ?? {};
  if (name === undefined || kind === undefined || holder === undefined || !isPattern(holder)) {
    throw invalidInput('a policy identifier must name a type, an ARN or an inline policy');
  }
  const matches = compileWildcard(holder);
  return (policy, use) =>
    use === 'permissions' &&
    policy.kind === 'inline' &&
    policy.name === name &&
    policy.holder.kind === kind.toLowerCase() &&
    matches(policy.holder.name);
}

/** At most one star. */
function isPattern(text: string): boolean {
  return text.split('*').length <= 2;
}
