import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { cut } from '../cloudtrail/parameters.ts';
import type { ClusterRequest } from '../requests.ts';
import { microsecondsText } from '../times.ts';
import type { KubernetesAuditEvent, KubernetesUser } from './event.ts';
import { recordedUri } from './uri.ts';

const maximumText = 4096;
/** SECURITY: whoever can connect chooses these texts; see `store/refusals.ts`. */
const maximumOfStrangers = 256;

/** Nobody vouched for who asks. Who is known and has no access is no stranger. */
export function isFromStranger({ authentication: { outcome, principalId } }: ClusterRequest): boolean {
  return outcome !== 'authenticated' && principalId === undefined;
}

/** The audit event of a request. `now` is when it is answered. */
export function buildEvent(request: ClusterRequest, now: number): KubernetesAuditEvent {
  const { authentication, attributes, decision, status } = request;
  const { user } = authentication;
  const asked = attributes?.user;
  const impersonated = asked?.impersonated === true ? asked : undefined;
  const objectRef = objectReference(attributes);
  const [longestUri, longestAgent, longestMessage] = isFromStranger(request)
    ? [maximumOfStrangers, maximumOfStrangers, maximumOfStrangers]
    : [maximumText, 1024, 1024];
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: request.auditId,
    stage: request.streams === true ? 'ResponseStarted' : 'ResponseComplete',
    requestURI: cut(recordedUri(request.requestUri), longestUri),
    verb: cut(request.verb, 64),
    // An anonymous request authenticates nobody; the user it counts as is still who asked.
    user: toldUser(user ?? (authentication.outcome === 'none' ? asked : undefined)),
    ...(impersonated !== undefined && { impersonatedUser: toldUser(impersonated) }),
    ...(request.constraint !== undefined && {
      authenticationMetadata: { impersonationConstraint: request.constraint },
    }),
    sourceIPs: [request.sourceIp],
    ...(request.userAgent !== undefined && { userAgent: cut(request.userAgent, longestAgent) }),
    ...(objectRef !== undefined && { objectRef }),
    responseStatus: {
      metadata: {},
      ...(status >= 400 && { status: 'Failure' as const }),
      ...(request.message !== undefined && { message: cut(request.message, longestMessage) }),
      ...(request.reason !== undefined && { reason: request.reason }),
      code: status,
    },
    requestReceivedTimestamp: microsecondsText(request.receivedAt),
    stageTimestamp: microsecondsText(now),
    annotations: {
      ...admissionAnnotations(request),
      ...(decision !== undefined && {
        'authorization.k8s.io/decision': decision.decision === 'allow' ? 'allow' : 'forbid',
        'authorization.k8s.io/reason': cut(decision.reason, maximumText),
      }),
      'entryway/cluster-arn': request.cluster.arn,
      ...credentialAnnotations(request),
    },
  };
}

/** SECURITY: a webhook chooses these; what the server says of itself stands after them and wins. */
function admissionAnnotations({ annotations = {} }: ClusterRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations)
      .slice(0, 32)
      .map(([key, value]) => [cut(key, 512), cut(value, 1024)]),
  );
}

/** What joins the event to the calls of the same credential and principal in the trail of AWS calls. */
function credentialAnnotations({ authentication }: ClusterRequest): Readonly<Record<string, string>> {
  const { outcome, code, accessKeyId, principalArn, principalId, mappedBy } = authentication;
  const told: Record<string, string> = {};
  if (outcome !== 'authenticated') told['entryway/authentication'] = code ?? outcome;
  if (accessKeyId !== undefined) told['entryway/access-key-id'] = cut(accessKeyId, 128);
  if (principalArn !== undefined) told['entryway/principal-arn'] = cut(principalArn, 2048);
  if (principalId !== undefined) told['entryway/principal-id'] = principalId;
  if (mappedBy !== undefined) told['entryway/mapped-by'] = `${mappedBy.source} ${cut(mappedBy.arn, 2048)}`;
  return told;
}

function toldUser(user: UserInfo | undefined): KubernetesUser {
  if (user === undefined) return {};
  const { username, uid, groups, extra } = user;
  return {
    username: cut(username, maximumText),
    ...(uid !== '' && { uid: cut(uid, maximumText) }),
    ...(groups.length > 0 && { groups: groups.slice(0, 100).map((group) => cut(group, 512)) }),
    ...(Object.keys(extra).length > 0 && {
      extra: Object.fromEntries(
        Object.entries(extra)
          .slice(0, 50)
          .map(([key, values]) => [cut(key, 512), values.slice(0, 20).map((value) => cut(value, 2048))]),
      ),
    }),
  };
}

function objectReference(attributes: Attributes | undefined): KubernetesAuditEvent['objectRef'] {
  if (attributes?.kind !== 'resource') return undefined;
  const { resource, namespace, name, apiGroup, apiVersion, subresource } = attributes;
  return {
    resource,
    ...(namespace !== '' && { namespace }),
    ...(name !== '' && { name }),
    ...(apiGroup !== '' && { apiGroup }),
    ...(apiVersion !== '' && { apiVersion }),
    ...(subresource !== '' && { subresource }),
  };
}
