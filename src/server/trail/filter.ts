import { attributeValues } from '../../audit/attributes.ts';
import type { TrailAttribute, TrailItem } from '../../audit/item.ts';
import type { TrailQuery } from '../../audit/trail.ts';

/** What somebody wants to see of the trail; everything given must hold. */
export interface TrailFilter {
  readonly accountId?: string;
  /** User name, session name, Kubernetes user name or `root`. */
  readonly user?: string;
  /** Name of the AWS call or Kubernetes verb, in any case. */
  readonly event?: string;
  /** `eks`, `iam.amazonaws.com` and the like. */
  readonly source?: string;
  readonly ip?: string;
  readonly accessKey?: string;
  /** ARN of a user, role or session, its part after the account (`role/dev`), or the unique id. */
  readonly principal?: string;
  readonly cluster?: string;
  /** Refused and failed ones only. */
  readonly errors?: true;
  /** Kubernetes requests as well as AWS calls. */
  readonly kubernetes?: true;
}

const textMembers = [
  'accountId',
  'user',
  'event',
  'source',
  'ip',
  'accessKey',
  'principal',
  'cluster',
] as const;
const flagMembers = ['errors', 'kubernetes'] as const;
const maximumText = 2048;

/** Undefined for what is no filter, also for members it does not know: a filter that is half understood shows wrong things. */
export function parseTrailFilter(value: unknown): TrailFilter | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const isKnown = ([name, member]: readonly [string, unknown]): boolean =>
    textMembers.some((known) => known === name)
      ? typeof member === 'string' && member !== '' && member.length <= maximumText
      : flagMembers.some((known) => known === name) && member === true;
  return Object.entries(value).every(isKnown) ? value : undefined;
}

/** What the trail itself can look up of the filter; the rest is for `matchesFilter`. */
export function queryOf({ accountId, kubernetes, accessKey, user }: TrailFilter): Partial<TrailQuery> {
  const attribute =
    accessKey !== undefined
      ? ({ key: 'AccessKeyId', value: accessKey } as const)
      : user !== undefined
        ? ({ key: 'Username', value: user } as const)
        : undefined;
  return {
    ...(accountId === undefined ? {} : { accountId }),
    ...(kubernetes ? {} : { kind: 'aws' as const }),
    ...(attribute === undefined ? {} : { attribute }),
  };
}

export function matchesFilter(item: TrailItem, filter: TrailFilter): boolean {
  const { accountId, user, event, source, ip, accessKey, principal, cluster } = filter;
  if (item.kind === 'kubernetes' && !filter.kubernetes) return false;
  if (accountId !== undefined && item.accountId !== accountId) return false;
  if (filter.errors && !hasFailed(item)) return false;
  if (event !== undefined && nameOf(item).toLowerCase() !== event.toLowerCase()) return false;
  if (source !== undefined && !isFrom(item, source)) return false;
  if (ip !== undefined && sourceIpOf(item) !== ip) return false;
  if (user !== undefined && !hasValue(item, 'Username', user)) return false;
  if (accessKey !== undefined && !hasValue(item, 'AccessKeyId', accessKey)) return false;
  if (principal !== undefined && !principalsOf(item).some((one) => isPrincipal(one, principal))) return false;
  return cluster === undefined || isAbout(item, cluster);
}

function hasValue(item: TrailItem, attribute: TrailAttribute, value: string): boolean {
  return attributeValues(item).some(([key, found]) => key === attribute && found === value);
}

/** Whether it was refused, or did not succeed for another reason. */
export function hasFailed(item: TrailItem): boolean {
  return item.kind === 'aws' ? item.record.errorCode !== undefined : item.event.responseStatus.code >= 400;
}

function nameOf(item: TrailItem): string {
  return item.kind === 'aws' ? item.record.eventName : item.event.verb;
}

function isFrom(item: TrailItem, source: string): boolean {
  return item.kind === 'aws' && [source, `${source}.amazonaws.com`].includes(item.record.eventSource);
}

function sourceIpOf(item: TrailItem): string | undefined {
  return item.kind === 'aws' ? item.record.sourceIPAddress : item.event.sourceIPs[0];
}

/** ARNs and ids of who acted: the session and the role or user behind it. */
function principalsOf(item: TrailItem): readonly (string | undefined)[] {
  if (item.kind === 'kubernetes') {
    const { annotations, user } = item.event;
    return [
      annotations['entryway/principal-arn'],
      annotations['entryway/principal-id'],
      ...(user.extra?.arn ?? []),
    ];
  }
  const { arn, principalId, sessionContext } = item.record.userIdentity;
  const issuer = sessionContext?.sessionIssuer;
  return [arn, principalId, principalId?.split(':')[0], issuer?.arn, issuer?.principalId];
}

function isPrincipal(found: string | undefined, wanted: string): boolean {
  return found !== undefined && (found === wanted || found.split(':').slice(5).join(':') === wanted);
}

function isAbout(item: TrailItem, cluster: string): boolean {
  const isCluster = (arn: string | undefined): boolean => arn?.endsWith(`:cluster/${cluster}`) ?? false;
  if (item.kind === 'kubernetes') return isCluster(item.event.annotations['entryway/cluster-arn']);
  const { eventSource, requestParameters, resources = [] } = item.record;
  const isNamed = requestParameters?.name === cluster || requestParameters?.clusterName === cluster;
  return (eventSource.startsWith('eks') && isNamed) || resources.some(({ ARN }) => isCluster(ARN));
}
