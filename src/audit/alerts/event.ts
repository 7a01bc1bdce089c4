import type { TrailItem } from '../item.ts';

/**
 * What the rules read of a record. Rules judge what is stored, also by older versions and by imports, so nothing in it
 * is taken for granted: a member that is missing or of another kind is absent.
 */
export interface AwsEvent {
  readonly kind: 'aws';
  /** A CloudTrail record. */
  readonly record: object;
}

export interface KubernetesEvent {
  readonly kind: 'kubernetes';
  /** An `audit.k8s.io/v1` Event. */
  readonly record: object;
}

export type TrailEvent = AwsEvent | KubernetesEvent;

export function eventOf(item: TrailItem): TrailEvent {
  return item.kind === 'aws'
    ? { kind: 'aws', record: item.record }
    : { kind: 'kubernetes', record: item.event };
}

/** The value under own members, one inside the other; undefined when there is none. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[name];
  }
  return current;
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The texts of a list; nothing else in it counts. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : [];
}

/** When it happened, epoch milliseconds; NaN when the record does not say. */
export function timeOf({ kind, record }: TrailEvent): number {
  return Date.parse(textAt(record, kind === 'aws' ? 'eventTime' : 'requestReceivedTimestamp') ?? '');
}

/** The record's own id: `eventID` or `auditID`. */
export function idOf({ kind, record }: TrailEvent): string {
  return textAt(record, kind === 'aws' ? 'eventID' : 'auditID') ?? '';
}

export function succeeded({ record }: AwsEvent): boolean {
  return valueAt(record, 'errorCode') === undefined;
}

/** Refused for want of permission. */
export function isDenied({ record }: AwsEvent): boolean {
  return /^(?:Client\.)?(?:AccessDenied|UnauthorizedOperation)/.test(textAt(record, 'errorCode') ?? '');
}

/**
 * Who acted: the principal's ARN, for Kubernetes else the user name; where nobody vouched for them, the access key they
 * named.
 */
export function actorOf(event: TrailEvent): string {
  if (event.kind === 'kubernetes') {
    const [arn] = textsAt(event.record, 'user', 'extra', 'arn');
    const key = textAt(event.record, 'annotations', 'entryway/access-key-id');
    return arn ?? textAt(event.record, 'user', 'username') ?? key ?? 'somebody unknown';
  }
  const identity = valueAt(event.record, 'userIdentity');
  return textAt(identity, 'arn') ?? textAt(identity, 'accessKeyId') ?? 'somebody unknown';
}

/** Everybody of one role together, whatever their sessions are called: the role's ARN, else the actor. */
export function principalOf(event: TrailEvent): string {
  const principal =
    event.kind === 'aws'
      ? textAt(event.record, 'userIdentity', 'sessionContext', 'sessionIssuer', 'arn')
      : textAt(event.record, 'annotations', 'entryway/principal-arn');
  return principal ?? actorOf(event);
}

export function sourceOf({ kind, record }: TrailEvent): string | undefined {
  return kind === 'aws' ? textAt(record, 'sourceIPAddress') : textsAt(record, 'sourceIPs')[0];
}

export function accountOf({ record }: AwsEvent): string | undefined {
  return textAt(record, 'recipientAccountId') ?? textAt(record, 'userIdentity', 'accountId');
}

/** `eks` for `eks.amazonaws.com`. */
export function serviceOf({ record }: AwsEvent): string {
  return (textAt(record, 'eventSource') ?? '').replace(/\.amazonaws\.com$/, '');
}

/** HTTP status of a Kubernetes answer; 0 when the record does not say. */
export function statusOf({ record }: KubernetesEvent): number {
  const code = valueAt(record, 'responseStatus', 'code');
  return typeof code === 'number' ? code : 0;
}
