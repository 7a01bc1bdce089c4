import { createHash, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../config.ts';
import { publicTrailKeys, readOrCreateTrailKey, readTrailKey } from './signingkey.ts';

let path = '';
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'entryway-trailkey-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const file = (): string => join(path, 'trail.key');

test.each(['', 'not a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
  'a file with %j is refused, and not replaced',
  (text) => {
    writeFileSync(file(), text);
    expect(() => readOrCreateTrailKey(path)).toThrow(ConfigError);
    expect(readFileSync(file(), 'utf8')).toBe(text);
  },
);

test('there is no key before it is needed', () => {
  expect(readTrailKey(path)).toBeUndefined();
  expect(publicTrailKeys(path)).toEqual([]);
});

test('a key is made once, for its owner only', () => {
  const made = readOrCreateTrailKey(path);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(made.asymmetricKeyDetails?.modulusLength).toBe(2048);
  expect(readOrCreateTrailKey(path).equals(made)).toBe(true);
  const [published] = publicTrailKeys(path);
  const text = Buffer.from('text');
  expect(published !== undefined && verify('sha256', text, published.key, sign('sha256', text, made))).toBe(
    true,
  );
  expect(published?.fingerprint).toBe(
    createHash('md5')
      .update(published?.value ?? '')
      .digest('hex'),
  );
});
