import type { SessionClaims } from './sessiontoken.ts';

/**
 * Claims as tokens held them until sessions could carry policies and tags: a JSON list. No new ones are made; sessions
 * last 36 hours at most, so this can go a release later. Undefined for every other format.
 */
export function openFirstFormat(bytes: Uint8Array): SessionClaims | undefined {
  if (bytes[0] !== listBegins) return undefined;
  // What opens was written by this server: the seal is the check.
  const packed = JSON.parse(Buffer.from(bytes).toString('utf8')) as Packed;
  const [kind, secretAccessKey, issuedAt, expiresAt, accountId] = packed;
  const base = { secretAccessKey, issuedAt, expiresAt, attributes: {} };
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

const listBegins = '['.charCodeAt(0);

type Common = [secretAccessKey: string, issuedAt: number, expiresAt: number, accountId: string];
type Packed =
  | ['root', ...Common]
  | ['user', ...Common, userName: string, principalId: string]
  | ['role', ...Common, roleName: string, principalId: string, sessionName: string];
