import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DigestPublicKey, digestPublicKey } from '../../audit/export/digest.ts';
import { ConfigError } from '../config.ts';
import { createPrivateFile } from '../datadirectory.ts';

const keyFileOf = (dataDirectory: string): string => join(dataDirectory, 'trail.key');

/** The key of the data directory that signs exports of its trail; undefined before the first export. */
export function readTrailKey(dataDirectory: string): KeyObject | undefined {
  const file = keyFileOf(dataDirectory);
  if (!existsSync(file)) return undefined;
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // Told like a key of another kind.
  }
  throw new ConfigError(
    `\`${file}\` is no RSA key`,
    'restore it from a backup: exports signed with it can be verified with it only',
  );
}

/** Makes the key when there is none: RSA, as CloudTrail's (2048 bits), PKCS #8, readable by its owner only. */
export function readOrCreateTrailKey(dataDirectory: string): KeyObject {
  const existing = readTrailKey(dataDirectory);
  if (existing !== undefined) return existing;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  createPrivateFile(keyFileOf(dataDirectory), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  // Another process may have been faster; then theirs is the key.
  const made = readTrailKey(dataDirectory);
  if (made === undefined)
    throw new ConfigError(`\`${keyFileOf(dataDirectory)}\` was removed while it was made`);
  return made;
}

/** What exports of the data directory can be verified with: none before the first. */
export function publicTrailKeys(dataDirectory: string): readonly DigestPublicKey[] {
  const key = readTrailKey(dataDirectory);
  return key === undefined ? [] : [digestPublicKey(key)];
}
