import type { AwsEvent, KubernetesEvent } from './event.ts';

/** Records for tests, in CloudTrail's and the Kubernetes audit log's shape; the defaults are boring. */

type Fields = Readonly<Record<string, unknown>>;

const account = '111122223333';
let serial = 0;

const userIdentity = (name: string): Fields => ({
  type: 'IAMUser',
  principalId: 'AIDAQQQQQQQQQQQQQQQQQ',
  arn: `arn:aws:iam::${account}:user/${name}`,
  accountId: account,
  accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ',
  userName: name,
});

export const rootIdentity: Fields = {
  type: 'Root',
  principalId: account,
  arn: `arn:aws:iam::${account}:root`,
  accountId: account,
  accessKeyId: 'AKIARRRRRRRRRRRRRRRR',
};

export const roleIdentity = (name: string, session: string): Fields => ({
  type: 'AssumedRole',
  principalId: `AROAQQQQQQQQQQQQQQQQQ:${session}`,
  arn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
  accountId: account,
  accessKeyId: 'ASIAQQQQQQQQQQQQQQQQ',
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: 'AROAQQQQQQQQQQQQQQQQQ',
      arn: `arn:aws:iam::${account}:role/${name}`,
      accountId: account,
      userName: name,
    },
    attributes: { creationDate: '2026-01-15T11:00:00Z', mfaAuthenticated: 'false' },
  },
});

/** `call('eks:CreateAccessEntry', {requestParameters: …})` */
export function call(action: string, fields: Fields = {}): AwsEvent {
  serial += 1;
  const [service, eventName] = action.split(':');
  return {
    kind: 'aws',
    record: {
      eventVersion: '1.11',
      userIdentity: userIdentity('alice'),
      eventTime: '2026-01-15T12:00:00Z',
      eventSource: `${service}.amazonaws.com`,
      eventName,
      awsRegion: 'us-east-1',
      sourceIPAddress: '192.0.2.1',
      userAgent: 'test',
      requestParameters: null,
      responseElements: null,
      requestID: `request-${serial}`,
      eventID: `event-${serial}`,
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
      ...fields,
    },
  };
}

/** `kubernetes('update configmaps kube-system/aws-auth')` */
export function kubernetes(request: string, fields: Fields = {}, status = 200): KubernetesEvent {
  serial += 1;
  const [verb, resource, where = ''] = request.split(' ');
  const [namespace, name] = where.includes('/') ? where.split('/') : ['', where];
  return {
    kind: 'kubernetes',
    record: {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      requestURI: '/',
      auditID: `audit-${serial}`,
      stage: 'ResponseComplete',
      verb,
      user: {
        username: 'alice',
        groups: ['system:authenticated'],
        extra: { arn: [`arn:aws:sts::${account}:assumed-role/dev/alice`] },
      },
      sourceIPs: ['192.0.2.1'],
      objectRef: { resource, ...(namespace && { namespace }), ...(name && { name }) },
      responseStatus: { metadata: {}, code: status },
      requestReceivedTimestamp: '2026-01-15T12:00:00.000000Z',
      ...fields,
    },
  };
}
