import type { CustomPolicy } from '../accesspolicies/custom.ts';
import type { RbacObject, RbacObjectRef } from '../rbac/objects.ts';
import { quote } from '../rbac/quote.ts';
import { allowReason, joinErrors } from '../rbac/reasons.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import { subjectNamespace } from '../rbac/subjects.ts';
import {
  type Attributes,
  type AuthenticatedPrincipal,
  activePrincipal,
  type UserInfo,
} from './attributes.ts';
import { type CompiledRequest, compileRequest } from './compiledrules.ts';
import type { Decision, NearMiss } from './decision.ts';
import type { Grant } from './grants.ts';
import { nearMisses, type RefusedRequest } from './misses.ts';
import {
  type Association,
  createPolicyIndex,
  type EntryPolicies,
  type IndexedEntry,
  type KnownPolicy,
  type PolicyGrant,
} from './policyindex.ts';
import { createRbacIndex, type RbacGrant, type RbacGrants, type RbacIndex } from './rbacindex.ts';

/**
 * The decider of one cluster: `system:masters`, access policies, RBAC, in this order; the first allow wins and nobody
 * denies (kubernetes-facts B11, B27; eks-access-facts C12, C13). What it decides from is told by the apply and remove
 * functions, each of which costs time by the size of what changes, not of what is there.
 */
export interface Authorizer {
  /** Adds the entry with its policies, or replaces the one of the same principalArn. */
  applyEntry(entry: EntryPolicies): void;
  removeEntry(principalArn: string): void;
  /** Extension: adds a policy of the cluster's account, or replaces the one of its ARN. */
  applyPolicy(policy: CustomPolicy): void;
  removePolicy(policyArn: string): void;
  /** Adds the object, or replaces the one of its kind, namespace and name. */
  applyObject(object: RbacObject): void;
  removeObject(ref: RbacObjectRef): void;
  /** Whether access entries count at all: not in mode CONFIG_MAP (eks-access-facts D9). Initially they do. */
  useEntries(enabled: boolean): void;
  authorize(attributes: Attributes): Decision;
  /** By access policies alone: allow or no opinion, whatever groups the user has. */
  authorizeByPolicies(attributes: Attributes): Decision;
  /** What `authorize` decides from, of one user: policies that hold now in their order, then bindings by name. */
  grantsFor(user: UserInfo): readonly Grant[];
  rulesFor(user: UserInfo, namespace: string): ReviewedRules;
  rbacRulesFor(
    user: UserInfo,
    namespace: string,
  ): { readonly rules: readonly PolicyRule[]; readonly errors: readonly string[] };
  roleRules: RbacIndex['roleRules'];
  /** The rule of the role that a decision over it would name; undefined where none fits or the role does not exist. */
  roleRule: RbacIndex['roleRule'];
  /** The entry whose access policies apply to the user; undefined for none. Expired associations are in it. */
  entryOf(user: UserInfo): IndexedEntry | undefined;
  /** The policy an association of such an entry names; undefined where nobody knows it: it grants nothing. */
  policyOf(association: Association): KnownPolicy | undefined;
  isExpired(association: Association): boolean;
}

/** What SelfSubjectRulesReview answers (kubernetes-facts B22). */
export interface ReviewedRules {
  readonly resourceRules: readonly PolicyRule[];
  readonly nonResourceRules: readonly PolicyRule[];
  readonly incomplete: boolean;
  readonly evaluationError: string;
}

const mastersGroup = 'system:masters';

/** What Kubernetes says of every authorizer that cannot list rules; EKS's access policies are one (C9). */
const cannotListRules = 'webhook authorizer does not support user rule resolution';

const tooManyRules = 'there are more rules than can be listed';

export interface AuthorizerOptions {
  readonly partition: string;
  /** Epoch milliseconds: asked where an association expires. */
  readonly now: () => number;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const policies = createPolicyIndex(options.partition, options.now);
  const rbac = createRbacIndex();
  let entriesCount = true;

  const policyPrincipal = (user: UserInfo): AuthenticatedPrincipal | undefined =>
    entriesCount ? activePrincipal(user) : undefined;

  const allowedByPolicies = ({ attributes, request, namespace }: Question): Decision | undefined => {
    const principal = policyPrincipal(attributes.user);
    const grant = principal && policies.find(principal, request, namespace);
    return grant && allowedByPolicy(grant, principal, namespace);
  };

  const nothingAllows = (asked: Question & Pick<RefusedRequest, 'rbac'>, reason: string): Decision => {
    let misses: readonly NearMiss[] | undefined;
    return {
      decision: 'noOpinion',
      reason,
      evidence: {
        by: 'nothing',
        // Looked for when somebody reads them, from the index as it is then: most refusals are never explained.
        get misses() {
          misses ??= nearMisses({ ...asked, policies, entriesCount });
          return misses;
        },
      },
    };
  };

  return {
    applyEntry: policies.apply,
    removeEntry: policies.remove,
    applyPolicy: policies.applyPolicy,
    removePolicy: policies.removePolicy,
    applyObject: rbac.apply,
    removeObject: rbac.remove,
    useEntries(enabled) {
      entriesCount = enabled;
    },
    authorize(attributes) {
      const { user } = attributes;
      if (user.groups.includes(mastersGroup)) {
        return { decision: 'allow', reason: '', evidence: { by: 'systemMasters' } };
      }
      const asked = { attributes, request: compileRequest(attributes), namespace: namespaceOf(attributes) };
      const { request, namespace } = asked;
      const byPolicy = allowedByPolicies(asked);
      if (byPolicy !== undefined) return byPolicy;
      const grant = rbac.find(user, request, namespace);
      if (grant !== undefined) return allowedByRbac(grant);
      return nothingAllows({ ...asked, rbac }, refusalReason(rbac.resolutionErrors(user, namespace)));
    },
    authorizeByPolicies(attributes) {
      const asked = { attributes, request: compileRequest(attributes), namespace: namespaceOf(attributes) };
      return allowedByPolicies(asked) ?? nothingAllows({ ...asked, rbac: undefined }, '');
    },
    grantsFor(user) {
      const principal = policyPrincipal(user);
      return [
        ...(principal === undefined
          ? []
          : policies.grantsOf(principal).map((grant) => policyGrant(grant, principal))),
        ...rbac.grantsOf(user).map(rbacGrant),
      ];
    },
    rulesFor(user, namespace) {
      const { rules, errors, isCut } = rbac.rulesFor(user, namespace);
      const principal = policyPrincipal(user);
      const hasPolicies =
        principal !== undefined && (policies.entryOf(principal)?.associations.length ?? 0) > 0;
      return {
        resourceRules: rules.filter((rule) => rule.resources.length > 0),
        nonResourceRules: rules.filter((rule) => rule.nonResourceURLs.length > 0),
        incomplete: hasPolicies || isCut,
        evaluationError: joinErrors([
          ...(hasPolicies ? [cannotListRules] : []),
          ...errors,
          ...(isCut ? [tooManyRules] : []),
        ]),
      };
    },
    rbacRulesFor(user, namespace) {
      const { rules, errors, isCut } = rbac.rulesFor(user, namespace);
      return { rules, errors: isCut ? [...errors, tooManyRules] : errors };
    },
    roleRules: rbac.roleRules,
    roleRule: rbac.roleRule,
    entryOf(user) {
      const principal = policyPrincipal(user);
      return principal && policies.entryOf(principal);
    },
    policyOf: policies.policyOf,
    isExpired: policies.isExpired,
  };
}

/** A request with what is compiled of it once. */
interface Question {
  readonly attributes: Attributes;
  readonly request: CompiledRequest;
  readonly namespace: string;
}

function namespaceOf(attributes: Attributes): string {
  return attributes.kind === 'resource' ? attributes.namespace : '';
}

function refusalReason(errors: readonly string[]): string {
  return errors.length === 0 ? '' : `RBAC: ${joinErrors(errors)}`;
}

/**
 * COMPAT: the reason of a cluster-wide policy is what EKS writes to the audit log (eks-access-facts C11). No sample
 * shows a namespace scope; it is worded as Kubernetes words a RoleBinding (kubernetes-facts B8).
 */
function allowedByPolicy(
  grant: PolicyGrant,
  // Of a matcher the entry names nobody.
  principal: AuthenticatedPrincipal,
  namespace: string,
): Decision {
  const { entry, association, rule } = grant;
  const { policyArn, accessScope } = association;
  const binding = `${entry.principalArn}+${policyArn}`;
  const where =
    accessScope.type === 'cluster'
      ? `ClusterRoleBinding ${quote(binding)}`
      : `RoleBinding ${quote(`${binding}/${namespace}`)}`;
  return {
    decision: 'allow',
    reason: `EKS Access Policy: allowed by ${where} of ClusterRole ${quote(policyArn)} to User ${quote(principal.principalId)}`,
    evidence: { ...policyOrigin(grant, principal), rule },
  };
}

function policyOrigin(
  { entry, association, policy }: Omit<PolicyGrant, 'rule'>,
  { principalId }: AuthenticatedPrincipal,
): Extract<Grant['origin'], { by: 'accessPolicy' }> {
  const { policyArn, accessScope, expiresAt } = association;
  return {
    by: 'accessPolicy',
    principalArn: entry.principalArn,
    principalId,
    policyArn,
    ...(policy.version !== undefined && { version: policy.version }),
    ...(expiresAt !== undefined && { expiresAt }),
    accessScope,
  };
}

function policyGrant(grant: Omit<PolicyGrant, 'rule'>, principal: AuthenticatedPrincipal): Grant {
  return { origin: policyOrigin(grant, principal), rules: grant.policy.effectiveRules };
}

function allowedByRbac(grant: RbacGrant): Decision {
  const { node, subject, rule } = grant;
  return {
    decision: 'allow',
    reason: allowReason(node.binding, subject),
    evidence: { ...rbacOrigin(grant), rule },
  };
}

function rbacOrigin({
  node: { binding, namespace },
  subject,
}: Pick<RbacGrant, 'node' | 'subject'>): Extract<Grant['origin'], { by: 'rbac' }> {
  return {
    by: 'rbac',
    binding: { kind: binding.kind, name: binding.name, namespace },
    role: binding.roleRef,
    subject: { kind: subject.kind, name: subject.name, namespace: subjectNamespace(subject, namespace) },
  };
}

function rbacGrant({ node, subject, rules }: RbacGrants): Grant {
  return { origin: rbacOrigin({ node, subject }), rules };
}
