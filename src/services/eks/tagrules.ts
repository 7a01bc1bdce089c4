import { contextKey } from '../../engine/iam/request.ts';
import { AwsError } from '../../wire/protocols/errors.ts';

export type Tags = Readonly<Record<string, string>>;

const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

/**
 * Refuses tags AWS refuses (eks-access-facts A18). `code` differs: creation answers InvalidParameterException, the
 * tagging operations BadRequestException. The texts are ours (F38).
 */
export function refuseBadTags(tags: Tags, code: 'InvalidParameterException' | 'BadRequestException'): void {
  for (const [key, value] of Object.entries(tags)) {
    refuseBadTagKey(key, code);
    if ([...value].length > MAX_VALUE_LENGTH) {
      throw new AwsError(code, `The value of tag ${key} is longer than ${MAX_VALUE_LENGTH} characters`);
    }
  }
  // COMPAT: EKS takes keys that differ in case alone. SECURITY: conditions compare them without case (iam-facts D2), so
  // two such tags would be one key with two values, and a policy would judge only one of them.
  if (new Set(Object.keys(tags).map(contextKey)).size < Object.keys(tags).length) {
    throw new AwsError(code, 'Tag keys must differ in more than case');
  }
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError(code, `A resource can have at most ${MAX_TAGS} tags`);
  }
}

/** The prefix `aws:` is Amazon's own in any case: nobody else may set or remove such a tag. */
export function refuseBadTagKey(
  key: string,
  code: 'InvalidParameterException' | 'BadRequestException',
): void {
  const length = [...key].length;
  if (length === 0 || length > MAX_KEY_LENGTH) {
    throw new AwsError(code, `A tag key has 1 to ${MAX_KEY_LENGTH} characters`);
  }
  if (/^aws:/i.test(key)) {
    throw new AwsError(code, `The tag key ${key} is invalid, it cannot start with aws:`);
  }
}
