import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { principalIdExtraKey } from '../../engine/authorizer/attributes.ts';
import type { RecordUses } from './cloudtrail.ts';
import { type Fields, fieldsAt, optionalTextAt, textAt, textsAt, timeAt } from './fields.ts';
import { impersonations, refusedImpersonation } from './impersonation.ts';

export function isAuditEvent(record: Fields): boolean {
  return (
    textAt(record, 'kind') === 'Event' && (textAt(record, 'apiVersion') ?? '').startsWith('audit.k8s.io/')
  );
}

/**
 * The uses an audit event tells. An impersonated request is several: what the impersonator needed to be somebody else, and
 * what the impersonated user did. The stage before the answer tells nothing yet.
 */
export function auditEventUses(event: Fields): RecordUses {
  const stage = textAt(event, 'stage');
  if (stage === 'RequestReceived') return { uses: [] };
  const at = timeAt(event, 'requestReceivedTimestamp') ?? timeAt(event, 'stageTimestamp');
  if (at === undefined) return { gap: 'the event has no time' };
  const allowed = wasAllowed(event);
  // First: what nobody was let in for is not told further than its path.
  if (allowed === 'unauthenticated') return { uses: [] };
  const question = questionOf(event);
  if ('gap' in question) return question;
  if (allowed === undefined) return { gap: 'the event does not say whether the request was allowed' };
  const annotations = fieldsAt(event, 'annotations');
  const cluster = textAt(annotations, 'entryway/cluster-arn');
  const user = fieldsAt(event, 'user');
  const use = (who: AccessUse['who'], asked: Question, isAllowed: boolean): AccessUse => ({
    ...{ at, who, allowed: isAllowed },
    did: { kind: 'kubernetes', ...(cluster !== undefined && { cluster }), question: asked },
  });
  const caller = callerOf(user, annotations);
  const refused = refusedImpersonation(event);
  if (refused !== undefined) return { uses: [use(caller, refused, false)] };
  const impersonated = fieldsAt(event, 'impersonatedUser');
  const questions = [question, ...(allowed ? createdBy(question, event) : [])];
  if (impersonated === undefined) return { uses: questions.map((asked) => use(caller, asked, allowed)) };
  const who = { ...userOf(impersonated), impersonated: true } as const;
  return {
    uses: [
      // Kubernetes notes the impersonated user when the impersonation has passed, before it looks at the request.
      ...impersonations(event, question).map((asked) => use(caller, asked, true)),
      ...questions.map((asked) => use(who, asked, allowed)),
    ],
  };
}

/** Whoever applies or puts an object that was not there creates it, which is asked for besides, by name. */
function createdBy(question: Question, event: Fields): readonly Question[] {
  const isCreated = fieldsAt(event, 'responseStatus')?.code === 201;
  return isCreated && (question.verb === 'patch' || question.verb === 'update')
    ? [{ ...question, verb: 'create' }]
    : [];
}

/** Who authenticated: annotations of Entryway, else what the authenticator of IAM put into the extra keys. */
function callerOf(user: Fields | undefined, annotations: Fields | undefined): AccessUse['who'] {
  const extra = fieldsAt(user, 'extra');
  const principalArn = textAt(annotations, 'entryway/principal-arn') ?? textsAt(extra, 'canonicalArn')[0];
  const principalId = textAt(annotations, 'entryway/principal-id') ?? textsAt(extra, principalIdExtraKey)[0];
  return {
    ...(principalArn !== undefined && { principalArn }),
    ...(principalId !== undefined && { principalId }),
    ...userOf(user),
  };
}

/** SECURITY: the extra keys of an impersonated user are its impersonator's choice, so that only the name counts. */
function userOf(user: Fields | undefined): Pick<AccessUse['who'], 'username' | 'groups'> {
  const username = textAt(user, 'username');
  return { ...(username !== undefined && { username }), groups: textsAt(user, 'groups') };
}

const nothingAsked = { gap: 'an audit event says neither what was asked for nor its path' };

function questionOf(event: Fields): Question | { readonly gap: string } {
  const verb = textAt(event, 'verb');
  if (verb === undefined) return nothingAsked;
  const object = fieldsAt(event, 'objectRef');
  const resource = textAt(object, 'resource');
  if (resource === undefined) {
    const [path = ''] = (textAt(event, 'requestURI') ?? '').split('?', 1);
    // The path of a resource is never judged as a path (kubernetes-facts A1, A2).
    const isResource = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/[^/]/.test(path);
    return path.startsWith('/') && !isResource ? { kind: 'nonResource', verb, path } : nothingAsked;
  }
  const [subresource, apiGroup, namespace, name] = (
    ['subresource', 'apiGroup', 'namespace', 'name'] as const
  ).map((member) => optionalTextAt(object, member));
  if (subresource === undefined || apiGroup === undefined || namespace === undefined || name === undefined)
    return { gap: 'the event’s objectRef has something that is no text' };
  // Whoever creates has no name to ask about yet, although the answer has one.
  const isNameless = (verb === 'create' && subresource === '') || verb === 'deletecollection';
  return {
    kind: 'resource',
    ...{ verb, resource, subresource, apiGroup, namespace },
    name: isNameless ? '' : name,
  };
}

/** By the authorizer, else by the answer; undefined where neither tells. */
function wasAllowed(event: Fields): boolean | 'unauthenticated' | undefined {
  const code = fieldsAt(event, 'responseStatus')?.code;
  const decision = textAt(fieldsAt(event, 'annotations'), 'authorization.k8s.io/decision');
  // First: what a proxy leads to may answer 401 to whoever was let through.
  if (decision !== undefined) return decision === 'allow';
  if (code === 401) return 'unauthenticated';
  return typeof code === 'number' ? code !== 403 : undefined;
}
