import { isWithinDepth } from '../../wire/kube/body.ts';
import { isObject, type JsonObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { internalError } from '../../wire/kube/status.ts';
import type { HttpAnswer } from './call.ts';

/** What a webhook says to a request. */
export interface Verdict {
  readonly allowed: boolean;
  /** The Status of a refusal, as given. */
  readonly result: JsonObject | undefined;
  /** Of a mutating webhook that allows, for `decodePatch`; '' for no change. */
  readonly patch: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** An answer that is none; the message is what follows `failed calling webhook "x": ` in the API server's words. */
export class AnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AnswerError';
  }
}

/**
 * Reads the answer to a review.
 *
 * SECURITY: an answer to another question, of another kind or with members of other types is refused as a whole. Only
 * `true` allows.
 * @throws AnswerError
 */
export function readVerdict(
  answer: HttpAnswer,
  expected: { readonly uid: string; readonly version: 'v1' | 'v1beta1'; readonly mutating: boolean },
): Verdict {
  if (answer.status < 200 || answer.status > 206) {
    throw new AnswerError(`failed to call webhook: ${failureText(answer)}`);
  }
  const review = parse(answer.body);
  const { response } = review;
  if (response === undefined || response === null) throw invalidAnswer('webhook response was absent');
  if (!isObject(response)) throw undecodable();
  // v1beta1 verified neither the kind nor the uid.
  if (expected.version === 'v1') {
    if (response.uid !== expected.uid) {
      const given = JSON.stringify(printed(response.uid ?? '').slice(0, 100));
      throw invalidAnswer(`expected response.uid=${JSON.stringify(expected.uid)}, got ${given}`);
    }
    if (review.apiVersion !== 'admission.k8s.io/v1' || review.kind !== 'AdmissionReview') {
      const given = kindText(review.apiVersion, review.kind);
      throw invalidAnswer(
        `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${given}`,
      );
    }
  }
  const { allowed, status, warnings, auditAnnotations } = response;
  if (allowed !== undefined && typeof allowed !== 'boolean') throw undecodable();
  if (status !== undefined && status !== null && !isObject(status)) throw undecodable();
  return {
    allowed: allowed === true,
    result: isObject(status) ? status : undefined,
    patch: readPatch(response, { ...expected, allowed: allowed === true }),
    warnings: remarks(Array.isArray(warnings) ? warnings : []).map(([, text]) => shortened(text, 512)),
    auditAnnotations: Object.fromEntries(
      remarks(isObject(auditAnnotations) ? auditAnnotations : {}).map(([key, text]) => [
        shortened(key, 256),
        shortened(text, 1024),
      ]),
    ),
  };
}

const maximumRemarks = 32;

/** The texts of a list or map. They are kept until the request is answered, so no more than anybody will be shown. */
function remarks(given: object): readonly (readonly [string, string])[] {
  return Object.entries(given)
    .slice(0, maximumRemarks)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** A copy: a mere part of a text would keep the whole in memory. */
function shortened(text: string, length: number): string {
  return text.length <= length ? text : Buffer.from(text.slice(0, length)).toString();
}

/** SECURITY: a refusal stays one, whatever patch comes with it. */
function readPatch(
  { patch: given, patchType: type }: JsonObject,
  told: { readonly version: string; readonly mutating: boolean; readonly allowed: boolean },
): string {
  const { version, mutating, allowed } = told;
  const patch = given ?? '';
  if (typeof patch !== 'string') throw undecodable();
  const hasType = type !== undefined && type !== null;
  if (!mutating) {
    if (version !== 'v1') return '';
    if (patch !== '') throw invalidAnswer('validating webhook may not return response.patch');
    if (hasType) throw invalidAnswer('validating webhook may not return response.patchType');
    return '';
  }
  if (version === 'v1') {
    if (patch !== '' && !hasType) {
      throw invalidAnswer('webhook returned response.patch but not response.patchType');
    }
    if (patch === '' && hasType) {
      throw invalidAnswer('webhook returned response.patchType but not response.patch');
    }
    if (type === '') throw invalidAnswer('webhook returned invalid response.patchType of ""');
    if (hasType && type !== 'JSONPatch' && allowed) {
      throw new AnswerError(`unsupported patch type ${JSON.stringify(printed(type).slice(0, 100))}`);
    }
  }
  return allowed ? patch : '';
}

/**
 * The operations of a verdict's patch; undefined for none. One that cannot be read is no failed call: as upstream, the
 * write is refused whatever the webhook's failurePolicy says.
 */
export function decodePatch(patch: string): JsonValue | undefined {
  if (patch === '') return undefined;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
    if (Array.isArray(decoded) && isWithinDepth(decoded)) {
      return decoded.length === 0 ? undefined : (decoded as JsonValue);
    }
  } catch {
    // Told below: the parser's own words would repeat what the webhook sent.
  }
  throw internalError('received undecodable patch in webhook response: it is no JSON patch');
}

function parse(body: string): JsonObject {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    throw undecodable();
  }
  if (!isObject(review) || !isWithinDepth(review)) throw undecodable();
  return review;
}

const undecodable = (): AnswerError =>
  new AnswerError('failed to call webhook: the answer is not an AdmissionReview');

const invalidAnswer = (detail: string): AnswerError =>
  new AnswerError(`received invalid webhook response: ${detail}`);

function kindText(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion.slice(0, 100) : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind.slice(0, 100) : ''}`;
}

/**
 * The words of Kubernetes' client for an HTTP status.
 *
 * SECURITY: upstream repeats the body of a 500; here whoever writes a configuration is not told what else on this
 * machine answers.
 */
function failureText({ status }: HttpAnswer): string {
  switch (status) {
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 500:
      return 'an error on the server ("unknown") has prevented the request from succeeding';
    case 503:
      return 'the server is currently unable to handle the request';
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request';
    default:
      return `the server responded with the status code ${status} but did not return more information`;
  }
}
