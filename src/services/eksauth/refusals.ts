import type { PodTokenAnswer } from '../../engine/podcredentials/podtoken.ts';
import { AwsError } from '../../wire/protocols/errors.ts';

/**
 * Why EKS Auth refuses (eks-access-facts J15). Three texts are reported by users of EKS: that of a token without association,
 * that of a role which cannot be assumed, and that of an expired token (boto/botocore 3117, aws/eks-pod-identity-agent 89).
 * COMPAT: the others are like them in AWS's manner, and say what is wrong.
 */

export const invalidParameter = (message: string): AwsError =>
  new AwsError('InvalidParameterException', message);

export const noSuchCluster = (name: string): AwsError =>
  new AwsError('ResourceNotFoundException', `No cluster found for name: ${name}.`);

export const noAssociation = (): AwsError =>
  new AwsError(
    'ResourceNotFoundException',
    'The token included in the request has no service account role association for it.',
  );

/**
 * AWS's text for whatever keeps the service from the role: it is missing, its trust policy does not name the service, or
 * only without `sts:TagSession`, or under other conditions. COMPAT: of a target role nothing is reported.
 */
export const cannotAssume = (which: 'associated' | 'target'): AwsError =>
  new AwsError(
    'AccessDeniedException',
    `Unauthorized Exception! EKS does not have permissions to assume the ${which} role.`,
  );

/** Throws unless the token was found good. SECURITY: no text has anything of the token in it. */
export function refuseToken(
  clusterName: string,
  answer: Exclude<PodTokenAnswer, { outcome: 'verified' }>,
  now: number,
): never {
  const token = 'The token included in the request';
  switch (answer.outcome) {
    case 'expired':
      throw new AwsError(
        'ExpiredTokenException',
        `${token} is expired: current date/time ${timeText(now)} must be before the expiration date/time ${timeText(answer.at)}.`,
      );
    case 'refused':
      throw new AwsError('InvalidTokenException', `${token} is invalid: ${answer.because}.`);
    case 'unconfigured':
      throw new AwsError('InvalidRequestException', unconfigured[answer.missing](clusterName));
    case 'unavailable':
      throw new AwsError('ServiceUnavailableException', `${token} cannot be judged now: ${answer.because}.`);
    default:
      throw new Error(`an unknown answer: ${JSON.stringify(answer satisfies never)}`);
  }
}

/** As EKS writes it: without a fraction that is zero. */
function timeText(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

const unconfigured: Readonly<Record<'tokenIssuer' | 'outboundIssuers', (clusterName: string) => string>> = {
  tokenIssuer: (name) =>
    `Nobody has told who issues the service account tokens of the connected cluster ${name}; see: entryway cluster issuer set.`,
  outboundIssuers: (name) =>
    `This Entryway asks no token issuer for its keys, and cluster ${name} handed none over; see: serve --oidc-issuers.`,
};

/**
 * What STS refuses in the words of EKS Auth, which has other codes. COMPAT: that a session does not fit is told as a bad
 * request; how EKS tells it is not known.
 */
export function asRefusalOfEksAuth(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  if (error.code === 'AccessDenied') return new AwsError('AccessDeniedException', error.message);
  return new AwsError('InvalidRequestException', `${error.code.replace(/Exception$/, '')}: ${error.message}`);
}
