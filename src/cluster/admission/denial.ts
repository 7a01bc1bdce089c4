import { quote } from '../../engine/rbac/quote.ts';
import { isObject, type JsonObject } from '../../wire/kube/json.ts';
import { badRequest, internalError, type KubeStatus, KubeStatusError } from '../../wire/kube/status.ts';

/** Characters of what a webhook says of its refusal. */
const maximumText = 32 * 1024;

/**
 * The refusal of a webhook. Its reason is the webhook's to choose: whoever goes by reasons of our own, like that a name
 * is taken, must look for this class first.
 */
export class WebhookDenial extends KubeStatusError {}

/** The refusal of a webhook as the client sees it: the webhook's own Status with who it was put in front. */
export function denied(webhook: string, result: JsonObject | undefined): WebhookDenial {
  const { code, message, reason, details } = result ?? {};
  const deniedBy = `admission webhook ${quote(webhook)} denied the request`;
  const said = [message, reason].find((text) => typeof text === 'string' && text !== '');
  const isStatus = typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600;
  const status: KubeStatus = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      typeof said === 'string'
        ? `${deniedBy}: ${said.slice(0, maximumText)}`
        : `${deniedBy} without explanation`,
    ...(typeof reason === 'string' && reason !== '' && { reason: reason.slice(0, maximumText) }),
    ...(isObject(details) &&
      JSON.stringify(details).length <= maximumText && {
        details: details as KubeStatus['details'] & object,
      }),
    code: isStatus ? code : 400,
  };
  return new WebhookDenial(status);
}

/** Whether the name of a new object is taken, and not just said to be by a webhook. */
export function isNameTaken(error: unknown): boolean {
  return (
    error instanceof KubeStatusError &&
    !(error instanceof WebhookDenial) &&
    error.status.reason === 'AlreadyExists'
  );
}

/** A webhook that could not be asked, and whose configuration says that nothing goes on then. */
export function callFailed(webhook: string, reason: string): KubeStatusError {
  return internalError(`failed calling webhook ${quote(webhook)}: ${reason}`);
}

export function dryRunUnsupported(webhook: string): KubeStatusError {
  return badRequest(`admission webhook ${quote(webhook)} does not support dry run`);
}

export function notModifiable(webhook: string): KubeStatusError {
  return internalError(
    `admission webhook ${quote(webhook)} attempted to modify the object, which is not supported for this operation`,
  );
}

/** The request's own time, or its client, ended before its webhooks did. */
export function requestTimedOut(): KubeStatusError {
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Timeout: request did not complete within requested timeout',
    reason: 'Timeout',
    details: {},
    code: 504,
  });
}
