import { GateClosed } from '../access/aws/gate.ts';
import { AwsRefusal } from '../clients/aws.ts';
import { services } from '../wire/protocols/services.ts';

/** What the agent itself has against a request; the message is what the pod reads. */
export class AgentRefusal extends Error {
  readonly status: 400 | 403 | 404 | 429 | 500;
  constructor(status: AgentRefusal['status'], message: string) {
    super(message);
    this.name = 'AgentRefusal';
    this.status = status;
  }
}

export const tooManyRequests = 'Too Many Requests';

/**
 * The status and text a pod gets for any failure. Refusals of EKS Auth go through with their status, in the upstream
 * agent's form (eks-access-facts J19).
 */
export function answerTo(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof AgentRefusal) return error;
  if (error instanceof GateClosed) return { status: 429, message: tooManyRequests };
  if (error instanceof AwsRefusal) {
    const { code, message, status, requestId } = error;
    return { status, message: `[${requestId}]: (${code}): ${message}, fault: ${faultOf(error)}` };
  }
  const cause = firstOf(error);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return { status: 500, message: `unable to fetch credentials from EKS Auth: ${reason}` };
}

/** Whose fault the model of EKS Auth says it is; of a code that it does not have, nobody knows. */
function faultOf({ code, status }: AwsRefusal): string {
  if (services['eks-auth'].error(code) === undefined) return 'unknown';
  return status < 500 ? 'client' : 'server';
}

/** EKS Auth's words for a token that will not get credentials again, however often it is asked. */
const final = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'InvalidTokenException',
  'ResourceNotFoundException',
]);

/** Whether what was fetched for a token before must not be answered any more (`IsIrrecoverable` of the upstream agent). */
export function takesCredentialsAway(error: unknown): boolean {
  return error instanceof AwsRefusal && final.has(error.code);
}

/** Whether the same call may go well in a moment: throttling, a service in trouble, a connection that broke. */
export function mayPass(error: unknown): boolean {
  if (error instanceof AwsRefusal) return error.status === 429 || error.status >= 500;
  const system = firstOf(error);
  return system instanceof Error && typeof (system as NodeJS.ErrnoException).code === 'string';
}

/** Node tries several addresses of one name and reports all of their failures together, without a message. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}
