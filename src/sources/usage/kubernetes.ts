import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { principalIdExtraKey } from '../../engine/authorizer/attributes.ts';
import type { RecordUses } from './cloudtrail.ts';
import { type Fields, fieldsAt, textAt, textsAt } from './fields.ts';

export function isAuditEvent(record: Fields): boolean {
  return (
    textAt(record, 'kind') === 'Event' && (textAt(record, 'apiVersion') ?? '').startsWith('audit.k8s.io/')
  );
}

/**
 * The uses an audit event tells. An impersonated request is two: what the impersonated user did, and what the impersonator
 * needed for it. The stage before the answer tells nothing yet.
 */
export function auditEventUses(event: Fields): RecordUses {
  const stage = textAt(event, 'stage');
  if (stage === 'RequestReceived') return { uses: [] };
  const at = Date.parse(textAt(event, 'requestReceivedTimestamp') ?? textAt(event, 'stageTimestamp') ?? '');
  if (Number.isNaN(at)) return { gap: 'the event has no time' };
  const question = questionOf(event);
  if (question === undefined) return { gap: 'the event says neither what was asked for nor its path' };
  const allowed = wasAllowed(event);
  if (allowed === undefined) return { uses: [] };
  const annotations = fieldsAt(event, 'annotations');
  const cluster = textAt(annotations, 'entryway/cluster-arn');
  const user = fieldsAt(event, 'user');
  const use = (who: AccessUse['who'], asked: Question, isAllowed: boolean): AccessUse => ({
    ...{ at, who, allowed: isAllowed },
    did: { kind: 'kubernetes', ...(cluster !== undefined && { cluster }), question: asked },
  });
  const caller = callerOf(user, annotations);
  const impersonated = fieldsAt(event, 'impersonatedUser');
  if (impersonated === undefined) return { uses: [use(caller, question, allowed)] };
  // Whether the impersonation or the request was refused is not told apart: refused ones prove no use.
  return {
    uses: [
      ...impersonations(impersonated).map((asked) => use(caller, asked, allowed)),
      use(userOf(impersonated), question, allowed),
    ],
  };
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

function questionOf(event: Fields): Question | undefined {
  const verb = textAt(event, 'verb');
  if (verb === undefined) return undefined;
  const object = fieldsAt(event, 'objectRef');
  const resource = textAt(object, 'resource');
  if (resource === undefined) {
    const [path = ''] = (textAt(event, 'requestURI') ?? '').split('?', 1);
    return path.startsWith('/') ? { kind: 'nonResource', verb, path } : undefined;
  }
  const subresource = textAt(object, 'subresource') ?? '';
  // Whoever creates has no name to ask about yet, although the answer has one.
  const isNameless = (verb === 'create' && subresource === '') || verb === 'deletecollection';
  return {
    kind: 'resource',
    ...{ verb, resource, subresource, apiGroup: textAt(object, 'apiGroup') ?? '' },
    namespace: textAt(object, 'namespace') ?? '',
    name: isNameless ? '' : (textAt(object, 'name') ?? ''),
  };
}

/** Undefined: nobody was authenticated, so that nothing was used. */
function wasAllowed(event: Fields): boolean | undefined {
  const code = fieldsAt(event, 'responseStatus')?.code;
  if (code === 401) return undefined;
  const decision = textAt(fieldsAt(event, 'annotations'), 'authorization.k8s.io/decision');
  return decision === undefined ? code !== 403 : decision === 'allow';
}

/** What an impersonator is asked about, one by one. */
function impersonations(user: Fields): readonly Question[] {
  const ask = (
    resource: string,
    name: string,
    { namespace = '', apiGroup = '', subresource = '' } = {},
  ): Question => ({
    kind: 'resource',
    ...{ verb: 'impersonate', apiGroup, resource, subresource, namespace, name },
  });
  const username = textAt(user, 'username') ?? '';
  const [, namespace = '', account = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  const given = (group: string): boolean =>
    group !== 'system:authenticated' &&
    group !== 'system:unauthenticated' &&
    !(account !== '' && group.startsWith('system:serviceaccounts'));
  const uid = textAt(user, 'uid');
  const extra = fieldsAt(user, 'extra') ?? {};
  const apiGroup = 'authentication.k8s.io';
  return [
    account === '' ? ask('users', username) : ask('serviceaccounts', account, { namespace }),
    ...textsAt(user, 'groups')
      .filter(given)
      .map((group) => ask('groups', group)),
    ...(uid === undefined ? [] : [ask('uids', uid, { apiGroup })]),
    ...Object.keys(extra).flatMap((key) =>
      textsAt(extra, key).map((value) => ask('userextras', value, { apiGroup, subresource: key })),
    ),
  ];
}
