import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../wire/kube/fielderror.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';
import { booleanParameter, integerParameter, optionalBoolean } from '../request/options.ts';

export interface ListOptions {
  /** 0 for none. */
  readonly limit: number;
  readonly continue: string;
  /** Undefined when absent. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** 0 for none. */
  readonly timeoutSeconds: number;
}

/** The query of a list or watch, with the combinations Kubernetes refuses (kubernetes-facts E15, E16, D3.6). */
export function parseListOptions(query: URLSearchParams, verb: 'list' | 'watch'): ListOptions {
  const resourceVersionText = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const continueToken = query.get('continue') ?? '';
  const sendInitialEvents = optionalBoolean(query, 'sendInitialEvents');
  const errors: FieldError[] = [];
  if (match !== '') {
    const field = 'resourceVersionMatch';
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan']));
    } else if (verb === 'watch' && sendInitialEvents === undefined) {
      errors.push(
        forbiddenField(field, `${field} is forbidden for watch unless sendInitialEvents is provided`),
      );
    } else if (verb === 'list' && resourceVersionText === '') {
      errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`));
    } else if (verb === 'list' && continueToken !== '') {
      errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
    } else if (match === 'Exact' && resourceVersionText === '0') {
      errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (sendInitialEvents !== undefined) {
    if (verb === 'list') {
      errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    } else if (match !== 'NotOlderThan') {
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      );
    }
  }
  if (resourceVersionText !== '' && !/^[0-9]{1,15}$/.test(resourceVersionText)) {
    errors.push(invalidValue('resourceVersion', resourceVersionText, 'not a resource version'));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  if (continueToken !== '' && resourceVersionText !== '' && resourceVersionText !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return {
    limit: integerParameter(query, 'limit') ?? 0,
    continue: continueToken,
    resourceVersion: resourceVersionText === '' ? undefined : Number(resourceVersionText),
    resourceVersionMatch: match as ListOptions['resourceVersionMatch'],
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents,
    timeoutSeconds: integerParameter(query, 'timeoutSeconds') ?? 0,
  };
}
