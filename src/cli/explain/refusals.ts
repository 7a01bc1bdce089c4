import type { TrailItem } from '../../audit/item.ts';
import type { KubernetesAuditEvent } from '../../audit/kubernetes/event.ts';
import { hintOf, identityHints } from '../../engine/analysis/explain/identitystep.ts';
import { tokenHints } from '../../engine/analysis/explain/tokensteps.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { cloudTrailUses } from '../../sources/usage/cloudtrail.ts';
import { auditEventUses } from '../../sources/usage/kubernetes.ts';
import { trailRow } from '../trail/row.ts';

/** A call or request that was refused, as the trail has it. */
export interface Refusal {
  /** ISO 8601, whole seconds. */
  readonly at: string;
  readonly who: string;
  readonly what: string;
  /** What the server answered, and why in its own words. */
  readonly why: string;
  /** What it takes, where the trail tells; what was impersonated beside it is another use. */
  readonly uses: readonly AccessUse[];
  /** Of a token that was not taken: the code of the authenticator, and of whom it was where that was known. */
  readonly authentication?: { readonly code: string; readonly hint: string; readonly principalArn?: string };
  /** ARN of the cluster. */
  readonly cluster?: string;
}

/** Undefined for what failed for another reason than that it was not allowed. */
export function refusalOf(item: TrailItem): Refusal | undefined {
  return item.kind === 'aws' ? awsRefusal(item) : kubernetesRefusal(item, item.event);
}

/** Codes of calls whose caller was not believed, or not allowed. */
const refused =
  /^(?:AccessDenied|Unauthori[sz]ed|NotAuthorized|Forbidden|ExpiredToken|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|UnrecognizedClient|InvalidSignature)/;

function awsRefusal(item: Extract<TrailItem, { kind: 'aws' }>): Refusal | undefined {
  const { errorCode, errorMessage, additionalEventData } = item.record;
  if (errorCode === undefined || !refused.test(errorCode)) return undefined;
  const { decision } = additionalEventData?.entryway ?? {};
  const [at = '', who = '', what = ''] = trailRow(item);
  const found = cloudTrailUses({ ...item.record });
  return {
    ...{ at, who, what },
    why: [
      errorMessage === undefined ? errorCode : `${errorCode}: ${errorMessage}`,
      ...(decision?.statements ?? []).map(
        ({ policy, policyType, index }) =>
          `statement ${index + 1} of ${policyType} policy \`${policy}\` decided`,
      ),
    ].join('; '),
    uses: 'uses' in found ? found.uses.filter(({ allowed }) => !allowed) : [],
  };
}

function kubernetesRefusal(
  item: TrailItem,
  { responseStatus: { code }, annotations, user }: KubernetesAuditEvent,
): Refusal | undefined {
  if (code !== 401 && code !== 403) return undefined;
  const [at = '', who = '', what = '', , , about = ''] = trailRow(item);
  const cluster = annotations['entryway/cluster-arn'];
  const common = { at, who, what: `${what} ${about}`.trim(), ...(cluster !== undefined && { cluster }) };
  if (code === 401) {
    const reason = annotations['entryway/authentication'] ?? 'none';
    const principalArn = annotations['entryway/principal-arn'];
    return {
      ...common,
      why: reason === 'none' ? '401 Unauthorized: no credential was sent' : `401 Unauthorized: \`${reason}\``,
      uses: [],
      authentication: {
        code: reason,
        hint: hintFor(reason),
        ...(principalArn !== undefined && { principalArn }),
      },
    };
  }
  const told = annotations['authorization.k8s.io/reason'] ?? '';
  const found = item.kind === 'kubernetes' ? auditEventUses({ ...item.event }) : { uses: [] };
  const name = user.username ?? '';
  return {
    ...common,
    why: `403 Forbidden: nothing allowed it to user \`${name}\`${told === '' ? '' : ` (${told})`}`,
    uses: 'uses' in found ? found.uses.filter(({ allowed }) => !allowed) : [],
  };
}

function hintFor(code: string): string {
  if (code === 'none') return 'send a token: look at the user’s exec section in the kubeconfig';
  if (Object.hasOwn(tokenHints, code)) return tokenHints[code] ?? '';
  return Object.hasOwn(identityHints, code)
    ? hintOf(code)
    : 'explain the token that was used: entryway explain token -';
}
