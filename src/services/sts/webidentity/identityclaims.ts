import type { JWTPayload } from 'jose';
import { contextKey, type RequestContext } from '../../../engine/iam/request.ts';
import { invalidToken } from '../errors.ts';
import type { TaggingRequest } from '../sessiontags.ts';
import type { VerifiedIdentity } from './identitytoken.ts';

const tagsClaim = 'https://aws.amazon.com/tags';
const sourceIdentityClaim = 'https://aws.amazon.com/source_identity';

/**
 * The session tags that the identity provider wants, in either form AWS documents: one claim with an object, or one claim
 * for each tag (`https://aws.amazon.com/tags/principal_tags/KEY`). Throws for a claim of another shape: leaving a tag out
 * could leave a policy's deny out (iam-facts I16).
 */
export function claimedTagging(claims: JWTPayload): TaggingRequest {
  const nested = claims[tagsClaim] === undefined ? {} : objectOf(claims[tagsClaim]);
  // A map: a tag named `__proto__` would vanish in an object.
  const principalTags = new Map(
    Object.entries(nested.principal_tags === undefined ? {} : objectOf(nested.principal_tags)),
  );
  let transitive = nested.transitive_tag_keys;
  for (const [name, value] of Object.entries(claims)) {
    if (!name.startsWith(`${tagsClaim}/`)) continue;
    const rest = name.slice(tagsClaim.length + 1);
    if (rest === 'transitive_tag_keys' && transitive === undefined) transitive = value;
    else if (rest.startsWith('principal_tags/') && rest.length > 'principal_tags/'.length) {
      const key = rest.slice('principal_tags/'.length);
      if (principalTags.has(key)) throw unreadable();
      principalTags.set(key, value);
    } else throw unreadable();
  }
  return {
    Tags: [...principalTags].map(([Key, value]) => ({ Key, Value: onlyTextOf(value) })),
    TransitiveTagKeys: transitive === undefined ? [] : textsOf(transitive),
  };
}

/** The source identity that the provider sets; its shape is the caller's to check. */
export function claimedSourceIdentity(claims: JWTPayload): string | undefined {
  const value = claims[sourceIdentityClaim];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidToken('The source identity of the token cannot be read');
  return value;
}

/**
 * What a trust policy can ask about the token: `oidc.example.com/id/x:sub` and so on (iam-facts F4.5).
 * COMPAT: AWS knows more claims of some named providers; here they are `aud`, `sub` and `amr`.
 */
export function providerKeys(
  providerUrl: string,
  { subject, audience, claims }: VerifiedIdentity,
): RequestContext {
  const keys = new Map<string, string | readonly string[]>([
    [contextKey(`${providerUrl}:aud`), audience],
    [contextKey(`${providerUrl}:sub`), subject],
  ]);
  const { amr } = claims;
  if (amr !== undefined) keys.set(contextKey(`${providerUrl}:amr`), textsOf(amr));
  return keys;
}

const unreadable = () => invalidToken('The session tags of the token cannot be read');

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable();
  return value as Record<string, unknown>;
}

function textsOf(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === 'string')) throw unreadable();
  return list;
}

function onlyTextOf(value: unknown): string {
  const [text, ...more] = textsOf(value);
  if (text === undefined || more.length > 0) throw unreadable();
  return text;
}
