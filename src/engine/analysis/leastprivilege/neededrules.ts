import type { PolicyRule } from '../../rbac/rules.ts';
import type { Question } from '../world/question.ts';

export interface NeedsOptions {
  /** Whoever read something gets all of get, list and watch of it that it has now. */
  readonly roundUp?: boolean | undefined;
  /** Limit rules to the objects that were named. */
  readonly names?: boolean | undefined;
}

const readVerbs = ['get', 'list', 'watch'];
const connections = ['exec', 'attach', 'portforward'];

/** Rules of one verb of one thing each, under which the question is allowed; none of them beyond what `isHeld` says. */
export function neededRules(
  question: Question,
  {
    isHeld,
    roundUp,
    names,
    version,
  }: NeedsOptions & {
    readonly isHeld: (question: Question) => boolean;
    /** Of Kubernetes, `1.35`; undefined: not known. */
    readonly version: string | undefined;
  },
): readonly PolicyRule[] {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if (question.kind === 'nonResource') {
    return [{ ...none, verbs: [question.verb], nonResourceURLs: [question.path] }];
  }
  const { verb, apiGroup, resource, subresource, name } = question;
  const target = subresource === '' ? resource : `${resource}/${subresource}`;
  // Whoever has single objects only must not come to have them all.
  const isNamed =
    name !== '' && (names === true || givesIdentity(question) || !isHeld({ ...question, name: '' }));
  const asked = isNamed ? name : '';
  const others = [
    ...(roundUp && readVerbs.includes(verb) ? readVerbs : []),
    ...(connects(question, version) ? ['create'] : []),
  ].filter((one) => one !== verb && isHeld({ ...question, verb: one, name: asked }));
  return [verb, ...others].map((one) => ({
    ...{ verbs: [one], apiGroups: [apiGroup], resources: [target] },
    ...{ resourceNames: isNamed ? [name] : [], nonResourceURLs: [] },
  }));
}

/** SECURITY: to become one user or service account is not to become any; the name is what counts. */
function givesIdentity({ verb, subresource, resource }: Question & { kind: 'resource' }): boolean {
  return verb === 'impersonate' || (resource === 'serviceaccounts' && subresource === 'token');
}

/** From 1.35 on, connecting to a pod by WebSocket, a GET, is asked for as `create` as well (kubernetes-facts A12). */
function connects(
  { verb, apiGroup, resource, subresource }: Question & { kind: 'resource' },
  version: string | undefined,
): boolean {
  if (verb !== 'get' || apiGroup !== '' || resource !== 'pods' || !connections.includes(subresource))
    return false;
  const minor = Number(/^1\.(\d+)/.exec(version ?? '')?.[1]);
  return Number.isNaN(minor) || minor >= 35;
}

/**
 * Whether a rule can allow this and nothing else.
 *
 * SECURITY: everybody may send a request for the resource `*`, in the namespace `*` or for the path `/*`. Whoever is allowed
 * everything is allowed that too, and a rule or scope that names it would be one for everything.
 */
export function canBeSaid(question: Question): boolean {
  if (question.verb === '*') return false;
  if (question.kind === 'nonResource') return !question.path.endsWith('*');
  const { apiGroup, resource, namespace } = question;
  return (
    apiGroup !== '*' &&
    resource !== '*' &&
    !resource.includes('/') &&
    (namespace === '' || /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace))
  );
}

/** What else Kubernetes asks of whoever did this, that no record tells; undefined for nothing. */
export function notRecorded(question: Question): string | undefined {
  if (question.kind !== 'resource' || !['create', 'update', 'patch'].includes(question.verb))
    return undefined;
  const { apiGroup, resource, subresource } = question;
  if (apiGroup === 'rbac.authorization.k8s.io') {
    return 'it wrote roles or bindings: Kubernetes lets nobody grant what they do not have, so it needs what those grant as well (or `escalate` and `bind`, which are as good as everything)';
  }
  if (apiGroup === 'certificates.k8s.io' && ['approval', 'status'].includes(subresource)) {
    return 'it approved or signed certificates: that takes `approve` or `sign` of the signer as well, which no record names';
  }
  return resource === 'clustertrustbundles'
    ? 'it wrote ClusterTrustBundles: that can take `attest` of the signer as well, which no record names'
    : undefined;
}
