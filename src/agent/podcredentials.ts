import { parseArn } from '../engine/arn/arn.ts';

/** Credentials of a pod as EKS Auth gave them, and as the SDKs get them. */
export interface PodCredentials {
  /** Milliseconds. */
  readonly expiresAt: number;
  readonly associationId: string;
  /** The answer's body: `{AccessKeyId, SecretAccessKey, Token, AccountId, Expiration}` (eks-access-facts J17). */
  readonly body: Uint8Array;
}

/** What is read of an answer of AssumeRoleForPodIdentity, by the names of its contract. */
export interface AssumedForPod {
  readonly podIdentityAssociation: { readonly associationId: string };
  readonly assumedRoleUser: { readonly arn: string };
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    readonly expiration: Date;
  };
}

/** Throws for an answer that lacks something. SECURITY: the message says what, never what stands there. */
export function podCredentialsOf(answer: Partial<AssumedForPod>): PodCredentials {
  const { podIdentityAssociation, assumedRoleUser, credentials } = answer;
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials ?? {};
  const account = parseArn(assumedRoleUser?.arn ?? '')?.accountId;
  if (!accessKeyId || !secretAccessKey || !sessionToken || !(expiration instanceof Date)) {
    throw new Error('its answer has no credentials');
  }
  if (!account) throw new Error('its answer names no role');
  const text = JSON.stringify({
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    AccountId: account,
    Expiration: expiration.toISOString().replace('.000Z', 'Z'),
  });
  return {
    expiresAt: expiration.getTime(),
    associationId: podIdentityAssociation?.associationId ?? '',
    body: Buffer.from(text),
  };
}
