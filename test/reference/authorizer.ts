/**
 * The slow, obvious evaluator: kubernetes-facts B and eks-access-facts C written down as loops over plain lists. It
 * shares the published data with the engine (the policy catalogue) and no logic.
 */
import { knownAccessPolicies } from '../../src/engine/accesspolicies/catalogue.ts';
import type { Attributes, UserInfo } from '../../src/engine/authorizer/attributes.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  RbacObject,
  RoleBinding,
  Subject,
} from '../../src/engine/rbac/objects.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';

export interface World {
  readonly partition: string;
  readonly entriesCount: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of the cluster's account. */
  readonly policies: readonly WorldPolicy[];
  readonly entries: readonly WorldEntry[];
  readonly objects: readonly RbacObject[];
}

export interface WorldPolicy {
  readonly policyArn: string;
  readonly rules: readonly PolicyRule[];
}

export interface WorldEntry {
  readonly principalArn: string;
  readonly principalId: string;
  readonly associatedPolicies: readonly {
    readonly policyArn: string;
    readonly accessScope: { readonly type: 'cluster' | 'namespace'; readonly namespaces: readonly string[] };
    readonly expiresAt?: number;
  }[];
}

export interface Verdict {
  readonly allowed: boolean;
  /** Every reason that may be given: Kubernetes tries bindings in no particular order. */
  readonly reasons: ReadonlySet<string>;
}

export function judge(world: World, attributes: Attributes): Verdict {
  if (attributes.user.groups.some((group) => group === 'system:masters')) {
    return { allowed: true, reasons: new Set(['']) };
  }
  const byPolicy = policyReasons(world, attributes);
  if (byPolicy.length > 0) return { allowed: true, reasons: new Set(byPolicy) };

  for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
    const reasons: string[] = [];
    for (const binding of applyingBindings(world, attributes.user, namespaceOf(attributes))) {
      if (binding.kind !== kind) continue;
      const rules = rulesOfRole(world, binding);
      if (rules?.some((rule) => ruleAllows(rule, attributes))) {
        reasons.push(rbacReason(binding, attributes.user));
      }
    }
    if (reasons.length > 0) return { allowed: true, reasons: new Set(reasons) };
  }

  const errors: string[] = [];
  for (const binding of applyingBindings(world, attributes.user, namespaceOf(attributes))) {
    if (rulesOfRole(world, binding) !== undefined) continue;
    const kind = binding.roleRef.kind === 'ClusterRole' ? 'clusterrole' : 'role';
    const error = `${kind}.rbac.authorization.k8s.io "${binding.roleRef.name}" not found`;
    if (!errors.includes(error)) errors.push(error);
  }
  let reason = '';
  if (errors.length === 1) reason = `RBAC: ${errors[0]}`;
  if (errors.length > 1) reason = `RBAC: [${errors.join(', ')}]`;
  return { allowed: false, reasons: new Set([reason]) };
}

/** What gives somebody something: a binding with the part of the user that it names, or an association of an entry. */
type Way = readonly string[];

/**
 * Tells of each user every way there is to do what is asked, in no particular order, and twice where the world tells something
 * twice. Which bindings' roles allow it does not depend on who asks.
 */
export function waysTo(world: World, attributes: Attributes): (user: UserInfo) => readonly Way[] {
  const asked = namespaceOf(attributes);
  const bindings = world.objects.filter((object): object is ClusterRoleBinding | RoleBinding => {
    if (object.kind === 'ClusterRole' || object.kind === 'Role') return false;
    const holds =
      object.kind === 'ClusterRoleBinding'
        ? object.roleRef.kind === 'ClusterRole'
        : asked !== '' && object.namespace === asked;
    return holds && rulesOfRole(world, object)?.some((rule) => ruleAllows(rule, attributes)) === true;
  });
  return (user) => {
    const ways: Way[] = user.groups.includes('system:masters') ? [['masters']] : [];
    for (const { entry, association } of policyWays(world, { ...attributes, user })) {
      ways.push([
        'policy',
        entry.principalArn,
        association.policyArn,
        ...scopeTexts(association.accessScope),
      ]);
    }
    for (const binding of bindings) {
      const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
      for (const subject of binding.subjects) {
        if (firstMatch([subject], namespace, user) === undefined) continue;
        const through = subject.kind === 'Group' ? ['group', subject.name] : ['user', user.username];
        ways.push(['binding', binding.kind, namespace, binding.name, ...through]);
      }
    }
    return ways;
  };
}

const scopeTexts = ({
  type,
  namespaces,
}: {
  readonly type: string;
  readonly namespaces: readonly string[];
}) => [type, ...namespaces];

/** Cluster bindings by name, then those of the namespace by name (B5, B6). */
export function applyingBindings(
  world: World,
  user: UserInfo,
  namespace: string,
): readonly (ClusterRoleBinding | RoleBinding)[] {
  const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);
  const cluster = world.objects
    .filter((object) => object.kind === 'ClusterRoleBinding')
    // B13: of one of a Role no API server has ever heard.
    .filter(({ roleRef }) => roleRef.kind === 'ClusterRole')
    .sort(byName);
  const local = world.objects.filter((object) => object.kind === 'RoleBinding').sort(byName);
  return [
    ...cluster.filter((binding) => firstMatch(binding.subjects, '', user) !== undefined),
    ...local.filter(
      (binding) =>
        namespace !== '' &&
        binding.namespace === namespace &&
        firstMatch(binding.subjects, namespace, user) !== undefined,
    ),
  ];
}

function firstMatch(
  subjects: readonly Subject[],
  bindingNamespace: string,
  user: UserInfo,
): Subject | undefined {
  for (const subject of subjects) {
    if (subject.kind === 'User' && subject.name === user.username) return subject;
    if (subject.kind === 'Group' && user.groups.includes(subject.name)) return subject;
    if (subject.kind === 'ServiceAccount') {
      const namespace = subject.namespace || bindingNamespace;
      if (namespace !== '' && `system:serviceaccount:${namespace}:${subject.name}` === user.username)
        return subject;
    }
  }
  return undefined;
}

/** B7: a Role is the binding's namespace's, a ClusterRole everybody's. */
function rulesOfRole(
  world: World,
  binding: ClusterRoleBinding | RoleBinding,
): readonly PolicyRule[] | undefined {
  for (const object of world.objects) {
    if (object.name !== binding.roleRef.name) continue;
    if (binding.roleRef.kind === 'ClusterRole' && object.kind === 'ClusterRole')
      return clusterRoleRules(world, object);
    if (binding.roleRef.kind === 'Role' && binding.kind === 'RoleBinding' && object.kind === 'Role') {
      if (object.namespace === binding.namespace) return object.rules;
    }
  }
  return undefined;
}

/** B15, run like the controller: every aggregating role starts empty, and all are filled until nothing changes. */
export function clusterRoleRules(world: World, wanted: ClusterRole): readonly PolicyRule[] {
  const roles = world.objects.filter((object): object is ClusterRole => object.kind === 'ClusterRole');
  const rules = new Map<string, readonly PolicyRule[]>();
  for (const role of roles) rules.set(role.name, role.aggregationRule === undefined ? role.rules : []);
  for (let changed = true; changed; ) {
    changed = false;
    for (const role of roles) {
      if (role.aggregationRule === undefined) continue;
      const collected: PolicyRule[] = [];
      for (const selector of role.aggregationRule.clusterRoleSelectors) {
        for (const other of roles) {
          if (other.name === role.name) continue;
          const labels = new Map(Object.entries(other.labels));
          const selected =
            Object.entries(selector.matchLabels).every(([key, value]) => labels.get(key) === value) &&
            selector.matchExpressions.every(({ key, operator, values }) => {
              if (operator === 'Exists') return labels.has(key);
              if (operator === 'DoesNotExist') return !labels.has(key);
              const listed = labels.has(key) && values.includes(labels.get(key) ?? '');
              return operator === 'In' ? listed : !listed;
            });
          if (!selected) continue;
          for (const rule of rules.get(other.name) ?? []) {
            if (!collected.some((known) => JSON.stringify(known) === JSON.stringify(rule)))
              collected.push(rule);
          }
        }
      }
      if (collected.length !== rules.get(role.name)?.length) changed = true;
      rules.set(role.name, collected);
    }
  }
  return rules.get(wanted.name) ?? [];
}

/** B1 to B4. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(attributes.verb)) return false;
  if (attributes.kind === 'nonResource') {
    return rule.nonResourceURLs.some((url) => {
      if (url === '*' || url === attributes.path) return true;
      let prefix = url;
      while (prefix.endsWith('*')) prefix = prefix.slice(0, -1);
      return url.endsWith('*') && attributes.path.startsWith(prefix);
    });
  }
  const { apiGroup, resource, subresource, name } = attributes;
  if (!rule.apiGroups.includes('*') && !rule.apiGroups.includes(apiGroup)) return false;
  const resourceMatches = rule.resources.some((own) => {
    if (own === '*') return true;
    if (subresource === '') return own === resource;
    return own === `${resource}/${subresource}` || own === `*/${subresource}`;
  });
  if (!resourceMatches) return false;
  if (rule.resourceNames.length === 0) return true;
  return name !== '' && rule.resourceNames.includes(name);
}

function rbacReason(binding: ClusterRoleBinding | RoleBinding, user: UserInfo): string {
  const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
  const subject = firstMatch(binding.subjects, namespace, user);
  if (subject === undefined) throw new Error('the binding does not apply');
  const bindingText = binding.kind === 'RoleBinding' ? `${binding.name}/${namespace}` : binding.name;
  const subjectText =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `RBAC: allowed by ${binding.kind} "${bindingText}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subject.kind} "${subjectText}"`;
}

function policyReasons(world: World, attributes: Attributes): readonly string[] {
  const principalId = attributes.user.principal?.principalId ?? '';
  return policyWays(world, attributes).map(({ entry, association: { accessScope, policyArn } }) => {
    const binding =
      accessScope.type === 'cluster'
        ? `ClusterRoleBinding "${entry.principalArn}+${policyArn}"`
        : `RoleBinding "${entry.principalArn}+${policyArn}/${namespaceOf(attributes)}"`;
    return `EKS Access Policy: allowed by ${binding} of ClusterRole "${policyArn}" to User "${principalId}"`;
  });
}

interface PolicyWay {
  readonly entry: WorldEntry;
  readonly association: WorldEntry['associatedPolicies'][number];
}

function policyWays(world: World, attributes: Attributes): readonly PolicyWay[] {
  const { user } = attributes;
  if (!world.entriesCount || user.impersonated || user.principal === undefined) return [];
  const { principalId, canonicalArn } = user.principal;
  if (user.username !== user.principal.username) return [];
  const [, account] = user.uid.split(':');
  if (user.uid !== `aws-iam-authenticator:${account}:${principalId}`) return [];
  const reported = Object.entries(user.extra).find(
    ([key]) => key === 'sigs.k8s.io/aws-iam-authenticator/principalId',
  )?.[1];
  if (reported?.join('|') !== principalId) return [];

  const ways: PolicyWay[] = [];
  for (const entry of entriesOf(world, principalId, canonicalArn)) {
    for (const association of entry.associatedPolicies) {
      const { policyArn, accessScope, expiresAt } = association;
      if (expiresAt !== undefined && world.now >= expiresAt) continue;
      const policy = knownAccessPolicies().find(
        ({ name }) => `arn:${world.partition}:eks::aws:cluster-access-policy/${name}` === policyArn,
      );
      const namespace = namespaceOf(attributes);
      const inScope =
        accessScope.type === 'cluster' ||
        (namespace !== '' && accessScope.namespaces.some((pattern) => wildcardMatches(pattern, namespace)));
      const own = world.policies.find((one) => one.policyArn === policyArn);
      const allows =
        policy?.rules?.some((rule) => rule.namesUnpublished !== true && ruleAllows(rule, attributes)) ||
        own?.rules.some((rule) => ruleAllows(rule, attributes));
      if (inScope && allows === true) ways.push({ entry, association });
    }
  }
  return ways;
}

/** By id and ARN; where no entry is about the id or the ARN, the matcher that counts first. */
function entriesOf(world: World, principalId: string, canonicalArn: string): readonly WorldEntry[] {
  const pathless = (entry: WorldEntry) => entry.principalArn.replace(/:role\/.*\//, ':role/').toLowerCase();
  const exact = world.entries.filter((entry) => !entry.principalArn.includes('*'));
  const sameId = exact.filter((entry) => entry.principalId !== '' && entry.principalId === principalId);
  const sameArn = exact.filter((entry) => pathless(entry) === canonicalArn.toLowerCase());
  if (sameId.length > 0) return sameId.filter((entry) => sameArn.includes(entry));
  if (sameArn.length > 0) return [];
  const fitting = world.entries.filter(
    ({ principalArn, principalId: id }) =>
      principalArn.includes('*') && id === '' && fits(principalArn, canonicalArn),
  );
  const isSet = ({ principalArn }: WorldEntry) => Number(permissionSet.test(principalArn));
  return fitting
    .sort(
      (one, other) =>
        isSet(other) - isSet(one) ||
        other.principalArn.length - one.principalArn.length ||
        (one.principalArn < other.principalArn ? -1 : 1),
    )
    .slice(0, 1);
}

const permissionSet = /:role\/AWSReservedSSO_[^*]+_\*$/;

/** token-facts 7.1: behind the name of a permission set stand exactly 16 hex digits. */
function fits(matcherArn: string, canonicalArn: string): boolean {
  const [pattern, arn] = [matcherArn.toLowerCase(), canonicalArn.toLowerCase()];
  if (!permissionSet.test(matcherArn)) return wildcardMatches(pattern, arn);
  const prefix = pattern.slice(0, -1);
  return arn.startsWith(prefix) && /^[0-9a-f]{16}$/.test(arn.slice(prefix.length));
}

/** `*` is any run of characters; letter by letter. */
function wildcardMatches(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return (
      wildcardMatches(pattern.slice(1), text) || (text !== '' && wildcardMatches(pattern, text.slice(1)))
    );
  }
  return text.startsWith(pattern.charAt(0)) && wildcardMatches(pattern.slice(1), text.slice(1));
}

function namespaceOf(attributes: Attributes): string {
  return attributes.kind === 'resource' ? attributes.namespace : '';
}
