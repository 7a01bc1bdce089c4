import type { PolicyDescriptorType } from '@aws-sdk/client-sts';
import type { SessionContext } from '../../engine/iam/principal.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { requirePolicy } from '../iam/policies/policydocuments.ts';
import { findPolicy } from '../iam/policies/policylookup.ts';
import { validateMember } from '../validation.ts';
import type { StsDependencies } from './dependencies.ts';
import { validationError } from './errors.ts';

/** What a request says about session policies. */
export interface PoliciesRequest {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
}

export type PassedPolicies = NonNullable<SessionContext['policies']>;

/** Characters of the inline policy (iam-facts I1). */
const longestPolicy = 2048;

export function policyFailures({ Policy, PolicyArns }: PoliciesRequest): string[] {
  return [
    ...validateMember('policy', Policy, {
      min: 1,
      max: longestPolicy,
      pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
    }),
    ...validateMember('policyArns', PolicyArns, { max: 10 }),
    ...(PolicyArns ?? []).flatMap(({ arn }, index) =>
      validateMember(`policyArns.${index + 1}.member.arn`, arn, { required: true, min: 20, max: 2048 }),
    ),
  ];
}

/**
 * The session policies passed with a request; undefined when there are none, so that nothing is narrowed. Throws
 * MalformedPolicyDocument for an inline policy IAM would not take. The input has been through `policyFailures`.
 */
export function passedPolicies({ Policy, PolicyArns = [] }: PoliciesRequest): PassedPolicies | undefined {
  if (Policy !== undefined) requirePolicy(Policy, 'session');
  const arns = [...new Set(PolicyArns.map(({ arn = '' }) => arn))];
  for (const arn of arns) {
    if (!/^arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/.+$/.test(arn)) {
      throw validationError(`ARN ${arn} is not valid.`);
    }
  }
  if (Policy === undefined && arns.length === 0) return undefined;
  return { ...(Policy !== undefined && { inline: Policy }), arns };
}

/**
 * Managed session policies are AWS's or of the account of the session (iam-facts I10), and exist.
 * COMPAT: the code of a policy that is not there is a guess within what the model names.
 */
export async function requireManagedPolicies(
  dependencies: Pick<StsDependencies, 'storage' | 'partition'>,
  accountId: string,
  { arns }: PassedPolicies,
): Promise<void> {
  for (const arn of arns) {
    if ((await findPolicy(dependencies, accountId, arn)) === undefined) {
      throw new AwsError(
        'MalformedPolicyDocumentException',
        `Policy ${arn} does not exist or is not attachable.`,
      );
    }
  }
}
