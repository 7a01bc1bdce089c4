import { allow, allowUrls } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { type AccessPolicyLintRule, onEach, shown } from './rule.ts';

const isAboutPaths = (rule: PolicyRule): boolean => rule.nonResourceURLs.length > 0;
const namesResources = ({ apiGroups, resources, resourceNames }: PolicyRule): boolean =>
  apiGroups.length + resources.length + resourceNames.length > 0;

/** What Kubernetes refuses in a ClusterRole (kubernetes-facts B12), and what could never match although it looks so. */
export const wellFormedRules: readonly AccessPolicyLintRule[] = [
  {
    id: 'EW-AP-001',
    name: 'rule without verbs',
    severity: 'error',
    why: 'A rule says which verbs it allows; Kubernetes refuses one that does not.',
    triggers: [allow('', 'core', 'pods')],
    passes: [allow('get list', 'core', 'pods')],
    check: onEach(({ verbs }) => (verbs.length === 0 ? 'verbs must contain at least one value' : undefined)),
  },
  {
    id: 'EW-AP-002',
    name: 'rule without API group',
    severity: 'error',
    why: 'Resources are named together with their API group, the core group with an empty string.',
    triggers: [allow('get', '', 'pods')],
    passes: [allow('get', 'core', 'pods')],
    check: onEach((rule) =>
      !isAboutPaths(rule) && rule.apiGroups.length === 0
        ? 'resource rules must supply at least one api group; "" is the core group'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-003',
    name: 'rule without resource',
    severity: 'error',
    why: 'A rule is about resources or about paths that are none; this one is about nothing.',
    triggers: [allow('get', 'core', '')],
    passes: [allow('get', 'core', 'pods')],
    check: onEach((rule) =>
      !isAboutPaths(rule) && rule.resources.length === 0
        ? 'resource rules must supply at least one resource'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-004',
    name: 'resources and paths in one rule',
    severity: 'error',
    why: 'A rule is about resources or about paths that are none; Kubernetes refuses one about both.',
    triggers: [{ ...allow('get', 'core', 'pods'), nonResourceURLs: ['/healthz'] }],
    passes: [allow('get', 'core', 'pods'), allowUrls('get', '/healthz')],
    check: onEach((rule) =>
      isAboutPaths(rule) && namesResources(rule)
        ? 'rules cannot apply to both regular resources and non-resource URLs'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-005',
    name: 'empty value',
    severity: 'error',
    why: 'Nothing is called by an empty string but the core API group: the value allows nothing.',
    triggers: [{ ...allow('get', 'core', 'secrets'), resourceNames: [''] }],
    passes: [allow('get', 'core', 'secrets', 'web-tls')],
    check: onEach((rule) => {
      const lists = ['verbs', 'resources', 'resourceNames', 'nonResourceURLs'] as const;
      const empty = lists.filter((list) => rule[list].includes(''));
      return empty.length === 0 ? undefined : `${shown(empty)} has an empty string, which allows nothing`;
    }),
  },
  {
    id: 'EW-AP-006',
    name: 'wildcard that Kubernetes does not have',
    severity: 'error',
    why:
      'A star stands for all verbs, groups or resources, before a slash for the subresource of all resources, and at the ' +
      'end of a path for whatever follows. Anywhere else it stands for itself and matches nothing.',
    triggers: [allow('get', 'core', 'pods/*')],
    passes: [allow('get', 'core', 'pods pods/log')],
    check: onEach(({ verbs, apiGroups, resources, nonResourceURLs }) => {
      const literal = [
        ...[...verbs, ...apiGroups].filter((text) => text !== '*' && text.includes('*')),
        ...resources.filter((text) => text !== '*' && text.replace(/^\*\//, '').includes('*')),
        ...nonResourceURLs.filter((url) => url.slice(0, -1).includes('*')),
      ];
      return literal.length === 0 ? undefined : `the star in ${shown(literal)} matches only itself`;
    }),
  },
];
