import type { Principal } from '../engine/iam/principal.ts';
import { AccountError } from '../services/accounts/accounts.ts';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { verifyRequest } from '../wire/sigv4/verify.ts';

/** Where our own API lives on the AWS side. Nothing below it changes an answer of AWS (docs/compat.md). */
export const extensionPrefix = '/entryway/v1/';

export interface ExtensionDependencies {
  readonly lookup: CredentialLookup;
  readonly now: () => number;
  readonly region: string;
  /** The first account: its root runs the server. */
  readonly accountId: string;
  readonly createAccount: (accountId: string | undefined) => Promise<{
    readonly accountId: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  }>;
}

/** Our own operations: signed like AWS requests (service `entryway`), JSON in and out, for the first account's root. */
export function createExtension(
  dependencies: ExtensionDependencies,
): (request: HttpRequest) => Promise<HttpResponse> {
  const { lookup, region, accountId } = dependencies;
  return async (request) => {
    const now = dependencies.now();
    const signature = await verifyRequest(request, {
      now,
      lookup,
      service: 'entryway',
      regions: [region],
      maxSkewMs: 5 * 60_000,
    });
    if (signature.outcome === 'refused') return refusal(403, signature.message);
    if (!isOperator(signature.principal, accountId)) {
      return refusal(403, `only the root of account ${accountId} may do this`);
    }
    if (request.path !== `${extensionPrefix}accounts` || request.method !== 'POST') {
      return refusal(404, `there is no ${request.method} ${request.path}`);
    }
    const wanted = readAccountId(request.body);
    if (wanted === 'invalid') return refusal(400, 'the body must be JSON: {"accountId": "12 digits"} or {}');
    try {
      return json(200, await dependencies.createAccount(wanted));
    } catch (error) {
      if (error instanceof AccountError) return refusal(409, error.message);
      throw error;
    }
  };
}

function isOperator(principal: Principal, accountId: string): boolean {
  return principal.kind === 'root' && principal.accountId === accountId;
}

/** Undefined when the caller leaves the choice to us. */
function readAccountId(body: Uint8Array): string | undefined | 'invalid' {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return 'invalid';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'invalid';
  const accountId = Object.hasOwn(value, 'accountId')
    ? (value as { accountId: unknown }).accountId
    : undefined;
  if (accountId === undefined) return undefined;
  return typeof accountId === 'string' && /^\d{12}$/.test(accountId) ? accountId : 'invalid';
}

function refusal(status: number, message: string): HttpResponse {
  return json(status, { message });
}

function json(status: number, body: unknown): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(body)}\n` };
}
