import type { Question } from '../../engine/analysis/world/question.ts';
import { type Fields, fieldsAt, textAt, textsAt } from './fields.ts';

const authenticationGroup = 'authentication.k8s.io';

type Verb = { readonly verb: string; readonly apiGroup: string };

/**
 * What an impersonator was asked about, one by one, and was allowed: whoever is told as impersonated has passed it. Where a
 * constrained mode let the request through (kubernetes-facts A17), that is its two verbs and not the plain one.
 */
export function impersonations(event: Fields, request: Question): readonly Question[] {
  const user = fieldsAt(event, 'impersonatedUser');
  if (user === undefined) return [];
  const constraint = textAt(fieldsAt(event, 'authenticationMetadata'), 'impersonationConstraint');
  const mode = /^impersonate:(.+)$/.exec(constraint ?? '')?.[1];
  if (mode === undefined) return valuesOf(user, { verb: 'impersonate', apiGroup: '' }, undefined);
  return [
    { ...request, verb: `impersonate-on:${mode}:${request.verb}` },
    ...valuesOf(user, { verb: `impersonate:${mode}`, apiGroup: authenticationGroup }, mode),
  ];
}

function valuesOf(user: Fields, { verb, apiGroup }: Verb, mode: string | undefined): readonly Question[] {
  const ask = (
    resource: string,
    name: string,
    { namespace = '', group = apiGroup, subresource = '' } = {},
  ): Question => ({
    kind: 'resource',
    ...{ verb, apiGroup: group, resource, subresource, namespace, name },
  });
  const username = textAt(user, 'username') ?? '';
  if (mode?.endsWith('-node')) {
    // Every node at once: which one it is, the API server has looked up itself.
    const node = mode === 'associated-node' ? '*' : username.replace(/^system:node:/, '');
    return [ask('nodes', node)];
  }
  const [, namespace = '', account = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  // Added by the server, the latter where no group was given (kubernetes-facts A16).
  const groups = textsAt(user, 'groups').filter(
    (group) => group !== 'system:authenticated' && group !== 'system:unauthenticated',
  );
  const ofAccounts = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const areAdded = account !== '' && groups.every((group) => ofAccounts.includes(group));
  const uid = textAt(user, 'uid');
  const extra = fieldsAt(user, 'extra') ?? {};
  const group = authenticationGroup;
  return [
    account === '' ? ask('users', username) : ask('serviceaccounts', account, { namespace }),
    ...(areAdded ? [] : groups.map((name) => ask('groups', name))),
    ...(uid === undefined ? [] : [ask('uids', uid, { group })]),
    ...Object.keys(extra).flatMap((key) =>
      textsAt(extra, key).map((value) => ask('userextras', value, { group, subresource: key })),
    ),
  ];
}

/**
 * The question with which an impersonation was refused, told by the answer's message alone: the request itself, which is
 * what the rest of such an event is about, was never judged. Undefined for every other event.
 */
export function refusedImpersonation(event: Fields): Question | undefined {
  const status = fieldsAt(event, 'responseStatus');
  if (status?.code !== 403 || fieldsAt(event, 'impersonatedUser') !== undefined) return undefined;
  const message = textAt(status, 'message') ?? '';
  const [, name = '""', verb = '', target = '', apiGroup = '', namespace = ''] =
    /^\S+(?: ("(?:[^"\\]|\\.)*"))? is forbidden: User "(?:[^"\\]|\\.)*" cannot (impersonate(?:-on)?(?::\S+)?) resource "([^"]+)" in API group "([^"]*)" (?:at the cluster scope|in the namespace "([^"]*)")/.exec(
      message,
    ) ?? [];
  if (verb === '') {
    const [, ofPath, path] =
      /^forbidden: User "(?:[^"\\]|\\.)*" cannot (impersonate-on:\S+) path "([^"]*)"/.exec(message) ?? [];
    return ofPath === undefined || path === undefined
      ? undefined
      : { kind: 'nonResource', verb: ofPath, path };
  }
  const plainName = unquoted(name);
  if (plainName === undefined) return undefined;
  const slash = target.indexOf('/');
  const [resource, subresource] =
    slash < 0 ? [target, ''] : [target.slice(0, slash), target.slice(slash + 1)];
  return { kind: 'resource', verb, apiGroup, resource, subresource, namespace, name: plainName };
}

/** Undefined where Go's quoting says something JSON's does not. */
function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
