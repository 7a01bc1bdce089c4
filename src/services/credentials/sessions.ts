import { newSecretAccessKey } from '../iam/ids.ts';
import type { ByteBox, RandomSource } from '../secrets.ts';
import { newAccessKeyId } from './accesskeyid.ts';
import { type SessionAttributes, type SessionSubject, sealSession } from './sessiontoken.ts';

/** Temporary credentials as handed out. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch milliseconds, a whole second: that is all AWS's answer can say. */
  readonly expiresAt: number;
}

export interface SessionTerms {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly durationSeconds: number;
  /** What the session carries: policies, tags, when MFA was used. */
  readonly attributes?: SessionAttributes;
  /** Characters the token has at least. */
  readonly minimumTokenLength?: number | undefined;
}

/** Makes credentials for a session. Whether one may is decided before. */
export function mintSession(
  { secretBox, random }: { readonly secretBox: ByteBox; readonly random: RandomSource },
  subject: SessionSubject,
  { now, durationSeconds, attributes = {}, minimumTokenLength = 0 }: SessionTerms,
): SessionCredentials {
  const accessKeyId = newAccessKeyId('ASIA', subject.accountId, random);
  const secretAccessKey = newSecretAccessKey(random);
  const issuedAt = Math.floor(now / 1000) * 1000;
  const expiresAt = issuedAt + durationSeconds * 1000;
  const claims = { subject, secretAccessKey, issuedAt, expiresAt, attributes };
  const sessionToken = sealSession(secretBox, accessKeyId, claims, { minimumLength: minimumTokenLength });
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
