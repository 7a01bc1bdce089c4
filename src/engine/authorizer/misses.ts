import type { Attributes } from './attributes.ts';
import { activePrincipal } from './attributes.ts';
import type { BindingNode } from './bindingindex.ts';
import type { CompiledRequest } from './compiledrules.ts';
import { compileRules, findRule } from './compiledrules.ts';
import type { NearMiss } from './decision.ts';
import type { Association, PolicyIndex } from './policyindex.ts';
import type { RbacIndex } from './rbacindex.ts';

/** What a refusal is explained from. */
export interface RefusedRequest {
  readonly attributes: Attributes;
  readonly request: CompiledRequest;
  readonly namespace: string;
  readonly policies: PolicyIndex;
  /** Undefined where RBAC was not asked. */
  readonly rbac: RbacIndex | undefined;
  /** False in mode CONFIG_MAP. */
  readonly entriesCount: boolean;
}

/** At most this many bindings are looked at and this many misses told per source: an explanation has a bound too. */
const bindingsLookedAt = 1_000;
const missesTold = 5;

/**
 * Why nothing allowed the request, nearest first: what would allow it but for one thing, before what is far away.
 * Never empty.
 */
export function nearMisses(refused: RefusedRequest): readonly NearMiss[] {
  return [...policyMisses(refused), ...rbacMisses(refused)]
    .map((miss, place) => ({ miss, place }))
    .sort((one, other) => distance(one.miss) - distance(other.miss) || one.place - other.place)
    .map(({ miss }) => miss);
}

/** Every code of a NearMiss, in the order of their nearness. */
export const nearMissCodes = [
  'impersonated',
  'recreatedPrincipal',
  'awaitsFirstUse',
  'expired',
  'scopeLacksNamespace',
  'otherNamespace',
  'namesUnpublished',
  'missingRole',
  'unpublishedPolicy',
  'unknownPolicy',
  'noRule',
  'noPolicies',
  'modeIgnoresEntries',
  // Without an entry the user came through aws-auth: then RBAC is where a permission was to be expected.
  'noBinding',
  'noEntry',
  'noPrincipal',
] as const;
export type NearMissCode = (typeof nearMissCodes)[number];

const distance = ({ code }: NearMiss): number => (nearMissCodes as readonly string[]).indexOf(code);

function policyMisses({
  attributes,
  request,
  namespace,
  policies,
  entriesCount,
}: RefusedRequest): readonly NearMiss[] {
  const miss = (code: NearMissCode, message: string): NearMiss => ({ source: 'accessPolicy', code, message });
  const { user } = attributes;
  const principal = activePrincipal(user);
  if (principal === undefined) {
    return [
      user.impersonated === true || user.principal !== undefined
        ? miss('impersonated', `\`${user.username}\` is impersonated; access policies do not apply`)
        : miss(
            'noPrincipal',
            `\`${user.username}\` was not authenticated as an IAM principal; access policies do not apply`,
          ),
    ];
  }
  if (!entriesCount) {
    return [
      miss(
        'modeIgnoresEntries',
        'authentication mode `CONFIG_MAP` ignores access entries and their policies',
      ),
    ];
  }
  const entry = policies.entryOf(principal);
  if (entry === undefined) {
    const [namesake] = policies.entriesOfArn(principal);
    if (namesake === undefined) {
      return [miss('noEntry', `principal \`${principal.canonicalArn}\` has no access entry`)];
    }
    return [
      namesake.principalId === ''
        ? miss(
            'awaitsFirstUse',
            `the access entry of \`${namesake.principalArn}\` waits for its principal's first use`,
          )
        : miss(
            'recreatedPrincipal',
            `the access entry of \`${namesake.principalArn}\` is for unique id \`${namesake.principalId}\`; ` +
              `the principal is now \`${principal.principalId}\``,
          ),
    ];
  }
  if (entry.associations.length === 0) {
    return [miss('noPolicies', `the access entry of \`${entry.principalArn}\` has no access policy`)];
  }
  return entry.associations.slice(0, missesTold).map((association) => {
    const [code, message] = associationMiss(policies, association, request, namespace);
    return miss(code, message);
  });
}

function associationMiss(
  policies: PolicyIndex,
  association: Association,
  request: CompiledRequest,
  namespace: string,
): readonly [code: NearMissCode, message: string] {
  const { policyArn, accessScope, holdsIn, expiresAt } = association;
  const policy = policies.policyOf(association);
  const name = `\`${policy?.name ?? policyArn}\``;
  if (policy === undefined) return ['unknownPolicy', `access policy ${name} is not known and grants nothing`];
  if (policy.rules === undefined) {
    return [
      'unpublishedPolicy',
      `the rules of access policy ${name} are not published; it grants nothing here`,
    ];
  }
  const isAllowed = findRule(policy.compiled, request) !== undefined;
  if (isAllowed && holdsIn(namespace) && expiresAt !== undefined && policies.isExpired(association)) {
    return ['expired', `access policy ${name} allowed this until ${new Date(expiresAt).toISOString()}`];
  }
  if (isAllowed && !holdsIn(namespace)) {
    const scope = accessScope.namespaces.map((pattern) => `\`${pattern}\``).join(', ');
    return [
      'scopeLacksNamespace',
      namespace === ''
        ? `access policy ${name} allows this in ${scope} only; the request names no namespace`
        : `access policy ${name} allows this in ${scope} only, not in \`${namespace}\``,
    ];
  }
  if (findRule(compileRules(policy.rules), request) !== undefined) {
    return [
      'namesUnpublished',
      `access policy ${name} allows this for names that are not published; the rule grants nothing here`,
    ];
  }
  return ['noRule', `access policy ${name} has no rule that allows this`];
}

function rbacMisses({ attributes, request, namespace, rbac }: RefusedRequest): readonly NearMiss[] {
  const miss = (code: NearMissCode, message: string): NearMiss => ({ source: 'rbac', code, message });
  if (rbac === undefined) return [];
  const { user } = attributes;
  const applying = rbac.applying(user, namespace);
  const misses: NearMiss[] = [];
  for (const node of applying.slice(0, bindingsLookedAt)) {
    if (node.role.definition !== undefined || misses.length === missesTold) continue;
    misses.push(miss('missingRole', `${describe(node)} names ${roleOf(node)}, which does not exist`));
  }
  for (const node of elsewhere(rbac, user, namespace)) {
    if (misses.length === missesTold) break;
    if (rbac.ruleOf(node, request) === undefined) continue;
    misses.push(
      miss(
        'otherNamespace',
        namespace === ''
          ? `${describe(node)} allows this in its namespace only; the request names none`
          : `${describe(node)} allows this in its namespace only, not in \`${namespace}\``,
      ),
    );
  }
  for (const node of applying) {
    if (misses.length >= missesTold) break;
    if (node.role.definition === undefined || isForEverybody(node)) continue;
    misses.push(miss('noRule', `${roleOf(node)}, given by ${describe(node)}, has no rule that allows this`));
  }
  if (misses.length > 0) return misses;
  return [
    miss(
      'noBinding',
      `no role binding that applies here names user \`${user.username}\` or one of its own groups`,
    ),
  ];
}

/** What everybody has (discovery, self reviews) says nothing about why this user may not. */
function isForEverybody({ binding }: BindingNode): boolean {
  return binding.subjects.every(({ kind, name }) => kind === 'Group' && everybody.has(name));
}

const everybody = new Set(['system:authenticated', 'system:unauthenticated']);

/** Bindings of the user in other namespaces than the request's, by namespace; a bounded number of them. */
function* elsewhere(rbac: RbacIndex, user: Attributes['user'], namespace: string): Generator<BindingNode> {
  let looked = 0;
  for (const { byNamespace } of rbac.bindingsOf(user)) {
    for (const [other, nodes] of byNamespace) {
      if (other === namespace) continue;
      for (const node of nodes) {
        if (looked++ === bindingsLookedAt) return;
        yield node;
      }
    }
  }
}

function describe({ binding, namespace }: BindingNode): string {
  return binding.kind === 'RoleBinding'
    ? `RoleBinding \`${binding.name}\` in namespace \`${namespace}\``
    : `ClusterRoleBinding \`${binding.name}\``;
}

function roleOf({ binding }: BindingNode): string {
  return `${binding.roleRef.kind} \`${binding.roleRef.name}\``;
}
