import type { Call, CallRecorder, Judged, MadeCall } from '../audit/calls.ts';
import type { Principal } from '../engine/iam/principal.ts';
import type { Batch, Revision, Storage } from '../storage/storage.ts';
import { authFailure, internalFailure } from '../wire/protocols/commonerrors.ts';
import type { Protocol } from '../wire/protocols/contract.ts';
import { decodeInput } from '../wire/protocols/decode.ts';
import { encodeError, encodeOutput } from '../wire/protocols/encode.ts';
import { AwsError } from '../wire/protocols/errors.ts';
import type { HttpRequest, HttpResponse, Peer } from '../wire/protocols/http.ts';
import { type OperationRoute, routeRequest } from '../wire/protocols/route.ts';
import type { CredentialLookup } from '../wire/sigv4/credential.ts';
import { defaultMaxSkewMs, verifyRequest } from '../wire/sigv4/verify.ts';
import type { CallerAuthorizer } from './authorization/authorizer.ts';
import { blockedMessage, type IsBlocked } from './blocked.ts';
import { callSource } from './callsource.ts';
import {
  type AuthorizationTarget,
  arnOf,
  type Operation,
  type OperationContext,
  type Operations,
  type UnsignedContext,
} from './operation.ts';

/**
 * Everything that is the same for every AWS call, once: route → whose signature → are they blocked → decode → may they →
 * handle → encode, and one record of it. No handler runs without a verified signature and an allow, but for those that are
 * marked `unsigned`.
 */
export interface GatewayDependencies {
  readonly operations: Readonly<Record<string, Operations>>;
  /** How operations are authorized that are not served: who may not call them is told that first. */
  readonly unserved: Readonly<Record<string, Readonly<Record<string, Operation['authorization']>>>>;
  readonly storage: Pick<Storage, 'commit' | 'revision'>;
  readonly recorder: CallRecorder;
  readonly lookup: CredentialLookup;
  readonly authorizer: Pick<CallerAuthorizer, 'authorize'>;
  readonly isBlocked: IsBlocked;
  readonly partition: string;
  /** Regions this server answers for; the first is the default. */
  readonly regions: readonly [string, ...string[]];
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** Told once about every call; must not throw. */
  readonly observe: (call: Call) => void;
}

export interface Gateway {
  /** `signal` is aborted when nobody waits for the answer any more. */
  answer(request: HttpRequest, peer: Peer, signal?: AbortSignal): Promise<HttpResponse>;
  /** The answer to a request whose body was too large to be read. */
  tooLarge(request: HttpRequest, peer: Peer): HttpResponse;
}

/** What is learnt about a call on its way. */
type Learnt = { -readonly [Member in keyof Call]?: Call[Member] };

export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { observe, newRequestId, recorder, regions } = dependencies;

  const begin = (request: HttpRequest, peer: Peer) => {
    const route = routeRequest(request);
    const started = performance.now();
    const known = {
      requestId: newRequestId(),
      service: route.service ?? 'unknown',
      operation: route.operation ?? 'unknown',
      source: callSource(request, peer),
      at: dependencies.now(),
    };
    const learnt: Learnt = { region: regions[0] };
    const callAs = (ending: Pick<Call, 'code' | 'message' | 'output' | 'fault'>): Call => ({
      ...known,
      region: regions[0],
      caller: undefined,
      ...learnt,
      ...ending,
      seconds: (performance.now() - started) / 1000,
    });
    return { route, known, learnt, callAs };
  };

  /** One call that did not succeed, or succeeded without writing. */
  const finish = (call: Call, options = { recorded: false }): void => {
    if (!options.recorded) recorder.record(call);
    observe(call);
  };

  return {
    async answer(request, peer, signal) {
      const { route, known, learnt, callAs } = begin(request, peer);
      let recorded = false;
      const commit = async <Output>(batch: Batch, output: Output): Promise<Output> => {
        const record = recorder.recordOf(callAs({ code: 'OK', output }));
        await dependencies.storage.commit({ ...batch, changes: [...batch.changes, ...record] });
        recorded = true;
        return output;
      };
      try {
        if (route.kind === 'unknown') throw route.error;
        const made: MadeCall[] = [];
        const atStart = { ...known, commit, made, ...(signal && { signal }) };
        const output = await serve(dependencies, route, request, atStart, learnt);
        const response = encodeOutput(route, output, known.requestId);
        const call = callAs({ code: 'OK', output });
        finish(call, { recorded });
        for (const one of made) recorder.record(madeIn(call, one, newRequestId()));
        return response;
      } catch (error) {
        const refused = error instanceof AwsError;
        const failure = refused ? error : internalFailure(route);
        const { code, message } = failure;
        finish(callAs({ code, message, ...(!refused && { fault: error }) }));
        return encodeError(route, failure, known.requestId);
      }
    },
    tooLarge(request, peer) {
      const { route, known, callAs } = begin(request, peer);
      const error = authFailure('bodyTooLarge', route.protocol);
      finish(callAs({ code: error.code, message: error.message }));
      return encodeError(route, error, known.requestId);
    },
  };
}

type KnownAtStart = Pick<Call, 'requestId' | 'source' | 'at'> &
  Pick<OperationContext, 'commit' | 'signal'> & { readonly made: MadeCall[] };

/** The record of a call that a service made: nothing but time and place is that of the call it was made in. */
function madeIn({ at, region, source, seconds }: Call, made: MadeCall, requestId: string): Call {
  return { at, region, source, seconds, requestId, code: 'OK', ...made };
}

/** The call itself; throws AwsError to refuse. Writes down in `learnt` what it finds out, as soon as it knows. */
async function serve(
  dependencies: GatewayDependencies,
  route: OperationRoute,
  request: HttpRequest,
  { requestId, source, at: now, commit, signal, made }: KnownAtStart,
  learnt: Learnt,
): Promise<unknown> {
  const { partition, regions, operations, authorizer, storage } = dependencies;
  const operation = ownProperty(operations[route.service], route.operation);
  const judged = (told: Judged): void => void Object.assign(learnt, told);
  const base: UnsignedContext = {
    ...{ partition, region: regions[0], requestId, now, source, commit, judged },
    vouched: (webIdentity) => void Object.assign(learnt, { webIdentity }),
    made: (call) => void made.push(call),
    ...(signal && { signal }),
  };
  if (operation?.unsigned) {
    learnt.input = decodeInput(route, request);
    return operation.handle(learnt.input, base);
  }
  const { principal: caller, region } = await verify(dependencies, route, request, now, learnt);
  const requireUnblocked = (): void => {
    if (!dependencies.isBlocked(caller, dependencies.now())) return;
    throw authFailure('accessDenied', route.protocol, blockedMessage(caller.arn));
  };
  requireUnblocked();
  const authorization =
    operation?.authorization ?? ownProperty(dependencies.unserved[route.service], route.operation);
  const notImplemented = (): AwsError =>
    authFailure('notImplemented', route.protocol, `${route.operation} is not implemented by Entryway`);
  if (authorization === undefined) throw notImplemented();
  const input = decodeInput(route, request);
  learnt.input = input;
  const context: OperationContext = {
    ...base,
    caller,
    region,
    async commit(batch, output) {
      // SECURITY: permission may hang on what another call has changed since it was given, a tag or who has the name.
      // Asked again after the operation has read, it is about what the operation writes over, or `expect` fails.
      // Without it, whoever keeps writing would outlive the loss of the permission.
      if (storage.revision() !== permittedAt) await requirePermission();
      const answer = await commit(batch, output);
      hasWritten = true;
      return answer;
    },
  };
  let hasWritten = false;
  let permittedAt: Revision | undefined;
  const requirePermission = async (): Promise<void> => {
    permittedAt = storage.revision();
    requireUnblocked();
    const target = await authorization(input, context);
    if (target === undefined) return;
    judged(await judge(authorizer, context, target, route.protocol));
  };
  await requirePermission();
  if (operation === undefined) throw notImplemented();
  const output = await operation.handle(input, context);
  // SECURITY: an acknowledged block is in the next answer, also where EKS Auth has waited for the issuer of a pod's token.
  if (!hasWritten) requireUnblocked();
  return output;
}

async function verify(
  { lookup, regions }: GatewayDependencies,
  route: OperationRoute,
  request: HttpRequest,
  now: number,
  learnt: Learnt,
): Promise<{ readonly principal: Principal; readonly region: string }> {
  const { service } = route;
  const maxSkewMs = defaultMaxSkewMs(service);
  const signature = await verifyRequest(request, { now, lookup, service, regions, maxSkewMs });
  if (signature.accessKeyId !== undefined) learnt.accessKeyId = signature.accessKeyId;
  if (signature.outcome === 'refused') {
    throw authFailure(signature.situation, route.protocol, signature.message);
  }
  learnt.caller = signature.principal;
  learnt.region = signature.region;
  return signature;
}

/** For second checks inside an operation (`iam:PassRole`, tags on create): throws the refusal in the words of AWS. */
export async function requireAllowed(...check: Parameters<typeof judge>): Promise<void> {
  await judge(...check);
}

async function judge(
  authorizer: Pick<CallerAuthorizer, 'authorize'>,
  context: OperationContext,
  target: AuthorizationTarget,
  protocol: Protocol,
): Promise<Judged> {
  const decision = await authorizer.authorize(context.caller, target, context);
  const judged = { action: target.action, resources: target.resources.map(arnOf), decision };
  if (decision.decision === 'allowed') return judged;
  // The record tells of the check that failed, not of one that passed before.
  context.judged(judged);
  const { refusal } = decision;
  const situation = refusal?.code === 'InvalidClientTokenId' ? 'invalidClientToken' : 'accessDenied';
  throw authFailure(situation, protocol, refusal?.message);
}

/** Operation names come from the wire: what an object inherits is not an operation. */
function ownProperty<Value>(
  values: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
}
