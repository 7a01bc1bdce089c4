import { AwsRefusal } from '../clients/aws.ts';
import { GateClosed } from '../clients/gate.ts';
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

/** Nobody can be asked: what the node signs with is not there. */
export class NodeUnknown extends Error {
  constructor(cause: unknown) {
    super('the node has no credentials', { cause });
    this.name = 'NodeUnknown';
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
    const { code, message, requestId } = error;
    // A redirection is nothing that a pod could follow: it would show its token there.
    const status = error.status >= 400 && error.status < 600 ? error.status : 500;
    return { status, message: `[${requestId}]: (${code}): ${message}, fault: ${faultOf(error)}` };
  }
  const cause = firstOf(error);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return { status: 500, message: `unable to fetch credentials from EKS Auth: ${reason}` };
}

/** What the log says of a failure. SECURITY: why the node has no credentials, with files and roles of it, is not for pods. */
export function reasonFor(error: unknown): string {
  const { message } = answerTo(error);
  if (!(error instanceof NodeUnknown)) return message;
  return `${message}: ${error.cause instanceof Error ? error.cause.message : String(error.cause)}`;
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

/**
 * Whether what was fetched for a token before must not be answered any more (`IsIrrecoverable` of the upstream agent).
 *
 * COMPAT: the upstream agent looks at the code alone. But `ExpiredTokenException` is also what signed requests are answered
 * whose own session has ended, with another status: all pods would lose their credentials with the node's.
 */
export function takesCredentialsAway(error: unknown): boolean {
  if (!(error instanceof AwsRefusal) || !final.has(error.code)) return false;
  return services['eks-auth'].error(error.code)?.status === error.status;
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
