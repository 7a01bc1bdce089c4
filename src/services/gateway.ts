import type { IamDecision } from '../engine/iam/decision.ts';
import type { Principal } from '../engine/iam/principal.ts';
import { type AuthSituation, authFailure } from '../wire/protocols/commonerrors.ts';
import type { Protocol } from '../wire/protocols/contract.ts';
import { decodeInput } from '../wire/protocols/decode.ts';
import { encodeError, encodeOutput } from '../wire/protocols/encode.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import { type OperationRoute, type Route, routeRequest } from '../wire/protocols/route.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { defaultMaxSkewMs, verifyRequest } from '../wire/sigv4/verify.ts';
import type { CallerAuthorizer } from './authorization/authorizer.ts';
import type { AuthorizationTarget, OperationContext, Operations } from './operation.ts';

/**
 * Everything that is the same for every AWS call, once: route → whose signature → decode → may they → handle →
 * encode, and one outcome for whoever records. No handler runs without a verified signature and an allow.
 */
export interface GatewayDependencies {
  readonly operations: Readonly<Record<string, Operations>>;
  readonly lookup: CredentialLookup;
  readonly authorizer: Pick<CallerAuthorizer, 'authorize'>;
  readonly partition: string;
  /** Regions this server answers for; the first is the default. */
  readonly regions: readonly string[];
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Told once about every call; must not throw. */
  readonly observe: (outcome: CallOutcome) => void;
}

export interface CallOutcome {
  readonly requestId: string;
  /** `unknown` when the request could not be routed. */
  readonly service: string;
  readonly operation: string;
  /** `OK`, or the error's code. */
  readonly code: string;
  readonly caller: Principal | undefined;
  /** What was thrown when the call failed through no fault of the client. */
  readonly fault?: unknown;
  readonly seconds: number;
}

export interface Gateway {
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** The answer to a request whose body was too large to be read. */
  tooLarge(request: HttpRequest): HttpResponse;
}

export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { observe, newRequestId } = dependencies;

  const refuse = (route: Route, requestId: string, error: AwsError): HttpResponse =>
    encodeError(route, error, requestId);

  return {
    async answer(request) {
      const requestId = newRequestId();
      const started = performance.now();
      const route = routeRequest(request);
      const names = { service: route.service ?? 'unknown', operation: route.operation ?? 'unknown' };
      const call: { caller: Principal | undefined } = { caller: undefined };
      const finish = (code: string, fault?: unknown): void => {
        const seconds = (performance.now() - started) / 1000;
        observe({ requestId, ...names, code, caller: call.caller, fault, seconds });
      };
      try {
        if (route.kind === 'unknown') throw route.error;
        const output = await serve(dependencies, route, request, requestId, call);
        const response = encodeOutput(route, output, requestId);
        finish('OK');
        return response;
      } catch (error) {
        if (error instanceof AwsError) {
          finish(error.code);
          return refuse(route, requestId, error);
        }
        const failure = authFailure('internal', route.protocol);
        finish(failure.code, error);
        return refuse(route, requestId, failure);
      }
    },
    tooLarge(request) {
      const requestId = newRequestId();
      const route = routeRequest(request);
      const error = authFailure('bodyTooLarge', route.protocol);
      const names = { service: route.service ?? 'unknown', operation: route.operation ?? 'unknown' };
      observe({ requestId, ...names, code: error.code, caller: undefined, seconds: 0 });
      return refuse(route, requestId, error);
    },
  };
}

/** The call itself; throws AwsError to refuse. Tells `call` who calls as soon as that is known. */
async function serve(
  dependencies: GatewayDependencies,
  route: OperationRoute,
  request: HttpRequest,
  requestId: string,
  call: { caller: Principal | undefined },
): Promise<unknown> {
  const { partition, regions, lookup, operations, authorizer } = dependencies;
  const now = dependencies.now();
  const fail = (situation: AuthSituation, message?: string): AwsError =>
    authFailure(situation, route.protocol, message);

  const signature = await verifyRequest(request, {
    now,
    lookup,
    service: route.service,
    regions,
    maxSkewMs: defaultMaxSkewMs(route.service),
  });
  if (signature.outcome === 'refused') throw fail(signature.situation, signature.message);
  call.caller = signature.principal;

  const operation = ownProperty(operations[route.service], route.operation);
  if (operation === undefined) {
    throw fail('notImplemented', `${route.operation} is not implemented by Entryway`);
  }
  const input = decodeInput(route, request);
  const context: OperationContext = {
    caller: signature.principal,
    partition,
    region: signature.region,
    requestId,
    now,
  };
  const target = await operation.authorization(input, context);
  if (target !== undefined) await requireAllowed(authorizer, context, target, route.protocol);
  return operation.handle(input, context);
}

/**
 * Throws the refusal in the words of AWS unless the caller is allowed. Also for second checks inside an operation
 * (`iam:PassRole`, tags on create).
 */
export async function requireAllowed(
  authorizer: Pick<CallerAuthorizer, 'authorize'>,
  context: OperationContext,
  target: AuthorizationTarget,
  protocol: Protocol,
): Promise<void> {
  const { decision, refusal }: IamDecision = await authorizer.authorize(context.caller, target, context);
  if (decision === 'allowed') return;
  const situation = refusal?.code === 'InvalidClientTokenId' ? 'invalidClientToken' : 'accessDenied';
  throw authFailure(situation, protocol, refusal?.message);
}

/** Operation names come from the wire: what an object inherits is not an operation. */
function ownProperty(operations: Operations | undefined, name: string): Operations[string] | undefined {
  return operations !== undefined && Object.hasOwn(operations, name) ? operations[name] : undefined;
}
