import type { Call, CallRecorder } from '../audit/calls.ts';
import type { Principal } from '../engine/iam/principal.ts';
import {
  AccountError,
  type AccountWithRootKey,
  type CreateAccountOptions,
} from '../services/accounts/accounts.ts';
import { blockedMessage, type IsBlocked } from '../services/blocked.ts';
import { callSource } from '../services/callsource.ts';
import type { HttpRequest, HttpResponse, Peer } from '../wire/protocols/http.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { verifyRequest } from '../wire/sigv4/verify.ts';
import type { TrailApi, TrailRefusal } from './trail/api.ts';

/** Where our own API lives on the AWS side. Nothing below it changes an answer of AWS (docs/compat.md). */
const extensionPrefix = '/entryway/v1/';

/**
 * Whether a path is one of the operator's own, which are served here. The others below the prefix are operations that IAM
 * decides about (`wire/protocols/entryway.ts`), behind the gateway like those of AWS.
 */
export function isExtensionPath(path: string): boolean {
  return /^\/entryway\/v1\/(?:accounts|trail)(?:\/|$)/.test(path);
}

export interface ExtensionDependencies {
  readonly lookup: CredentialLookup;
  readonly isBlocked: IsBlocked;
  readonly now: () => number;
  readonly region: string;
  /** The first account: its root runs the server. */
  readonly accountId: string;
  readonly createAccount: (options: CreateAccountOptions) => Promise<AccountWithRootKey>;
  readonly recorder: CallRecorder;
  readonly newRequestId: () => string;
  readonly trail: TrailApi;
}

/** Answers the body of a request, which is JSON. `told` is the call so far. */
interface Route {
  readonly operation: string;
  answer(input: unknown, told: Call): Promise<HttpResponse>;
}

/** Our own operations: signed like AWS requests (service `entryway`), JSON in and out, for the first account's root. */
export function createExtension(
  dependencies: ExtensionDependencies,
): (request: HttpRequest, peer: Peer) => Promise<HttpResponse> {
  const { lookup, region, accountId, trail, recorder } = dependencies;
  const routes: Readonly<Record<string, Route>> = {
    accounts: {
      operation: 'CreateAccount',
      answer: (input, told) => createAccount(dependencies, input, told),
    },
    'trail/read': {
      operation: 'ReadTrail',
      answer: async (input) => answerOf(await trail.read(input)),
    },
    'trail/follow': {
      operation: 'FollowTrail',
      answer: async (input) => answerOf(await trail.follow(input)),
    },
    'trail/settle': {
      operation: 'SettleTrail',
      answer: async (input) => answerOf(await trail.settle(input)),
    },
  };
  return async (request, peer) => {
    const now = dependencies.now();
    const name = request.path.slice(extensionPrefix.length);
    const route = request.method === 'POST' && Object.hasOwn(routes, name) ? routes[name] : undefined;
    const signature = await verifyRequest(request, {
      now,
      lookup,
      service: 'entryway',
      regions: [region],
      maxSkewMs: 5 * 60_000,
    });
    const told: Call = {
      requestId: dependencies.newRequestId(),
      service: 'entryway',
      operation: route?.operation ?? 'unknown',
      code: 'OK',
      caller: signature.outcome === 'refused' ? undefined : signature.principal,
      ...(signature.accessKeyId !== undefined && { accessKeyId: signature.accessKeyId }),
      source: callSource(request, peer),
      region,
      at: now,
      seconds: 0,
    };
    // Who asks without being the operator is recorded whatever is asked for.
    const refuse = (code: string, message: string): HttpResponse => {
      recorder.record({ ...told, code, message });
      return refusal(403, message);
    };
    if (signature.outcome === 'refused') return refuse('AccessDenied', signature.message);
    if (dependencies.isBlocked(signature.principal, now)) {
      return refuse('AccessDenied', blockedMessage(signature.principal.arn));
    }
    if (!isOperator(signature.principal, accountId)) {
      return refuse('AccessDenied', `only the root of account ${accountId} may do this`);
    }
    if (route === undefined) return refusal(404, `there is no ${request.method} ${request.path}`);
    let input: unknown;
    try {
      input = JSON.parse(Buffer.from(request.body).toString('utf8'));
    } catch {
      return refusal(400, 'the body must be JSON');
    }
    return route.answer(input, told);
  };
}

async function createAccount(
  { createAccount: create, recorder }: Pick<ExtensionDependencies, 'createAccount' | 'recorder'>,
  input: unknown,
  told: Call,
): Promise<HttpResponse> {
  const accountId = readAccountId(input);
  if (accountId === 'invalid') {
    return refusal(400, 'the body must be JSON: {"accountId": "12 digits"} or {}');
  }
  const asked = accountId === undefined ? {} : { accountId };
  try {
    const along = (output: AccountWithRootKey) => recorder.recordOf({ ...told, input: asked, output });
    return json(200, await create({ ...asked, along }));
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    recorder.record({ ...told, input: asked, code: 'AccountExists', message: error.message });
    return refusal(409, error.message);
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
