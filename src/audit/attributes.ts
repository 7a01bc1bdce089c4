import type { CloudTrailRecord, JsonRecord, UserIdentity } from './cloudtrail/record.ts';
import { resourceName } from './cloudtrail/resources.ts';
import type { TrailAttribute, TrailItem } from './item.ts';
import type { KubernetesAuditEvent } from './kubernetes/event.ts';

/** A resource as LookupEvents tells it. */
export interface NamedResource {
  readonly type: string;
  readonly name: string;
}

/** Every value under which the record is found; a record is found by each of several resources. */
export function attributeValues(item: TrailItem): readonly (readonly [TrailAttribute, string])[] {
  const { single, resources, alsoNamed } = item.kind === 'aws' ? ofRecord(item.record) : ofEvent(item.event);
  const values: (readonly [TrailAttribute, string])[] = [];
  for (const [key, value] of single) if (value !== undefined) values.push([key, value]);
  for (const { type, name } of resources) values.push(['ResourceType', type], ['ResourceName', name]);
  for (const name of alsoNamed) values.push(['ResourceName', name]);
  return values;
}

/** COMPAT: what CloudTrail's event history calls the user: a role's session by the session's name. */
export function userNameOf({ type, userName, principalId }: UserIdentity): string | undefined {
  switch (type) {
    case 'Root':
      return 'root';
    case 'AssumedRole':
    case 'FederatedUser':
      return principalId?.slice(principalId.indexOf(':') + 1);
    default:
      return userName;
  }
}

/** Parameters and answers that name what a call was about, beside the resources it was authorized on. */
const named: readonly (readonly [path: readonly string[], type: string])[] = [
  [['userName'], 'AWS::IAM::User'],
  [['roleName'], 'AWS::IAM::Role'],
  [['groupName'], 'AWS::IAM::Group'],
  [['policyName'], 'AWS::IAM::Policy'],
  [['policyArn'], 'AWS::IAM::Policy'],
  [['accessKeyId'], 'AWS::IAM::AccessKey'],
  [['accessKey', 'accessKeyId'], 'AWS::IAM::AccessKey'],
  [['credentials', 'accessKeyId'], 'AWS::IAM::AccessKey'],
  [['instanceProfileName'], 'AWS::IAM::InstanceProfile'],
  [['serialNumber'], 'AWS::IAM::MfaDevice'],
];

/** The resources of a record: as authorized, and as named by its parameters and its answer. */
export function resourcesOf(record: CloudTrailRecord): readonly NamedResource[] {
  const found = new Map<string, NamedResource>();
  const add = (type: string, name: string): void => void found.set(`${type} ${name}`, { type, name });
  for (const { ARN, type } of record.resources ?? []) if (type !== undefined) add(type, resourceName(ARN));
  for (const [path, type] of named) {
    const actual =
      path[0] === 'policyArn' && record.eventSource === 'eks.amazonaws.com' ? 'AWS::EKS::AccessPolicy' : type;
    for (const part of [record.requestParameters, record.responseElements]) {
      const name = textAt(part, path);
      if (name !== undefined) add(actual, name);
    }
  }
  return [...found.values()];
}

interface Values {
  readonly single: readonly (readonly [TrailAttribute, string | undefined])[];
  readonly resources: readonly NamedResource[];
  readonly alsoNamed: readonly string[];
}

function ofRecord(record: CloudTrailRecord): Values {
  const { userIdentity } = record;
  const { principalId } = userIdentity;
  const principalArn = textAt(record.requestParameters, ['principalArn']);
  return {
    single: [
      ['EventId', record.eventID],
      ['EventName', record.eventName],
      ['ReadOnly', String(record.readOnly)],
      ['Username', userNameOf(userIdentity)],
      ['EventSource', record.eventSource],
      ['AccessKeyId', userIdentity.accessKeyId],
      // The session's name is the caller's choice; the id before it is not.
      ['PrincipalId', userIdentity.type === 'AssumedRole' ? principalId?.split(':')[0] : principalId],
      ['ErrorCode', record.errorCode],
    ],
    resources: resourcesOf(record),
    alsoNamed: [
      ...(record.resources ?? []).map(({ ARN }) => ARN),
      ...(principalArn === undefined ? [] : [principalArn]),
    ],
  };
}

function ofEvent(event: KubernetesAuditEvent): Values {
  const { annotations, objectRef } = event;
  return {
    single: [
      ['EventId', event.auditID],
      ['EventName', event.verb],
      ['ReadOnly', String(['get', 'list', 'watch', 'head', 'options'].includes(event.verb))],
      ['Username', event.user.username],
      ['Username', event.impersonatedUser?.username],
      ['EventSource', annotations['entryway/cluster-arn']],
      ['AccessKeyId', annotations['entryway/access-key-id']],
      ['PrincipalId', annotations['entryway/principal-id']],
      ['ErrorCode', event.responseStatus.reason],
      ['ResourceType', objectRef?.resource],
      ['ResourceName', objectRef?.name],
    ],
    resources: [],
    alsoNamed: [],
  };
}

function textAt(value: JsonRecord | null, path: readonly string[]): string | undefined {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as JsonRecord)[step];
  }
  return typeof at === 'string' ? at : undefined;
}
