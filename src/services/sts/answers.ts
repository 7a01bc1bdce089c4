import type { Credentials } from '@aws-sdk/client-sts';
import type { SessionCredentials } from '../credentials/sessions.ts';

/** Temporary credentials as STS answers them. */
export function sessionCredentials(credentials: SessionCredentials): Credentials {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(credentials.expiresAt),
  };
}
