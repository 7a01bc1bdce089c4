import { hintOf, identityHints } from '../../engine/analysis/explain/identitystep.ts';
import type { Refusal } from '../../engine/analysis/explain/last.ts';
import { tokenHints } from '../../engine/analysis/explain/tokensteps.ts';
import { type Fields, fieldsAt, textAt, textsAt } from '../usage/fields.ts';
import { auditEventUses } from '../usage/kubernetes.ts';

/** An audit event of a request to a cluster that was refused: with 401 or 403. */
export function requestRefusal(event: Fields): Refusal | undefined {
  const code = fieldsAt(event, 'responseStatus')?.code;
  if (code !== 401 && code !== 403) return undefined;
  const annotations = fieldsAt(event, 'annotations');
  const user = fieldsAt(event, 'user');
  const extra = fieldsAt(user, 'extra');
  const cluster = textAt(annotations, 'entryway/cluster-arn');
  // SECURITY: an extra key of this name counts only of whoever came through IAM, whose keys the authenticator writes.
  const isIam = textAt(annotations, 'entryway/principal-arn') !== undefined;
  const [sessionName = ''] = isIam ? textsAt(extra, 'sessionName') : [];
  const common = {
    id: textAt(event, 'auditID') ?? '',
    at: wholeSeconds(textAt(event, 'stageTimestamp') ?? ''),
    who: whoOf(event),
    what: whatOf(event, cluster),
    ...(sessionName !== '' && { sessionName }),
    ...(cluster !== undefined && { cluster }),
  };
  if (code === 401) {
    const reason = textAt(annotations, 'entryway/authentication') ?? 'none';
    const principalArn = textAt(annotations, 'entryway/principal-arn');
    return {
      ...common,
      why: reason === 'none' ? '401 Unauthorized: no credential was sent' : `401 Unauthorized: \`${reason}\``,
      uses: [],
      authentication: {
        ...{ code: reason, hint: hintFor(reason) },
        ...(principalArn !== undefined && { principalArn }),
      },
    };
  }
  const found = auditEventUses(event);
  const told = textAt(annotations, 'authorization.k8s.io/reason');
  const impersonated = fieldsAt(event, 'impersonatedUser');
  const as = impersonated === undefined ? '' : ` as user \`${textAt(impersonated, 'username') ?? ''}\``;
  return {
    ...common,
    why: `403 Forbidden: nothing allowed it to user \`${textAt(user, 'username') ?? ''}\`${as}${told === undefined ? '' : ` (${told})`}`,
    // Which of the two was refused, being somebody else or what they asked for, the event does not tell.
    uses: 'uses' in found ? found.uses.filter(({ allowed }) => !allowed || impersonated !== undefined) : [],
  };
}

/** What to do next about a credential that was not taken. */
function hintFor(code: string): string {
  if (code === 'none') return 'send a token: look at the user’s exec section in the kubeconfig';
  if (Object.hasOwn(tokenHints, code)) return tokenHints[code] ?? '';
  return Object.hasOwn(identityHints, code)
    ? hintOf(code)
    : 'explain the token that was used: entryway explain token -';
}

/** The user name; whoever is named by their ARN, and who was refused, by the ARN of AWS, or the key. */
function whoOf(event: Fields): string {
  const user = fieldsAt(event, 'user');
  const annotations = fieldsAt(event, 'annotations');
  const arn = textsAt(fieldsAt(user, 'extra'), 'arn')[0] ?? textAt(annotations, 'entryway/principal-arn');
  const username = textAt(user, 'username');
  const name =
    (username === undefined || username.startsWith('arn:') ? arn : undefined) ??
    username ??
    textAt(annotations, 'entryway/access-key-id') ??
    'unknown';
  const impersonated = fieldsAt(event, 'impersonatedUser');
  return impersonated === undefined ? name : `${name} as ${textAt(impersonated, 'username') ?? ''}`;
}

/** As the trail is printed: `k8s:get pods/log (dry run) cluster/prod shop/web`. */
function whatOf(event: Fields, clusterArn: string | undefined): string {
  const object = fieldsAt(event, 'objectRef');
  const uri = textAt(event, 'requestURI') ?? '';
  const parts = (...names: readonly string[]): string =>
    names.flatMap((name) => textAt(object, name) ?? []).join('/');
  const cluster = clusterArn?.split(':cluster/')[1];
  return [
    `k8s:${textAt(event, 'verb') ?? ''}`,
    parts('resource', 'subresource'),
    /[?&]dryRun=/.test(uri) ? '(dry run)' : '',
    cluster === undefined ? '' : `cluster/${cluster}`,
    // What was refused before it was understood is known by its path only.
    object === undefined ? (uri.split('?')[0] ?? '') : parts('namespace', 'name'),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `2026-11-21T12:00:00.123456Z` without its fraction. */
function wholeSeconds(timestamp: string): string {
  return timestamp.replace(/\.\d+Z$/, 'Z');
}
