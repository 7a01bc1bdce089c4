import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import { breakGlassPrefix, reservedPrefix } from '../../engine/identity/reserved.ts';
import type { JsonObject } from '../json.ts';
import type { DecidingConfig } from './config.ts';

const unavailablePrefixes = ['system:', breakGlassPrefix] as const;

/** What is wrong with the claims of a token that is genuine. */
export type ClaimFault =
  | 'missingRequiredClaim'
  | 'badUsernameClaim'
  | 'emailNotVerified'
  | 'badGroupsClaim'
  | 'reservedName';

/**
 * Whom proven claims speak for, as kube-apiserver maps them (eks-access-facts K2). Texts are compared byte by byte.
 *
 * COMPAT: claims that a provider keeps elsewhere (`_claim_sources`) are not fetched: such a user has no groups.
 * SECURITY: no `principal` and no `extra`, so access policies, which belong to IAM principals, never apply here.
 */
export function userOfClaims(
  config: DecidingConfig,
  claims: JsonObject,
): { readonly ok: true; readonly user: UserInfo } | { readonly ok: false; readonly fault: ClaimFault } {
  const hasAll = Object.entries(config.requiredClaims).every(
    ([claim, value]) => claimOf(claims, claim) === value,
  );
  if (!hasAll) return { ok: false, fault: 'missingRequiredClaim' };

  const usernameClaim = config.usernameClaim ?? 'sub';
  const name = claimOf(claims, usernameClaim);
  if (typeof name !== 'string' || name === '') return { ok: false, fault: 'badUsernameClaim' };
  // An address that nobody has proven to be theirs; who does not say does not doubt it.
  const verified = claimOf(claims, 'email_verified');
  if (usernameClaim === 'email' && verified !== undefined && verified !== true) {
    return { ok: false, fault: 'emailNotVerified' };
  }
  const names = groupNames(config, claims);
  if (names === undefined) return { ok: false, fault: 'badGroupsClaim' };

  const username = usernamePrefix(config, usernameClaim) + name;
  const groups = names.map((group) => (config.groupsPrefix ?? '') + group);
  // SECURITY: Kubernetes' own names, `system:masters` first of all, are not for a provider to give, nor is a name that
  // says who broke the glass.
  if ([username, ...groups].some((text) => reservedPrefix(text, unavailablePrefixes) !== undefined)) {
    return { ok: false, fault: 'reservedName' };
  }
  return { ok: true, user: { username, uid: '', groups, extra: {} } };
}

function usernamePrefix({ usernamePrefix: prefix, issuerUrl }: DecidingConfig, claim: string): string {
  if (prefix === '-') return '';
  return prefix ?? (claim === 'email' ? '' : `${issuerUrl}#`);
}

/** One name or a list of names; undefined for anything else. */
function groupNames({ groupsClaim }: DecidingConfig, claims: JsonObject): readonly string[] | undefined {
  const value = groupsClaim === undefined ? undefined : claimOf(claims, groupsClaim);
  if (value === undefined || value === null) return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.every((name) => typeof name === 'string') ? names : undefined;
}

/** SECURITY: what every object has, like `constructor`, is no claim. */
function claimOf(claims: JsonObject, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
