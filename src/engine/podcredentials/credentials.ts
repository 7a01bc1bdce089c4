import { member, text } from './json.ts';
import {
  audienceAnnotation,
  podIdentityAudience,
  regionalEndpointsAnnotation,
  roleAnnotation,
  skipContainersAnnotation,
  skipLabel,
  stsAudience,
  tokenExpirationAnnotation,
} from './names.ts';
import { parseSkippedContainers } from './skipcontainers.ts';

/** What there is to know when a pod is made. */
export interface PodSituation {
  /** As it comes to a mutating webhook: with the name of its service account. */
  readonly pod: unknown;
  /** Whether the service account has a Pod Identity association. */
  readonly isAssociated: boolean;
  /** Of the service account; undefined where it is not known. */
  readonly accountAnnotations: Readonly<Record<string, unknown>> | undefined;
  /** Of the cluster. */
  readonly region: string;
  /** Where the pods of an association find the agent. */
  readonly agentUri: string;
  /** From 0 up to, not including, 1; asked once at most. */
  readonly random: () => number;
}

/** How the containers of a pod get to AWS credentials. */
export type CredentialTerms = {
  /** Whom the token is for. */
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly region: string;
  /** Whether SDKs are told to ask the STS of the region. */
  readonly regionalEndpoints: boolean;
  /** Names of containers that get nothing. */
  readonly skippedContainers: readonly string[];
} & (
  | { readonly mechanism: 'podIdentity'; readonly agentUri: string }
  | { readonly mechanism: 'webIdentity'; readonly roleArn: string }
);

export interface PodCredentials {
  /** Undefined where the pod gets none. */
  readonly terms: CredentialTerms | undefined;
  /** What was said and could not be followed, for whoever makes the pod: one line each. */
  readonly warnings: readonly string[];
}

const longestSeconds = 86_400;
const shortestSeconds = 600;
/** The tokens of many pods that begin at once do not all end at once. */
const shortestJitteredSeconds = 79_200;

/**
 * Which credentials a pod gets, as EKS's webhook decides (I7, I8, J20): those of the association where there is one, else
 * those of the role its service account names. A mirror pod and one with the label `skipLabel` get none.
 */
export function credentialsOf(situation: PodSituation): PodCredentials {
  const { pod, isAssociated, accountAnnotations } = situation;
  const roleArn = text(accountAnnotations, roleAnnotation) ?? '';
  if (!isEligible(pod) || (!isAssociated && roleArn === '')) return { terms: undefined, warnings: [] };
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const skipped = skippedContainersOf(pod, warn);
  const seconds = expirationOf(pod, accountAnnotations, warn);
  const shared = {
    region: situation.region,
    regionalEndpoints: regionalEndpointsOf(accountAnnotations, warn),
    skippedContainers: skipped,
  };
  if (isAssociated) {
    // COMPAT: the source draws this for Pod Identity alone, and whoever asks for 86400 gets a drawn number as well.
    const expirationSeconds =
      seconds === longestSeconds
        ? shortestJitteredSeconds +
          Math.floor(situation.random() * (longestSeconds - shortestJitteredSeconds + 1))
        : seconds;
    const { agentUri } = situation;
    const audience = podIdentityAudience;
    return {
      terms: { mechanism: 'podIdentity', agentUri, audience, expirationSeconds, ...shared },
      warnings,
    };
  }
  if (!isRoleArn(roleArn)) warn(`\`${roleAnnotation}\` of the service account is not the ARN of a role`);
  const audience = audienceOf(accountAnnotations, warn);
  return {
    terms: { mechanism: 'webIdentity', roleArn, audience, expirationSeconds: seconds, ...shared },
    warnings,
  };
}

/** The account a pod runs as, of those that may get credentials; undefined for a pod that gets none whatever it is. */
export function credentialAccountOf(pod: unknown): string | undefined {
  return isEligible(pod) ? text(member(pod, 'spec'), 'serviceAccountName') : undefined;
}

function isEligible(pod: unknown): boolean {
  const metadata = member(pod, 'metadata');
  const isMirror = member(member(metadata, 'annotations'), 'kubernetes.io/config.mirror') !== undefined;
  const isSkipped = member(member(metadata, 'labels'), skipLabel) !== undefined;
  const account = text(member(pod, 'spec'), 'serviceAccountName') ?? '';
  return !isMirror && !isSkipped && account !== '';
}

function podAnnotation(pod: unknown, name: string): string | undefined {
  return text(member(member(pod, 'metadata'), 'annotations'), name);
}

function skippedContainersOf(pod: unknown, warn: (warning: string) => void): readonly string[] {
  const said = podAnnotation(pod, skipContainersAnnotation);
  if (said === undefined) return [];
  const names = parseSkippedContainers(said);
  if (names === undefined)
    warn(`\`${skipContainersAnnotation}\` is no list of names: no container is left out`);
  return names ?? [];
}

/** Of the pod, else of the account, else a day; what is not a whole number counts as not said. */
function expirationOf(pod: unknown, account: unknown, warn: (warning: string) => void): number {
  const told = [
    { of: 'the pod', said: podAnnotation(pod, tokenExpirationAnnotation) },
    { of: 'the service account', said: text(account, tokenExpirationAnnotation) },
  ];
  for (const { of, said } of told) {
    if (said === undefined) continue;
    if (isInteger(said)) return Math.min(longestSeconds, Math.max(shortestSeconds, Number(said)));
    warn(`\`${tokenExpirationAnnotation}\` of ${of} is not a whole number of seconds`);
  }
  return longestSeconds;
}

/** What fits into 64 bits, as Go reads it. */
function isInteger(said: string): boolean {
  if (!/^[+-]?[0-9]{1,64}$/.test(said)) return false;
  const value = BigInt(said.replace(/^\+/, ''));
  return value === BigInt.asIntN(64, value);
}

/** True where the account does not say: what EKS starts its webhook with. False, as there, while it is not known. */
function regionalEndpointsOf(account: unknown, warn: (warning: string) => void): boolean {
  if (account === undefined) return false;
  const said = text(account, regionalEndpointsAnnotation);
  if (said === undefined || /^(1|t|T|true|TRUE|True)$/.test(said)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(said)) return false;
  warn(`\`${regionalEndpointsAnnotation}\` of the service account is neither true nor false`);
  return true;
}

/**
 * SECURITY: an empty audience would mean the API server's own: the pod would carry a token for the cluster to whoever STS
 * is. COMPAT: the source lets it be.
 */
function audienceOf(account: unknown, warn: (warning: string) => void): string {
  const said = text(account, audienceAnnotation);
  if (said === '') warn(`\`${audienceAnnotation}\` of the service account is empty: it is ${stsAudience}`);
  return said || stsAudience;
}

/** The form the source looks for, which goes on without it as well. */
function isRoleArn(arn: string): boolean {
  return /^arn:aws[a-z0-9-]*:iam::[0-9]{12}:role\/[\w\-/.@+=,]+$/.test(arn);
}
