import { type ArnSections, splitSections } from '../arn/arn.ts';
import { lowerAscii } from '../arn/case.ts';

/** Who asks, as policies see it. A verified `Principal` is one. */
export type RequestPrincipal =
  | {
      readonly kind: 'root' | 'user' | 'assumedRole';
      readonly accountId: string;
      readonly partition: string;
      /** As GetCallerIdentity reports it: the session's for roles. */
      readonly arn: string;
      /** The role's with its path for sessions, else the same as `arn`. */
      readonly principalArn: string;
      /** AIDA…, AROA… without session, or the account id for root. */
      readonly principalId: string;
    }
  | {
      readonly kind: 'federatedUser';
      readonly accountId: string;
      readonly partition: string;
      readonly arn: string;
      readonly principalArn: string;
      readonly principalId: string;
      /** Who called GetFederationToken: named in a resource policy, it stands for its sessions too (iam-facts E4). */
      readonly issuer: { readonly arn: string; readonly principalId: string };
    }
  /** A service's own call: `pods.eks.amazonaws.com`. */
  | { readonly kind: 'service'; readonly name: string }
  /** Somebody an OIDC or SAML provider vouches for; anonymous otherwise (iam-facts E12). */
  | { readonly kind: 'federated'; readonly provider: string };

/**
 * The condition keys of one request: name in lower case, the part after `/` of tag keys included (iam-facts D2), to
 * its value as text. A string is a single-valued key; a list is a multi-valued one, and an empty list counts as absent
 * (iam-facts D9). Booleans are `true` and `false`, dates ISO 8601 in UTC, numbers decimal text.
 */
export type RequestContext = ReadonlyMap<string, string | readonly string[]>;

/** The form of a key's name in a context: condition keys and tag keys have no case (iam-facts D2). */
export function contextKey(name: string): string {
  return name.toLowerCase();
}

/** Nothing is known but who asks what. */
export const emptyContext: RequestContext = new Map();

export interface EvaluationRequest {
  readonly principal: RequestPrincipal;
  /** `eks:DescribeCluster` */
  readonly action: string;
  /** An ARN, or `*` for actions without a resource type (iam-facts B5). */
  readonly resource: string;
  /** Who owns the resource. */
  readonly resourceAccountId: string;
  /** What conditions and policy variables may refer to; without it, no key is present. */
  readonly context?: RequestContext;
}

/** A request prepared once for all statements: comparing does not lower-case or split again. */
export interface PreparedRequest extends EvaluationRequest {
  readonly lowerAction: string;
  readonly resourceSections: ArnSections | undefined;
  readonly context: RequestContext;
  /** Has the caller a permissions boundary? NotPrincipal asks (iam-facts B9). */
  readonly bounded: boolean;
}

export function prepareRequest(
  request: EvaluationRequest,
  { bounded }: { readonly bounded: boolean },
): PreparedRequest {
  return {
    principal: request.principal,
    action: request.action,
    resource: request.resource,
    resourceAccountId: request.resourceAccountId,
    lowerAction: lowerAscii(request.action),
    resourceSections: splitSections(request.resource),
    context: request.context ?? emptyContext,
    bounded,
  };
}
