import { newSecretAccessKey, newUniqueId } from '../iam/ids.ts';
import type { RandomSource, SecretBox } from '../secrets.ts';
import { type SessionSubject, sealSession } from './sessiontoken.ts';

/** Temporary credentials as handed out. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch milliseconds, a whole second: that is all AWS's answer can say. */
  readonly expiresAt: number;
}

/** Makes credentials for a session of `durationSeconds` from `now` (epoch milliseconds). Whether one may is decided before. */
export function mintSession(
  { secretBox, random }: { readonly secretBox: SecretBox; readonly random: RandomSource },
  subject: SessionSubject,
  { now, durationSeconds }: { readonly now: number; readonly durationSeconds: number },
): SessionCredentials {
  const accessKeyId = newUniqueId('ASIA', random);
  const secretAccessKey = newSecretAccessKey(random);
  const issuedAt = Math.floor(now / 1000) * 1000;
  const expiresAt = issuedAt + durationSeconds * 1000;
  const sessionToken = sealSession(secretBox, accessKeyId, { subject, secretAccessKey, issuedAt, expiresAt });
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
