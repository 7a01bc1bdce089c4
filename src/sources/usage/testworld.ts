import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { createUsageReader } from './usage.ts';

export const roleArn = 'arn:aws:iam::111122223333:role/ops';
export const clusterArn = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';
let ids = 0;

/** A record of CloudTrail. */
export const call = (eventName: string, change: object = {}): object => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAOPS:alice',
    arn: 'arn:aws:sts::111122223333:assumed-role/ops/alice',
    sessionContext: { sessionIssuer: { type: 'Role', principalId: 'AROAOPS', arn: roleArn } },
  },
  eventTime: '2026-11-20T10:00:00Z',
  eventSource: 'eks.amazonaws.com',
  eventName,
  eventID: `id-${ids++}`,
  eventType: 'AwsApiCall',
  ...change,
});

/** An audit event. */
export const event = (verb: string, objectRef: object | undefined, change: object = {}): object => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  auditID: `audit-${ids++}`,
  stage: 'ResponseComplete',
  requestURI: '/metrics?verbose',
  verb,
  user: { username: 'ada', groups: ['devs'] },
  ...(objectRef && { objectRef }),
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-11-20T10:00:00.000000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
  ...change,
});

/** What a reader makes of records. */
export function understand(...records: readonly unknown[]) {
  const uses: AccessUse[] = [];
  const reader = createUsageReader((use) => void uses.push(use));
  for (const record of records) reader.record(record);
  return { uses, gaps: reader.gaps().map(({ reason }) => reason) };
}
