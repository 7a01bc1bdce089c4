import { hiddenText } from '../cloudtrail/vocabulary.ts';

/** Parameters of requests whose values are no secrets (Kubernetes API reference, "Common Parameters", and pod logs). */
const harmless = new Set(
  `allowWatchBookmarks container continue dryRun exclude fieldManager fieldSelector fieldValidation follow force
  gracePeriodSeconds includeObject labelSelector limit limitBytes orphanDependents pretty previous propagationPolicy
  resourceVersion resourceVersionMatch sendInitialEvents sinceSeconds sinceTime stream tailLines timeout timeoutSeconds
  timestamps verbose watch`.split(/\s+/),
);

/**
 * Path and query as they may be recorded.
 *
 * SECURITY: clients put tokens and presigned addresses into queries by mistake, and Kubernetes' own audit log keeps
 * them (CWE-598). Of parameters nobody has looked at the name alone is told, and not even that where it may be the value.
 */
export function recordedUri(uri: string): string {
  const at = uri.indexOf('?');
  if (at === -1) return uri;
  const pairs = uri.slice(at + 1).split('&');
  return `${uri.slice(0, at)}?${pairs.map(recordedPair).join('&')}`;
}

function recordedPair(pair: string): string {
  const [name = ''] = pair.split('=', 1);
  if (pair === '' || harmless.has(name)) return pair;
  // `aHVzaA==` is a value, not the name of one.
  return /^[A-Za-z][\w.-]{0,39}=+[^=]/.test(pair) ? `${name}=${hiddenText}` : hiddenText;
}
