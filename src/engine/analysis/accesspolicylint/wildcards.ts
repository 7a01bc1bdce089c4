import { allow, allowUrls } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { isEverything, ruleCovers } from './reach.ts';
import { type AccessPolicyLintRule, onEach } from './rule.ts';

const isNarrower = (rule: PolicyRule): boolean => !isEverything(rule) && rule.nonResourceURLs.length === 0;

/** What a rule gives beyond what is there today, and what it says twice. */
export const wildcardRules: readonly AccessPolicyLintRule[] = [
  {
    id: 'EW-AP-201',
    name: 'everything',
    severity: 'security',
    why: 'All verbs on all resources of all groups is what cluster-admin may; AWS has AmazonEKSClusterAdminPolicy for that.',
    triggers: [allow('*', '*', '*')],
    passes: [allow('get list watch', 'core apps', 'pods deployments')],
    check: onEach((rule) => (isEverything(rule) ? 'allows everything, as cluster-admin does' : undefined)),
  },
  {
    id: 'EW-AP-202',
    name: 'all verbs',
    severity: 'security',
    why: 'The star is also for verbs that come with a later version, and for escalate, bind and impersonate.',
    triggers: [allow('*', 'apps', 'deployments')],
    passes: [allow('get list watch create update patch delete', 'apps', 'deployments')],
    check: onEach((rule) =>
      isNarrower(rule) && rule.verbs.includes('*')
        ? 'allows all verbs, also those that are not there yet'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-203',
    name: 'all resources',
    severity: 'security',
    why: 'The star is also for subresources, for Secrets where the group has them, and for what is installed later.',
    triggers: [allow('get list', 'apps', '*')],
    passes: [allow('get list', 'apps', 'deployments statefulsets')],
    check: onEach((rule) =>
      isNarrower(rule) && rule.resources.includes('*')
        ? 'is about all resources and subresources of its groups, also those that are not there yet'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-204',
    name: 'all API groups',
    severity: 'security',
    why: 'A resource of the same name in another group, which anybody may install, is another resource.',
    triggers: [allow('get', '*', 'deployments')],
    passes: [allow('get', 'apps', 'deployments')],
    check: onEach((rule) =>
      isNarrower(rule) && rule.apiGroups.includes('*')
        ? 'is about all API groups, also those that are not there yet'
        : undefined,
    ),
  },
  {
    id: 'EW-AP-205',
    name: 'all paths',
    severity: 'security',
    why: 'Among them are the profiles, metrics and logs of the API server.',
    triggers: [allowUrls('get', '*')],
    passes: [allowUrls('get', '/healthz /version')],
    check: onEach(({ nonResourceURLs }) =>
      nonResourceURLs.some((url) => url === '*' || url === '/*') ? 'is about all paths' : undefined,
    ),
  },
  {
    id: 'EW-AP-401',
    name: 'rule that another covers',
    severity: 'suggestion',
    why: 'It adds nothing; whoever takes it away to take a permission away will be surprised.',
    triggers: [allow('get list', 'core', 'pods'), allow('get', 'core', 'pods')],
    passes: [allow('get list', 'core', 'pods'), allow('create', 'core', 'pods')],
    check: ({ rules }) =>
      rules.flatMap((rule, index) => {
        const other = rules.findIndex(
          (wide, at) => at !== index && ruleCovers(wide, rule) && (at < index || !ruleCovers(rule, wide)),
        );
        return other < 0 ? [] : [{ rule: index, message: `rule ${other + 1} allows all that it allows` }];
      }),
  },
];
