import { randomBytes, randomUUID } from 'node:crypto';
import { mintSession } from '../services/credentials/sessions.ts';
import type { SessionSubject } from '../services/credentials/sessiontoken.ts';
import { createSecretBox } from '../services/secretbox.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { readSealingKey } from './datadirectory.ts';

const durationSeconds = 3600;

/**
 * A session of a principal, by authority of the data directory instead of a trust policy.
 *
 * SECURITY: whoever can read the sealing key can do this by hand; it must stay a local function on that file and never
 * become something a server answers.
 */
export function mintSessionFromDataDirectory(
  dataDirectory: string,
  subject: SessionSubject,
): SigningCredentials {
  const secretBox = createSecretBox(readSealingKey(dataDirectory));
  const random = { bytes: randomBytes, uuid: randomUUID };
  const { accessKeyId, secretAccessKey, sessionToken } = mintSession({ secretBox, random }, subject, {
    now: Date.now(),
    durationSeconds,
  });
  return { accessKeyId, secretAccessKey, sessionToken };
}
