import { deflateRawSync } from 'node:zlib';
import { AwsError } from '../../wire/protocols/errors.ts';
import { smallDeflate } from '../credentials/sessionpacking.ts';
import type { PassedPolicies } from './sessionpolicies.ts';
import type { SessionTagging } from './sessiontags.ts';

/** Bytes of policies, ARNs, tag keys and values together. */
const plainSpace = 4096;
/** Bytes of them compressed, as they travel in the token: beside them it holds names, a secret and a provider. */
const packedSpace = 1000;

interface Packed {
  readonly policies: PassedPolicies | undefined;
  readonly tagging: SessionTagging;
}

/**
 * How much of the space for policies and tags a session takes, in percent; undefined when it has neither. Throws
 * PackedPolicyTooLarge beyond 100 (iam-facts I9).
 *
 * COMPAT: AWS's packing is not public. Ours is the larger of two shares: of the plain text, which grows with every
 * character, and of the compressed text, which is what the token has room for.
 */
export function packedPolicySize(packed: Packed): number | undefined {
  const { policies, tagging } = packed;
  if (policies === undefined && tagging.tags.length === 0) return undefined;
  const size = shareOf(packed);
  const policiesAlone = policies === undefined ? 0 : shareOfPolicies(policies);
  if (size <= 100 && policiesAlone <= 100) return size;
  throw packedPolicyTooLarge(
    policiesAlone > 100 ? 'policies' : 'tags',
    policiesAlone > 100 ? policiesAlone : size,
  );
}

/**
 * Throws as `packedPolicySize` does, where nobody is told how much it is: what fits as it is need not be compressed, which
 * is a good part of what making a session costs.
 */
export function requirePackedPolicyFits(packed: Packed): void {
  const length = Buffer.byteLength(JSON.stringify(textsOf(packed)));
  if (packed.policies !== undefined || length > packedSpace - deflateHead) packedPolicySize(packed);
}

/** More than a deflated text can be longer than itself. */
const deflateHead = 64;

/** iam-facts I9. */
export function packedPolicyTooLarge(what: 'policies' | 'tags', percent: number): AwsError {
  return new AwsError(
    'PackedPolicyTooLargeException',
    what === 'policies'
      ? `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`
      : `Packed size of session tags consumes ${percent}% of allotted space.`,
  );
}

/** Characters of the inline policy and the ARNs together (iam-facts I1). */
const policySpace = 2048;

function shareOfPolicies(policies: PassedPolicies): number {
  const length = [policies.inline ?? '', ...policies.arns].join('').length;
  return Math.max(Math.ceil((length * 100) / policySpace), shareOf({ policies, tagging: noTags }));
}

const noTags: SessionTagging = { tags: [], transitiveTagKeys: [] };

function textsOf({ policies, tagging }: Packed): readonly string[] {
  return [
    policies?.inline ?? '',
    ...(policies?.arns ?? []),
    ...tagging.tags.flatMap(({ Key, Value }) => [Key, Value]),
    ...tagging.transitiveTagKeys,
  ];
}

function shareOf(packed: Packed): number {
  const texts = textsOf(packed);
  const plain = Buffer.from(texts.join(''), 'utf8');
  const compressed = deflateRawSync(JSON.stringify(texts), smallDeflate);
  return Math.max(
    Math.ceil((plain.length * 100) / plainSpace),
    Math.ceil((compressed.length * 100) / packedSpace),
  );
}
