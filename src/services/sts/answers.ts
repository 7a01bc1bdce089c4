import type { Credentials } from '@aws-sdk/client-sts';
import { mintSession, type SessionCredentials, type SessionTerms } from '../credentials/sessions.ts';
import type { SessionSubject } from '../credentials/sessiontoken.ts';
import { validateMember } from '../validation.ts';
import type { StsDependencies } from './dependencies.ts';

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

/** Makes temporary credentials; whether one may is decided before. */
export function issueSession(
  dependencies: Pick<StsDependencies, 'secretBox' | 'random'>,
  subject: SessionSubject,
  terms: SessionTerms,
): IssuedSession {
  const credentials = mintSession(dependencies, subject, terms);
  const size = credentials.sessionToken.length;
  return {
    Credentials: sessionCredentials(credentials),
    SessionTokenSize: size,
    SessionTokenUtilization: Math.min(100, Math.ceil((size * 100) / longestToken)),
  };
}

function sessionCredentials(credentials: SessionCredentials): Credentials {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(credentials.expiresAt),
  };
}
