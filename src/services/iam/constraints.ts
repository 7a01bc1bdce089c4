import type { Tag } from '@aws-sdk/client-iam';
import type { Tag as StoredTag } from '../../storage/records/iam.ts';
import { type MemberConstraint, validateMember } from '../validation.ts';
import { invalidInput } from './errors.ts';

/** Lengths and patterns of the IAM service model (iam-facts J1, J2, J6, J7, J16): the SDK's schemas lack them. */

const namePattern = '[\\w+=,.@-]+';

export const newUserName: MemberConstraint = { required: true, min: 1, max: 64, pattern: namePattern };
/** Names of existing users may be longer than new ones: the limit was once 128. */
export const existingUserName: MemberConstraint = { required: true, min: 1, max: 128, pattern: namePattern };
export const groupName: MemberConstraint = { required: true, min: 1, max: 128, pattern: namePattern };
export const roleName: MemberConstraint = { required: true, min: 1, max: 64, pattern: namePattern };
export const instanceProfileName: MemberConstraint = {
  required: true,
  min: 1,
  max: 128,
  pattern: namePattern,
};
export const policyName: MemberConstraint = { required: true, min: 1, max: 128, pattern: namePattern };
export const optional = (constraint: MemberConstraint): MemberConstraint => ({
  ...constraint,
  required: false,
});

export const path: MemberConstraint = {
  min: 1,
  max: 512,
  pattern: '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)',
};
export const policyPath: MemberConstraint = {
  min: 1,
  max: 512,
  pattern: '((/[A-Za-z0-9\\.,\\+@=_-]+)*)/',
};
export const pathPrefix: MemberConstraint = { min: 1, max: 512, pattern: '\\u002F[\\u0021-\\u007E]*' };

export const policyDocument: MemberConstraint = {
  required: true,
  min: 1,
  max: 131_072,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
};
export const roleDescription: MemberConstraint = {
  max: 1000,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*',
};
export const policyDescription: MemberConstraint = { max: 1000 };
export const maxSessionDuration: MemberConstraint = { min: 3600, max: 43_200 };

export const policyArn: MemberConstraint = { required: true, min: 20, max: 2048 };
/** A boundary of a user or role that is created. */
export const boundaryArn: MemberConstraint = { min: 20, max: 2048 };
export const policyUsage: MemberConstraint = { enum: ['PermissionsPolicy', 'PermissionsBoundary'] };
export const policyVersionId: MemberConstraint = {
  required: true,
  pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?',
};
export const accountAlias: MemberConstraint = {
  required: true,
  min: 3,
  max: 63,
  pattern: '[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]',
};
export const accessKeyId: MemberConstraint = { required: true, min: 16, max: 128, pattern: '[\\w]+' };
export const accessKeyStatus: MemberConstraint = { required: true, enum: ['Active', 'Inactive'] };

export const maxItems: MemberConstraint = { min: 1, max: 1000 };
/**
 * COMPAT: the model says 320 characters, which no client checks; a marker of ours that stands on a long tag key, sealed,
 * takes more.
 */
export const marker: MemberConstraint = { min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]+' };

const tagKey: MemberConstraint = {
  required: true,
  min: 1,
  max: 128,
  pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+',
};
const tagValue: MemberConstraint = {
  required: true,
  min: 0,
  max: 256,
  pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*',
};

export const maxTags = 50;

/** Failures of the `Tags` member, in the words of `validateMember`. */
export function tagFailures(tags: readonly Tag[] | undefined): string[] {
  if (tags === undefined) return [];
  return [
    ...validateMember('tags', tags, { max: maxTags }),
    ...tags.flatMap((tag, index) => [
      ...validateMember(`tags.${index + 1}.member.key`, tag.Key, tagKey),
      ...validateMember(`tags.${index + 1}.member.value`, tag.Value, tagValue),
    ]),
  ];
}

/** Failures of the `TagKeys` member. */
export function tagKeyFailures(keys: readonly string[] | undefined): string[] {
  return [
    ...validateMember('tagKeys', keys, { required: true, max: maxTags }),
    ...(keys ?? []).flatMap((key, index) => validateMember(`tagKeys.${index + 1}.member`, key, tagKey)),
  ];
}

/** Validated tags as they are stored. Refuses keys that differ by case only, and reserved ones (iam-facts J7). */
export function storedTags(tags: readonly Tag[] | undefined): readonly StoredTag[] {
  const seen = new Set<string>();
  return (tags ?? []).map(({ Key = '', Value = '' }) => {
    const folded = Key.toLowerCase();
    if (folded.startsWith('aws:')) {
      // COMPAT: AWS refuses these too; its text is not known, this one is what EC2 says.
      throw invalidInput("Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (seen.has(folded)) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    seen.add(folded);
    return { Key, Value };
  });
}
