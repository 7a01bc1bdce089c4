import type { SecretBox } from '../secrets.ts';

/** Whose session it is. Names are where to look; the unique id is who must be found there. */
export type SessionSubject =
  | { readonly kind: 'root'; readonly accountId: string }
  | {
      readonly kind: 'user';
      readonly accountId: string;
      readonly userName: string;
      readonly principalId: string;
    }
  | {
      readonly kind: 'assumedRole';
      readonly accountId: string;
      readonly roleName: string;
      readonly principalId: string;
      readonly sessionName: string;
    };

/** All that a session is; nothing is stored for it. Times are epoch milliseconds. */
export interface SessionClaims {
  readonly subject: SessionSubject;
  readonly secretAccessKey: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * The session token: the claims, sealed for one access key id, so that a token presented with another key does not
 * open. URL- and header-safe, under 500 characters for the longest names (iam-facts I6).
 */
export function sealSession(secretBox: SecretBox, accessKeyId: string, claims: SessionClaims): string {
  const { subject, secretAccessKey, issuedAt, expiresAt } = claims;
  const times = [issuedAt, expiresAt] as const;
  const packed = ((): Packed => {
    switch (subject.kind) {
      case 'root':
        return ['root', secretAccessKey, ...times, subject.accountId];
      case 'user':
        return ['user', secretAccessKey, ...times, subject.accountId, subject.userName, subject.principalId];
      case 'assumedRole':
        return [
          'role',
          secretAccessKey,
          ...times,
          subject.accountId,
          subject.roleName,
          subject.principalId,
          subject.sessionName,
        ];
      default:
        return subject satisfies never;
    }
  })();
  return secretBox.seal(JSON.stringify(packed), contextOf(accessKeyId));
}

/** Undefined when the token was not sealed by this server for this access key. */
export function openSession(
  secretBox: SecretBox,
  accessKeyId: string,
  sessionToken: string,
): SessionClaims | undefined {
  const text = secretBox.open(sessionToken, contextOf(accessKeyId));
  if (text === undefined) return undefined;
  // What opens was written by `sealSession`: the seal is the check.
  const packed = JSON.parse(text) as Packed;
  const [kind, secretAccessKey, issuedAt, expiresAt, accountId] = packed;
  const base = { secretAccessKey, issuedAt, expiresAt };
  switch (kind) {
    case 'root':
      return { ...base, subject: { kind: 'root', accountId } };
    case 'user': {
      const [, , , , , userName, principalId] = packed;
      return { ...base, subject: { kind: 'user', accountId, userName, principalId } };
    }
    case 'role': {
      const [, , , , , roleName, principalId, sessionName] = packed;
      return { ...base, subject: { kind: 'assumedRole', accountId, roleName, principalId, sessionName } };
    }
    default:
      kind satisfies never;
      return undefined;
  }
}

type Common = [secretAccessKey: string, issuedAt: number, expiresAt: number, accountId: string];
type Packed =
  | ['root', ...Common]
  | ['user', ...Common, userName: string, principalId: string]
  | ['role', ...Common, roleName: string, principalId: string, sessionName: string];

/** Sealed texts of other uses (stored secrets) never open as a session. */
function contextOf(accessKeyId: string): string {
  return `session-token/${accessKeyId}`;
}
