import type { Credentials } from '@aws-sdk/client-sts';
import { mintSession, type SessionCredentials, type SessionTerms } from '../credentials/sessions.ts';
import {
  maximumSessionTokenLength,
  type SessionSubject,
  SessionTokenTooLongError,
} from '../credentials/sessiontoken.ts';
import { validateMember } from '../validation.ts';
import type { StsDependencies } from './dependencies.ts';
import { packedPolicyTooLarge } from './packedsize.ts';

/** Characters of the longest session token that can be asked for (AWS service model of 2026). */
const longestToken = 4096;

export function tokenSizeFailures(minimum: number | undefined): string[] {
  return validateMember('minimumSessionTokenSize', minimum, { min: 0, max: longestToken });
}

/** What every operation that makes temporary credentials answers. */
export interface IssuedSession {
  readonly Credentials: Credentials;
  readonly SessionTokenSize: number;
  readonly SessionTokenUtilization: number;
}

/**
 * Makes temporary credentials; whether one may is decided before. Throws PackedPolicyTooLarge when the whole of the
 * session does not fit a token, though its policies and tags are within their space.
 */
export function issueSession(
  dependencies: Pick<StsDependencies, 'secretBox' | 'random'>,
  subject: SessionSubject,
  terms: SessionTerms,
): IssuedSession {
  const credentials = mint(dependencies, subject, terms);
  const size = credentials.sessionToken.length;
  return {
    Credentials: sessionCredentials(credentials),
    SessionTokenSize: size,
    SessionTokenUtilization: Math.min(100, Math.ceil((size * 100) / longestToken)),
  };
}

function mint(...[dependencies, subject, terms]: Parameters<typeof issueSession>): SessionCredentials {
  try {
    return mintSession(dependencies, subject, terms);
  } catch (error) {
    if (!(error instanceof SessionTokenTooLongError)) throw error;
    const what = terms.attributes?.tags === undefined ? 'policies' : 'tags';
    throw packedPolicyTooLarge(what, Math.ceil((error.length * 100) / maximumSessionTokenLength));
  }
}

function sessionCredentials(credentials: SessionCredentials): Credentials {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(credentials.expiresAt),
  };
}
