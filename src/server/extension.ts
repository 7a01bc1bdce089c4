import type { Principal } from '../engine/iam/principal.ts';
import { AccountError } from '../services/accounts/accounts.ts';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { verifyRequest } from '../wire/sigv4/verify.ts';
import type { TrailApi, TrailRefusal } from './trail/api.ts';

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
  readonly trail: TrailApi;
}

/** Answers the body of a request, which is JSON. */
type Route = (input: unknown) => Promise<HttpResponse>;

/** Our own operations: signed like AWS requests (service `entryway`), JSON in and out, for the first account's root. */
export function createExtension(
  dependencies: ExtensionDependencies,
): (request: HttpRequest) => Promise<HttpResponse> {
  const { lookup, region, accountId, trail } = dependencies;
  const routes: Readonly<Record<string, Route>> = {
    accounts: (input) => createAccount(dependencies, input),
    'trail/read': async (input) => answerOf(await trail.read(input)),
    'trail/follow': async (input) => answerOf(await trail.follow(input)),
  };
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
    const name = request.path.slice(extensionPrefix.length);
    const route = request.method === 'POST' && Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (route === undefined) return refusal(404, `there is no ${request.method} ${request.path}`);
    let input: unknown;
    try {
      input = JSON.parse(Buffer.from(request.body).toString('utf8'));
    } catch {
      return refusal(400, 'the body must be JSON');
    }
    return route(input);
  };
}

async function createAccount(
  dependencies: Pick<ExtensionDependencies, 'createAccount'>,
  input: unknown,
): Promise<HttpResponse> {
  const wanted = readAccountId(input);
  if (wanted === 'invalid') return refusal(400, 'the body must be JSON: {"accountId": "12 digits"} or {}');
  try {
    return json(200, await dependencies.createAccount(wanted));
  } catch (error) {
    if (error instanceof AccountError) return refusal(409, error.message);
    throw error;
  }
}

function answerOf<Value extends object>(answer: Value | TrailRefusal): HttpResponse {
  return 'refused' in answer ? refusal(answer.refused, answer.message) : json(200, answer);
}

function isOperator(principal: Principal, accountId: string): boolean {
  return principal.kind === 'root' && principal.accountId === accountId;
}

/** Undefined when the caller leaves the choice to us. */
function readAccountId(value: unknown): string | undefined | 'invalid' {
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
