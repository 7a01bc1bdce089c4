import type { CloudTrailRecord, UserIdentity } from '../../audit/cloudtrail/record.ts';
import type { TrailItem } from '../../audit/item.ts';
import type { KubernetesAuditEvent } from '../../audit/kubernetes/event.ts';
import { shortArn } from '../../server/evidence.ts';

export const trailColumns = ['time', 'who', 'event', 'source ip', 'result', 'resource'] as const;

/** A record in one line for a person; the whole of it is what `--json` prints. */
export function trailRow(item: TrailItem): readonly string[] {
  return item.kind === 'aws' ? awsRow(item.record) : kubernetesRow(item.event);
}

function awsRow(record: CloudTrailRecord): readonly string[] {
  const service = record.eventSource.replace(/\.amazonaws\.com$/, '');
  return [
    record.eventTime,
    who(record.userIdentity),
    `${service}:${record.eventName}`,
    record.sourceIPAddress,
    record.errorCode ?? 'ok',
    subjectOf(record),
  ];
}

/** `role/session`, `user/name`, `root`; for nobody we know the access key they named. */
function who({ type, arn, accessKeyId, userName, invokedBy }: UserIdentity): string {
  if (type === 'AssumedRole' && arn !== undefined) return shortArn(arn).replace(/^assumed-role\//, '');
  if (arn !== undefined) return shortArn(arn);
  return userName ?? invokedBy ?? accessKeyId ?? 'unknown';
}

/** Whose permissions or which thing the call was about: the resources, and principal and policy of an access entry. */
function subjectOf({ requestParameters, resources = [] }: CloudTrailRecord): string {
  const named = resources
    // An entry's own name is long, and all in it is told by its cluster and its principal.
    .map(({ ARN }) => shortArn(ARN).replace(/^access-entry\/([^/]+)\/.*$/, 'cluster/$1'))
    .filter((name) => name !== '*');
  const principal = requestParameters?.principalArn;
  if (typeof principal === 'string') named.push(shortArn(decoded(principal)));
  const policy = requestParameters?.policyArn;
  if (typeof policy === 'string') named.push(policy.slice(policy.lastIndexOf('/') + 1));
  return [...new Set(named)].join(' ');
}

/** COMPAT: what came through the URI is recorded percent-encoded (eks-access-facts L2). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function kubernetesRow(event: KubernetesAuditEvent): readonly string[] {
  const { objectRef, responseStatus, annotations, impersonatedUser } = event;
  const cluster = annotations['entryway/cluster-arn']?.split(':cluster/')[1] ?? '';
  const what = [objectRef?.resource, objectRef?.subresource].filter((part) => part !== undefined).join('/');
  const which = [objectRef?.namespace, objectRef?.name].filter((part) => part !== undefined).join('/');
  return [
    `${event.stageTimestamp.slice(0, 19)}Z`,
    kubernetesWho(event) + (impersonatedUser === undefined ? '' : ` as ${impersonatedUser.username ?? ''}`),
    `k8s:${event.verb} ${what}${/[?&]dryRun=/.test(event.requestURI) ? ' (dry run)' : ''}`.trimEnd(),
    event.sourceIPs[0] ?? '',
    responseStatus.code < 400 ? 'ok' : (responseStatus.reason ?? String(responseStatus.code)),
    // What was refused before it was understood is known by its path only.
    [`cluster/${cluster}`, objectRef === undefined ? event.requestURI.split('?')[0] : which]
      .filter((part) => part !== '')
      .join(' '),
  ];
}

/** The user name; a session by its role, as with AWS calls; for who was refused the principal or the key. */
function kubernetesWho({ user, annotations }: KubernetesAuditEvent): string {
  const arn = user.extra?.arn?.[0] ?? annotations['entryway/principal-arn'];
  const isArn = user.username === undefined || user.username.startsWith('arn:');
  if (arn !== undefined && isArn) return shortArn(arn).replace(/^assumed-role\//, '');
  return user.username ?? annotations['entryway/access-key-id'] ?? 'unknown';
}
