import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Authentication, ClusterAccess } from '../access/access.ts';
import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import { deprecationWarning } from '../wire/kube/builtin.ts';
import { readBody } from '../wire/kube/requestbody.ts';
import { parseRequestInfo, type RequestInfo } from '../wire/kube/requestinfo.ts';
import {
  badRequest,
  forbidden,
  KubeStatusError,
  pathNotFound,
  requestEntityTooLarge,
  serviceUnavailable,
  tooManyRequests,
  unauthorized,
} from '../wire/kube/status.ts';
import { warningHeaders } from '../wire/kube/warnings.ts';
import { peerAddress } from '../wire/protocols/http.ts';
import { WebhookDenial } from './admission/denial.ts';
import { createRequestSignal } from './admission/requestsignal.ts';
import type { KubernetesOutcome } from './api.ts';
import type { Answer, ApiContext, ResourceRequest } from './context.ts';
import { servedResource, serveResource } from './dispatch.ts';
import { toStatusError } from './errors.ts';
import { isAnonymousPath, serveNonResource } from './nonresource.ts';
import { annotate, type Ending, recordRequest, type Seen } from './recording.ts';
import { authenticateCaller } from './request/authentication.ts';
import { attributesOf, authorizeOrThrow, secondPermission } from './request/authorization.ts';
import { type HeaderLines, header, headerLines } from './request/headers.ts';
import { impersonate } from './request/impersonate.ts';
import { readImpersonation } from './request/impersonation.ts';
import { parseClusterTarget } from './request/target.ts';
import {
  type AnswerForm,
  answerForm,
  eventRenderer,
  type Rendered,
  renderAnswer,
  renderError,
} from './respond.ts';
import { sendRendered, startStream } from './send.ts';
import { issuerDocument } from './serviceaccounts/issuerdocuments.ts';
import { minorVersion } from './version.ts';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** One request from its first line to its answer. Never rejects. */
export async function serveRequest(
  context: ApiContext,
  request: HttpRequest,
  response: HttpResponse,
  observe: (outcome: KubernetesOutcome) => void,
): Promise<void> {
  const auditId = context.random.uuid();
  const seen: Seen = {
    cluster: undefined,
    requestUri: '',
    verb: '',
    authentication: undefined,
    anonymous: false,
    target: undefined,
    attributes: undefined,
    decision: undefined,
    constraint: undefined,
    annotations: {},
  };
  const recording = recordRequest({
    storage: context.storage,
    recorder: context.recorder,
    seen,
    known: {
      auditId,
      sourceIp: peerAddress(request.socket?.remoteAddress),
      ...userAgentOf(request),
      receivedAt: context.now(),
    },
  });
  const form: { asked?: AnswerForm } = {};
  const warnings = new Set<string>();
  const report = (ending: Ending): void => {
    const { cluster, authentication, attributes, decision } = seen;
    const { status } = ending;
    recording.finish(ending);
    observe({ auditId, clusterId: cluster?.clusterId, authentication, attributes, decision, status });
  };
  let rendered: Rendered;
  let failed: Pick<Ending, 'reason' | 'message'> = {};
  try {
    const recorded = { ...context, storage: recording.storage };
    const answer = await answerRequest(recorded, request, seen, form, {
      warnings,
      ended: createRequestSignal(response, context.webhooks.deadline),
    });
    if (answer.kind === 'watch') {
      report({ status: 200, streams: true });
      openStream(context, request, response, { auditId, warnings, answer });
      return;
    }
    rendered = renderAnswer(
      answer,
      form.asked ?? answerForm(undefined, new URLSearchParams()),
      context.now(),
    );
  } catch (error) {
    const failure = toStatusError(error, context.log, auditId);
    failed = tellingOf(failure);
    rendered = renderError(failure, form.asked);
  }
  report({ status: rendered.status, ...failed });
  const warning = warnings.size === 0 ? {} : { Warning: warningHeaders(warnings) };
  sendRendered(request, response, auditId, { ...rendered, headers: { ...rendered.headers, ...warning } });
}

/**
 * What of a refusal is recorded, as in Kubernetes' own audit log.
 *
 * SECURITY: where something was wrong with what was sent, the message quotes it, be it the value of a Secret. Then the
 * reason alone is recorded; and of a webhook that was shown it neither, unless the reason is one of Kubernetes' words.
 */
function tellingOf(failure: KubeStatusError): Pick<Ending, 'reason' | 'message'> {
  const { code, reason, message } = failure.status;
  const isOurs = !(failure instanceof WebhookDenial);
  const isQuoting = ![401, 403, 404, 405, 409, 410, 429].includes(code);
  return {
    ...(reason !== undefined && (isOurs || /^[A-Za-z]{1,40}$/.test(reason)) && { reason }),
    ...(message !== undefined && isOurs && !isQuoting && { message }),
  };
}

function userAgentOf(request: HttpRequest): { readonly userAgent?: string } {
  const userAgent = request.headers['user-agent'];
  return userAgent === undefined ? {} : { userAgent };
}

/** The answer has begun: what fails from here on can only be told by breaking the stream off. */
function openStream(
  context: ApiContext,
  request: HttpRequest,
  response: HttpResponse,
  {
    auditId,
    warnings,
    answer,
  }: {
    readonly auditId: string;
    readonly warnings: ReadonlySet<string>;
    readonly answer: Extract<Answer, { kind: 'watch' }>;
  },
): void {
  try {
    if (warnings.size > 0 && !response.destroyed) {
      response.setHeader('Warning', [...warningHeaders(warnings)]);
    }
    startStream(request, response, auditId, answer);
  } catch (error) {
    context.log.error({ err: error, auditId }, 'a watch could not be opened');
    response.destroy();
  }
}

async function answerRequest(
  context: ApiContext,
  request: HttpRequest,
  seen: Seen,
  form: { asked?: AnswerForm },
  { warnings, ended }: { readonly warnings: Set<string>; readonly ended: () => AbortSignal },
): Promise<Answer> {
  const url = request.url ?? '';
  if (url.length > context.limits.urlLength) throw uriTooLong(context.limits.urlLength);
  const target = parseClusterTarget(url);
  const cluster = target && context.access.clusterByName(target.accountId, target.region, target.name);
  // SECURITY: who may see which clusters exist is not decided yet; a wrong form and an unknown name answer alike.
  // A connected cluster has an API server of its own.
  if (target === undefined || cluster?.cluster.kind !== 'builtIn') throw pathNotFound();
  seen.cluster = cluster.cluster;
  seen.requestUri = target.query === '' ? target.path : `${target.path}?${target.query}`;
  const lines = headerLines(request.rawHeaders);
  const info = parseRequestInfo(request.method ?? '', target.path, target.query);
  seen.verb = info.verb;
  const { user, caller } = await identify(context, cluster, lines, info, seen);

  const attributes = attributesOf(info, user);
  seen.target = attributes;
  seen.attributes = attributes;
  authorizeOrThrow(cluster, attributes, (decision) => {
    seen.decision = decision;
  });
  const authorizeAlso = (also: Attributes): void =>
    authorizeOrThrow(cluster, also, (decision) => {
      if (decision.decision !== 'allow') Object.assign(seen, { attributes: also, decision });
    });
  const second = secondPermission(cluster.cluster, attributes, lines);
  if (second !== undefined) authorizeAlso(second);
  const accept = header(lines, 'accept');
  await context.loadServed(cluster.cluster);
  const served = context.served(cluster.cluster);
  if (!info.isResourceRequest) {
    const document = await issuerDocument(context, cluster.cluster, info);
    if (document !== undefined) return document;
    const host = header(lines, 'host') ?? '';
    return serveNonResource(cluster, served, info, {
      ...{ accept, host, ifNoneMatch: header(lines, 'if-none-match') },
    });
  }
  const resource = servedResource(served, info);
  const deprecation = deprecationWarning(resource, minorVersion(cluster.cluster));
  if (deprecation !== undefined) warnings.add(deprecation);
  const asked = answerForm(accept, info.query);
  form.asked = asked;
  return serveResource(
    context,
    {
      cluster,
      user,
      caller,
      ...awsAuthPrincipalOf(seen),
      verb: info.verb,
      resource,
      served,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      query: info.query,
      headers: lines,
      warn: (text) => warnings.add(text),
      annotate: (key, value) => annotate(seen, key, value),
      ended,
      async readBody() {
        const body = await bodyOf(context, request, lines);
        // SECURITY: a body may be on its way for a minute. A block made meanwhile counts; the registry looked before.
        if (context.isBlocked(caller)) throw unauthorized();
        return body;
      },
      authorizeAlso,
    },
    eventRenderer(resource, asked, context.now),
  );
}

function awsAuthPrincipalOf({ authentication }: Seen): Pick<ResourceRequest, 'awsAuthPrincipal'> {
  if (authentication?.outcome !== 'authenticated') return {};
  const { principal, evidence } = authentication;
  return principal !== undefined && evidence.mappedBy?.source === 'awsAuth'
    ? { awsAuthPrincipal: principal }
    : {};
}

/** credential → caller → who the request counts as, with impersonation checked against the real caller. */
async function identify(
  context: ApiContext,
  cluster: ClusterAccess,
  lines: HeaderLines,
  info: RequestInfo,
  seen: Seen,
): Promise<{ readonly user: UserInfo; readonly caller: UserInfo }> {
  const caller = await authenticateCaller(cluster, lines, context.now());
  switch (caller.kind) {
    case 'unavailable':
      seen.authentication = caller.authentication;
      throw serviceUnavailable('the token cannot be judged at the moment');
    case 'refused':
      seen.authentication = caller.authentication;
      throw unauthorized();
    case 'anonymous': {
      seen.anonymous = true;
      const mayAsk =
        isAnonymousPath(info) && cluster.authorize(attributesOf(info, caller.user)).decision === 'allow';
      if (!mayAsk) throw unauthorized();
      break;
    }
    case 'user':
      seen.authentication = caller.authentication;
      for (const [key, value] of annotationsOf(caller.authentication)) annotate(seen, key, value);
      break;
    default:
      return caller satisfies never;
  }
  const request = attributesOf(info, caller.user);
  seen.target = request;
  const constrained = context.constrainedImpersonation && minorVersion(cluster.cluster) >= 36;
  const impersonation = readImpersonation(lines, { constrained });
  if (impersonation.kind === 'none') return { user: caller.user, caller: caller.user };
  if (impersonation.kind === 'malformed') throw badRequest(impersonation.message);
  const { authorize } = cluster;
  const result = impersonate(impersonation.wanted, request, { constrained, authorize });
  if (!result.ok) {
    const { attributes, decision } = result;
    Object.assign(seen, { attributes, decision });
    throw forbidden(attributes, decision.reason);
  }
  seen.constraint = result.constraint;
  return { user: result.user, caller: caller.user };
}

function annotationsOf(authentication: Authentication): readonly (readonly [string, string])[] {
  const told = authentication.outcome === 'authenticated' ? authentication.annotations : undefined;
  return Object.entries(told ?? {});
}

async function bodyOf(context: ApiContext, request: HttpRequest, lines: HeaderLines): Promise<Uint8Array> {
  const encoding = header(lines, 'content-encoding')?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity')
    throw badRequest(`Content-Encoding \`${encoding}\` of a request is not supported`);
  const result = await readBody(request, context.limits, context.bodies);
  switch (result.kind) {
    case 'read':
      return result.body;
    case 'tooLarge':
      throw requestEntityTooLarge(`limit is ${context.limits.bodyBytes}`);
    case 'tooMany':
      throw tooManyRequests('too many request bodies are on their way', 1);
    case 'tooSlow':
    case 'aborted':
      throw badRequest('the body of the request did not arrive');
    default:
      return result satisfies never;
  }
}

function uriTooLong(limit: number): KubeStatusError {
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the URL of the request is longer than ${limit} characters`,
    reason: 'RequestURITooLong',
    code: 414,
  });
}
