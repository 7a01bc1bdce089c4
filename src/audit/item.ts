import type { CloudTrailRecord } from './cloudtrail/record.ts';
import type { KubernetesAuditEvent } from './kubernetes/event.ts';

/**
 * Where a record stands in the trail: a text whose order is the order of time, unique to the record. Opaque to
 * everybody but `store/position.ts`.
 */
export type TrailPosition = string;

/** One record of the trail. */
export type TrailItem =
  | {
      readonly kind: 'aws';
      readonly position: TrailPosition;
      /** Whose trail it belongs to: 12 digits. */
      readonly accountId: string;
      readonly record: CloudTrailRecord;
    }
  | {
      readonly kind: 'kubernetes';
      readonly position: TrailPosition;
      /** The account of the cluster. */
      readonly accountId: string;
      readonly event: KubernetesAuditEvent;
    };

export type TrailKind = TrailItem['kind'];

/**
 * What records can be looked up by. For Kubernetes events `EventId` is the audit id, `EventName` the verb,
 * `EventSource` the cluster's ARN, `ResourceType` the resource (`configmaps`) and `ResourceName` its name.
 */
export const trailAttributes = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
  'PrincipalId',
  'ErrorCode',
] as const;
export type TrailAttribute = (typeof trailAttributes)[number];
