import type { UserInfo } from '../../authorizer/attributes.ts';
import type { ExplainStep } from './explanation.ts';
import { hintOf, identityHints } from './identitystep.ts';

/** What an authenticator said of a token: `Authentication` of `access`, as far as it is told. */
export interface TokenVerdict {
  readonly outcome: 'authenticated' | 'refused' | 'unavailable';
  readonly evidence: {
    readonly step: 'credential' | 'caller' | 'identity';
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly accessKeyId?: string;
    readonly principalArn?: string;
    readonly mappedBy?: { readonly source: string; readonly arn: string };
  };
  readonly user?: UserInfo;
}

const remade =
  'make a new one: `aws eks get-token --cluster-name NAME`, or `entryway token --cluster-name NAME`';
const notByHand = `${remade}; do not change or shorten it`;
const otherTool = `${remade}: what made this one does not make tokens as EKS knows them`;

/** What to do next, by the code of the verdict; the names of `TokenErrorKind`, and what else authenticators say. */
export const tokenHints: Readonly<Record<string, string>> = {
  tokenTooLarge: notByHand,
  badPrefix: 'copy the whole token: one of an IAM identity begins with `k8s-aws-v1.`',
  badBase64: notByHand,
  badUrl: notByHand,
  badScheme: otherTool,
  badHost: `${remade}, for an STS endpoint of this partition`,
  badPath: otherTool,
  badQuery: notByHand,
  duplicateParam: notByHand,
  unknownParam: otherTool,
  badAction: otherTool,
  clusterHeaderNotSigned: `${remade}: this one names no cluster`,
  badExpires: otherTool,
  badDate: 'set the clock of the machine that made the token by NTP, then make a new one',
  expired:
    'make a new one: a token is good for 15 minutes; kubectl does it by itself through the kubeconfig’s exec section',
  misspelledParam: otherTool,
  badAlgorithm: otherTool,
  badVersion: otherTool,
  badCredential: otherTool,
  badScope: `${remade}: region and date of this one do not fit each other`,
  badSignedHeaders: otherTool,
  unknownKey:
    'look at which credentials are used with `aws sts get-caller-identity`: this server has no such access key and asks AWS about none',
  inactiveKey: 'use another access key, or activate this one: `aws iam update-access-key`',
  principalGone: 'use credentials of a user or role that exists: the owner of this key was deleted',
  badSessionToken: 'take key id, secret and session token from one and the same session',
  wrongCluster:
    'make one for this cluster: `aws eks get-token --cluster-name NAME` with the name of this cluster',
  badSignature:
    'look at the secret key, and at the cluster name the token was made for: `aws eks get-token --cluster-name NAME` with the name of this cluster',
  sessionExpired: 'sign in again (`aws sso login`, or assume the role anew), then make a new token',
  wrongAudience: 'ask for a token of the audience this cluster’s API server has',
  lookupFailed: 'try again in a moment; the log of the server says what its store is missing',
  clusterUnreadable: 'look at the log of the server: the record of the cluster cannot be read',
  instanceLookupFailed: 'try again in a moment; EC2 could not be asked for the name of the instance',
  pinFailed:
    'try again in a moment; the log of the server says why the entry could not be tied to its principal',
  stsUnavailable: 'try again in a moment; AWS’s STS could not be reached from the server',
  stsBusy: 'try again in a moment: many tokens are being judged',
  stsThrottled: 'try again in a moment: AWS’s STS asks for fewer questions',
  stsRefused: 'sign in again and make a new token: AWS’s STS refused this one',
  clockSkew: 'set the clocks by NTP: AWS’s and the one of the machine that made the token differ',
  partitionNotTrusted: 'use credentials of the partition that this server is of',
  rootOfLocalAccount:
    'use a user or role: AWS’s root of an account that this server has itself is not let in',
  unknownSigningKey: 'make a new token: the key that signed this one is not, or no more, the issuer’s',
  wrongIssuer: 'make a token of this cluster: another one issued this',
  malformedToken: 'copy the whole token: three parts with dots between',
  notYetValid: 'set the clocks by NTP: the token is of a time to come',
};

/** credential, caller, identity: what the authenticator said, one line a step, up to where it stopped. */
export function tokenSteps({ outcome, evidence, user }: TokenVerdict): readonly ExplainStep[] {
  const order = ['credential', 'caller', 'identity'] as const;
  const reached = order.indexOf(evidence.step);
  return order.map((step, at): ExplainStep => {
    if (at > reached) {
      return {
        step,
        outcome: 'notReached',
        code: 'notReached',
        message: 'not reached: an earlier step failed',
        misses: [],
      };
    }
    if (at < reached)
      return { step, outcome: 'passed', code: 'passed', message: passedText(step, evidence), misses: [] };
    const { code, message, hint } = evidence;
    if (outcome === 'authenticated') {
      return {
        ...{ step, outcome: 'passed', code, message, misses: [] },
        ...(user !== undefined && {
          evidence: {
            kind: 'identity',
            ...{ username: user.username, uid: user.uid, groups: user.groups },
            ...(evidence.mappedBy !== undefined && { mappedBy: evidence.mappedBy }),
          },
        }),
      };
    }
    return {
      ...{ step, outcome: 'failed', code, message },
      // The authenticator's own hint tells what is there; what to do stands below.
      misses:
        hint === undefined || step === 'credential' || code === 'noMapping' ? [] : [{ code, message: hint }],
      hint: nextStep(step, code),
    };
  });
}

function passedText(step: 'credential' | 'caller' | 'identity', evidence: TokenVerdict['evidence']): string {
  if (step === 'credential') return 'the token is well-formed and in time';
  const { accessKeyId, principalArn } = evidence;
  const key = accessKeyId === undefined ? 'the token is genuine' : `access key \`${accessKeyId}\` signed it`;
  return principalArn === undefined ? key : `${key}, which is \`${principalArn}\``;
}

function nextStep(step: ExplainStep['step'], code: string): string {
  if (Object.hasOwn(tokenHints, code)) return tokenHints[code] ?? remade;
  if (Object.hasOwn(identityHints, code) || step === 'identity') return hintOf(code);
  return remade;
}
