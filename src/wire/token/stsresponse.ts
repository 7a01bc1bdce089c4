import { canonicalPrincipalArn } from '../../engine/arn/canonical.ts';

/** Who STS says the caller is (token-facts 6). */
export interface StsIdentity {
  readonly arn: string;
  /** What mappings are written with: the role, without path, for a session. */
  readonly canonicalArn: string;
  readonly accountId: string;
  /** Unique id without session: `AIDA…`, `AROA…`, the account for root. */
  readonly userId: string;
  /** '' for anything but a role session. It comes from the user id, not from the ARN. */
  readonly sessionName: string;
}

export type StsErrorKind =
  | 'sts_throttled'
  | 'sts_status'
  | 'sts_bad_json'
  | 'sts_bad_arn'
  | 'sts_bad_user_id';

export type StsAnswer =
  | { readonly ok: true; readonly identity: StsIdentity }
  | {
      readonly ok: false;
      readonly error: StsErrorKind;
      /** `refused`: STS judged the request. `none`: nothing can be said, try again; never a refusal and never an identity. */
      readonly verdict: 'refused' | 'none';
      /** STS's own error code, where it gave one. */
      readonly code?: string;
    };

/** Reads STS's JSON answer to GetCallerIdentity (token-facts 5, 6). Anything unclear is no identity. */
export function parseStsResponse(response: { readonly status: number; readonly body: string }): StsAnswer {
  const { status, body } = response;
  if (status !== 200) return failure(status, body);
  const parsed = parseJson(body);
  if (parsed === undefined || Array.isArray(parsed)) return unreadable('sts_bad_json');
  const result = member(member(parsed, 'GetCallerIdentityResponse'), 'GetCallerIdentityResult');
  const [account, arn, userId] = ['Account', 'Arn', 'UserId'].map((name) => member(result, name));
  if (typeof account !== 'string' || typeof arn !== 'string' || typeof userId !== 'string') {
    return unreadable('sts_bad_arn');
  }
  const canonical = canonicalPrincipalArn(arn);
  // SECURITY: account rules use the one and ARN rules the other; they must not be two accounts.
  if (canonical === undefined || arn.split(':')[4] !== account) return unreadable('sts_bad_arn');
  if (userId === '') return unreadable('sts_bad_user_id');
  const identity = { arn, canonicalArn: canonical.arn, accountId: account, userId, sessionName: '' };
  if (canonical.kind !== 'assumedRole' && canonical.kind !== 'role') return { ok: true, identity };
  const [id, sessionName, ...more] = userId.split(':');
  if (!id || !sessionName || more.length > 0) return unreadable('sts_bad_user_id');
  return { ok: true, identity: { ...identity, userId: id, sessionName } };
}

/** Codes that say something of STS and not of the request, whatever the status; the first are of too many requests. */
const throttling = /Throttling|LimitExceeded|TooManyRequests/;
const trouble = /Internal|Unavailable|Aborted|Timeout/;

/** A refusal is what STS itself, in its own words, says of the request: whatever stands before it may answer 403, too. */
function failure(status: number, body: string): StsAnswer {
  const found = member(member(parseJson(body), 'Error'), 'Code');
  const code = typeof found === 'string' && found !== '' ? found : undefined;
  const told = code === undefined ? {} : { code };
  if (status === 429 || throttling.test(code ?? body)) {
    return { ok: false, error: 'sts_throttled', verdict: 'none', ...told };
  }
  const isRefusal = (status === 400 || status === 403) && code !== undefined && !trouble.test(code);
  return { ok: false, error: 'sts_status', verdict: isRefusal ? 'refused' : 'none', ...told };
}

const unreadable = (error: StsErrorKind): StsAnswer => ({ ok: false, error, verdict: 'none' });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
