import { allow, allowUrls } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { type AccessPolicyLintRule, type LintedAccessPolicy, onEach, shown } from './rule.ts';

const resourceVerbs = 'get list watch create update patch delete deletecollection';
/** Verbs that only appear in checks (kubernetes-facts A13). */
const checkedVerbs =
  'impersonate escalate bind approve sign attest use proxy unsafe-delete-ignore-read-errors request-serviceaccounts-token-audience';
const knownResourceVerbs = new Set(`* ${resourceVerbs} ${checkedVerbs}`.split(' '));
const knownPathVerbs = new Set(['*', 'get', 'head', 'post', 'put', 'patch', 'delete', 'options']);

function unknownVerbs({ verbs, nonResourceURLs }: PolicyRule): readonly string[] {
  if (nonResourceURLs.length > 0) return verbs.filter((verb) => !knownPathVerbs.has(verb));
  return verbs.filter((verb) => !knownResourceVerbs.has(verb) && !/^impersonate(?:-on)?:/.test(verb));
}

/** Resources whose group Kubernetes serves itself, and without them. */
function unserved({ apiGroups, resources }: PolicyRule, { served }: LintedAccessPolicy): readonly string[] {
  const sets = apiGroups.map((group) => served.get(group));
  const known = sets.filter((set) => set !== undefined);
  // With a group that is not Kubernetes' own, or all groups, any of them may have the resource.
  if (known.length === 0 || known.length < sets.length) return [];
  return resources.filter(
    (resource) =>
      !resource.includes('*') && !onlyChecked.test(resource) && !known.some((names) => names.has(resource)),
  );
}

/** Served nowhere, and asked about all the same (kubernetes-facts A13). */
const onlyChecked = /^(?:users|groups|uids|userextras(?:\/.*)?|signers)$/;

/** The group that has it, for a hint. */
function homeOf(resource: string, served: LintedAccessPolicy['served']): string {
  for (const [group, names] of served) {
    for (const name of [resource, `${resource}s`, resource.toLowerCase(), `${resource.toLowerCase()}s`]) {
      if (names.has(name))
        return `; there is \`${name}\` in ${group === '' ? 'the core group' : `\`${group}\``}`;
    }
  }
  return '';
}

const isAboutSigners = ({ verbs, resources }: PolicyRule): boolean =>
  resources.includes('signers') || verbs.some((verb) => ['approve', 'sign', 'attest'].includes(verb));

/** What a rule does not do although it looks so. */
export const meaningRules: readonly AccessPolicyLintRule[] = [
  {
    id: 'EW-AP-101',
    name: 'unknown verb',
    severity: 'warning',
    why:
      'No request has this verb, unless somebody asks about a verb of their own. Paths that are no resources have the ' +
      'method of HTTP as their verb, resources have not.',
    triggers: [allow('get post', 'core', 'pods')],
    passes: [allow('get create', 'core', 'pods')],
    check: onEach((rule) => {
      const unknown = unknownVerbs(rule);
      if (unknown.length === 0) return undefined;
      return `no request for ${rule.nonResourceURLs.length > 0 ? 'a path' : 'a resource'} has verb ${shown(unknown)}`;
    }),
  },
  {
    id: 'EW-AP-102',
    name: 'names for a verb that has none',
    severity: 'warning',
    why:
      'A request to create or to delete a collection names no object, so a rule that is limited to names never allows it. ' +
      '`list` and `watch` are allowed only when the request selects the name.',
    triggers: [allow('get create', 'core', 'configmaps', 'settings')],
    passes: [allow('get update', 'core', 'configmaps', 'settings'), allow('create', 'core', 'configmaps')],
    check: onEach(({ verbs, resources, resourceNames }) => {
      // Requests for subresources name the object they belong to.
      const nameless = verbs.filter((verb) => verb === 'create' || verb === 'deletecollection');
      return resourceNames.length > 0 && nameless.length > 0 && resources.some((name) => !name.includes('/'))
        ? `a request with verb ${shown(nameless)} names no object, so the rule does not allow it`
        : undefined;
    }),
  },
  {
    id: 'EW-AP-103',
    name: 'star in a name',
    severity: 'warning',
    why: 'Names are compared whole: a star in one matches nothing. Leave the names out to mean all of them.',
    triggers: [allow('get', 'core', 'configmaps', 'app-*')],
    passes: [allow('get', 'core', 'configmaps')],
    check: onEach((rule) => {
      const literal = rule.resourceNames.filter((name) => name.includes('*'));
      // `example.com/*` is how a signer of a whole domain is called (kubernetes-facts A13).
      return literal.length > 0 && !isAboutSigners(rule)
        ? `the star in ${shown(literal)} matches only itself`
        : undefined;
    }),
  },
  {
    id: 'EW-AP-104',
    name: 'path without slash',
    severity: 'warning',
    why: 'Every path begins with a slash; any other matches nothing.',
    triggers: [allowUrls('get', 'healthz')],
    passes: [allowUrls('get', '/healthz')],
    check: onEach(({ nonResourceURLs }) => {
      const relative = nonResourceURLs.filter((url) => url !== '' && !/^[/*]/.test(url));
      return relative.length === 0 ? undefined : `no request has path ${shown(relative)}`;
    }),
  },
  {
    id: 'EW-AP-105',
    name: 'resource that Kubernetes does not serve',
    severity: 'suggestion',
    why: 'The API group is one of Kubernetes itself and has no such resource; resources are plural and in lower case.',
    triggers: [allow('get', 'core', 'deployments')],
    passes: [allow('get', 'apps', 'deployments'), allow('get', 'example.com', 'widgets')],
    check: onEach((rule, policy) => {
      const missing = unserved(rule, policy);
      const [first] = missing;
      return first === undefined
        ? undefined
        : `its API groups have no ${shown(missing)}${homeOf(first, policy.served)}`;
    }),
  },
  {
    id: 'EW-AP-106',
    name: 'paths hold in a cluster scope only',
    severity: 'suggestion',
    why: 'A path is in no namespace: where the policy is associated with namespaces, the rule allows nothing.',
    triggers: [allow('get', 'core', 'pods'), allowUrls('get', '/healthz')],
    passes: [allowUrls('get', '/healthz')],
    check: ({ rules }) =>
      rules.every(({ nonResourceURLs }) => nonResourceURLs.length > 0)
        ? []
        : rules.flatMap(({ nonResourceURLs }, rule) =>
            nonResourceURLs.length === 0
              ? []
              : [{ rule, message: 'the rule holds only where the policy has the scope of a cluster' }],
          ),
  },
];
