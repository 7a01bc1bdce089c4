import { createHash, createPublicKey } from 'node:crypto';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';

/** A public key as a JWKS has it. */
export type Jwk = Readonly<Record<string, unknown>>;

/**
 * The public keys in a file: a JWKS, as `kubectl get --raw /openid/v1/jwks` prints it, or PEM, as kubeadm's `sa.pub`. Throws
 * misuse for everything else; what the server would refuse besides it says itself.
 *
 * SECURITY: a private key never leaves this machine, nor is any of it printed.
 */
export function readIssuerKeys(text: string, file: string): readonly Jwk[] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw privateKey(file);
  return text.trimStart().startsWith('{') ? keysOfSet(text, file) : keysOfPem(text, file);
}

function keysOfSet(text: string, file: string): readonly Jwk[] {
  const { keys } = parsed(text, file);
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isObject)) throw noKeys(file);
  if (keys.some(isPrivate)) throw privateKey(file);
  return keys;
}

function keysOfPem(text: string, file: string): readonly Jwk[] {
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g) ?? [];
  // One that was cut off must not be left out: the tokens that it signed would be refused.
  if (blocks.length === 0 || blocks.length < text.split('-----BEGIN ').length - 1) throw noKeys(file);
  return blocks.map((block) => {
    try {
      const key = createPublicKey(block);
      return { ...key.export({ format: 'jwk' }), kid: keyIdOf(key.export({ type: 'spki', format: 'der' })) };
    } catch {
      throw noKeys(file);
    }
  });
}

/** How an API server calls a key of its own: base64url of the SHA-256 of its SubjectPublicKeyInfo. */
const keyIdOf = (spki: Buffer): string => createHash('sha256').update(spki).digest('base64url');

function parsed(text: string, file: string): Jwk {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Below.
  }
  throw noKeys(file);
}

const isObject = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7518, 6.2.2, 6.3.2 and 6.4.1: the members that every private or secret key has. */
const isPrivate = (key: Jwk): boolean => key.d !== undefined || key.k !== undefined;

const privateKey = (file: string): CommandError =>
  new CommandError(
    'misuse',
    `\`${printable(file)}\` holds a private key, which nobody but the API server must have`,
    'give the public part: kubeadm’s sa.pub, or what `kubectl get --raw /openid/v1/jwks` prints',
  );

const noKeys = (file: string): CommandError =>
  new CommandError(
    'misuse',
    `\`${printable(file)}\` is neither a JWKS nor public keys in PEM`,
    'make one with `kubectl get --raw /openid/v1/jwks`',
  );
