import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * CloudTrail's digest file: names the log files of a time range with their hashes, and the digest before it with its
 * signature, so that a changed or missing file shows. Member names and order are those of the CloudTrail User Guide,
 * "CloudTrail digest file structure".
 */
export interface Digest {
  readonly awsAccountId: string;
  readonly digestStartTime: string;
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly digestSignatureAlgorithm: 'SHA256withRSA';
  readonly newestEventTime: string | null;
  readonly oldestEventTime: string | null;
  /** The five members about the digest before are null in the first of a chain. */
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestHashAlgorithm: 'SHA-256' | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly LogFile[];
}

export interface LogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  /** Hex SHA-256 of the uncompressed content. */
  readonly hashValue: string;
  readonly hashAlgorithm: 'SHA-256';
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

/** What S3 keeps beside the digest as `x-amz-meta-signature` and `x-amz-meta-signature-algorithm`. */
export interface DigestMetadata {
  readonly signature: string;
  readonly 'signature-algorithm': 'SHA256withRSA';
}

export const signatureAlgorithm = 'SHA256withRSA';

/** A digest's metadata in a directory: the file `aws s3api put-object --metadata file://…` takes. */
export const metadataFileOf = (digestFile: string): string => `${digestFile}.metadata.json`;

/** The public half as CloudTrail's ListPublicKeys gives it. */
export interface DigestPublicKey {
  readonly key: KeyObject;
  /** DER, PKCS #1. */
  readonly value: Uint8Array;
  /** COMPAT: hex MD5 of `value`; so are the keys of the User Guide, "Custom implementations of … validation". */
  readonly fingerprint: string;
}

export function digestPublicKey(key: KeyObject): DigestPublicKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const value = new Uint8Array(publicKey.export({ type: 'pkcs1', format: 'der' }));
  return { key: publicKey, value, fingerprint: createHash('md5').update(value).digest('hex') };
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

type Signed = Pick<Digest, 'digestEndTime' | 'digestS3Bucket' | 'digestS3Object' | 'previousDigestSignature'>;

export function signDigest(digest: Signed, content: string | Uint8Array, privateKey: KeyObject): string {
  return sign('sha256', signedText(digest, content), privateKey).toString('hex');
}

/** Whether the signature is that of these very bytes; false also for text that is no signature. */
export function verifyDigest(
  digest: Signed,
  content: string | Uint8Array,
  signature: string,
  { key }: DigestPublicKey,
): boolean {
  if (!/^(?:[0-9a-f]{2})+$/.test(signature)) return false;
  return verify('sha256', signedText(digest, content), key, Buffer.from(signature, 'hex'));
}

/** COMPAT: four lines; without a digest before, the last says `null` (so does the AWS CLI's validation). */
function signedText(digest: Signed, content: string | Uint8Array): Uint8Array {
  return Buffer.from(
    [
      digest.digestEndTime,
      `${digest.digestS3Bucket}/${digest.digestS3Object}`,
      sha256Hex(content),
      digest.previousDigestSignature ?? 'null',
    ].join('\n'),
  );
}
