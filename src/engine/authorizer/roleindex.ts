import { aggregateRules, selectorMatches } from '../rbac/aggregation.ts';
import type { ClusterRole, LabelSelector, Role, RoleRef } from '../rbac/objects.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import { type CompiledRules, compileRules } from './compiledrules.ts';

/**
 * A role, or the place of one that bindings name and that does not exist. Bindings hold the node, so that a change of
 * the role touches none of them.
 */
export interface RoleNode {
  readonly kind: 'ClusterRole' | 'Role';
  readonly namespace: string;
  readonly name: string;
  definition: ClusterRole | Role | undefined;
  /** How many bindings name it. */
  references: number;
  /** Rules with the aggregation carried out, and compiled; undefined until asked after a change. */
  resolved: readonly PolicyRule[] | 'tooLarge' | undefined;
  compiled: CompiledRules | undefined;
}

export interface RoleIndex {
  apply(role: ClusterRole | Role): void;
  remove(kind: 'ClusterRole' | 'Role', namespace: string, name: string): void;
  /** The node a roleRef means, seen from a binding's namespace; counted until released. */
  acquire(ref: RoleRef, bindingNamespace: string): RoleNode;
  release(node: RoleNode): void;
  find(kind: 'ClusterRole' | 'Role', namespace: string, name: string): RoleNode | undefined;
  /** Undefined for a role that does not exist, and for one whose aggregation is too large to be carried out. */
  rulesOf(node: RoleNode): readonly PolicyRule[] | undefined;
  compiledOf(node: RoleNode): CompiledRules | undefined;
}

/**
 * Roles compared with selectors for one aggregation, some tenths of a second. SECURITY: a cluster's administrator could
 * otherwise stop the server for everybody with roles that select everything many times; such a role grants nothing.
 */
const maximumComparisons = 2_000_000;

/** Roles by kind, namespace and name; aggregation is followed when rules change and carried out when they are used. */
export function createRoleIndex(): RoleIndex {
  const clusterRoles = new Map<string, RoleNode>();
  const rolesByNamespace = new Map<string, Map<string, RoleNode>>();
  const labelled = createLabelIndex();
  const aggregating = new Map<string, RoleNode>();

  const mapFor = (kind: RoleNode['kind'], namespace: string): Map<string, RoleNode> => {
    if (kind === 'ClusterRole') return clusterRoles;
    let roles = rolesByNamespace.get(namespace);
    if (roles === undefined) {
      roles = new Map();
      rolesByNamespace.set(namespace, roles);
    }
    return roles;
  };

  const find = (kind: RoleNode['kind'], namespace: string, name: string): RoleNode | undefined =>
    (kind === 'ClusterRole' ? clusterRoles : rolesByNamespace.get(namespace))?.get(name);

  const nodeFor = (kind: RoleNode['kind'], namespace: string, name: string): RoleNode => {
    const roles = mapFor(kind, namespace);
    let node = roles.get(name);
    if (node === undefined) {
      node = {
        kind,
        namespace: kind === 'ClusterRole' ? '' : namespace,
        name,
        definition: undefined,
        references: 0,
        resolved: undefined,
        compiled: undefined,
      };
      roles.set(name, node);
    }
    return node;
  };

  const forgetIfUnused = (node: RoleNode): void => {
    if (node.definition !== undefined || node.references > 0) return;
    const roles = mapFor(node.kind, node.namespace);
    roles.delete(node.name);
    if (node.kind === 'Role' && roles.size === 0) rolesByNamespace.delete(node.namespace);
  };

  /** Whether some aggregation selects the role. */
  const isCollected = (role: ClusterRole | Role | undefined): boolean => {
    if (role?.kind !== 'ClusterRole') return false;
    for (const { definition } of aggregating.values()) {
      if (definition?.kind !== 'ClusterRole') continue;
      const selectors = definition.aggregationRule?.clusterRoleSelectors ?? [];
      if (selectors.some((selector) => selectorMatches(selector, role.labels))) return true;
    }
    return false;
  };

  const define = (node: RoleNode, definition: ClusterRole | Role | undefined): void => {
    const previous = node.definition;
    if (previous?.kind === 'ClusterRole') labelled.remove(previous);
    node.definition = definition;
    node.resolved = undefined;
    node.compiled = undefined;
    if (definition?.kind === 'ClusterRole') labelled.add(definition);
    if (node.kind !== 'ClusterRole') return;
    const concerned = isCollected(previous) || isCollected(definition) || aggregating.has(node.name);
    if (definition?.kind === 'ClusterRole' && definition.aggregationRule !== undefined) {
      aggregating.set(node.name, node);
    } else aggregating.delete(node.name);
    if (!concerned) return;
    // Aggregating roles are few (three by default) and may feed each other: each forgets what it collected, and
    // collects again when it is next used.
    for (const collector of aggregating.values()) {
      collector.resolved = undefined;
      collector.compiled = undefined;
    }
  };

  const resolve = (role: ClusterRole): readonly PolicyRule[] | 'tooLarge' => {
    let comparisons = 0;
    let isTooLarge = false;
    const rules = aggregateRules(role, (selector) => {
      comparisons += labelled.candidates(selector) * (1 + selector.matchExpressions.length);
      isTooLarge ||= comparisons > maximumComparisons;
      return isTooLarge ? [] : labelled.selected(selector);
    });
    return isTooLarge ? 'tooLarge' : rules;
  };

  const rulesOf = (node: RoleNode): readonly PolicyRule[] | undefined => {
    const { definition } = node;
    if (definition === undefined) return undefined;
    node.resolved ??= definition.kind === 'Role' ? definition.rules : resolve(definition);
    return node.resolved === 'tooLarge' ? undefined : node.resolved;
  };

  return {
    apply(role) {
      define(nodeFor(role.kind, role.kind === 'Role' ? role.namespace : '', role.name), role);
    },
    remove(kind, namespace, name) {
      const node = find(kind, namespace, name);
      if (node === undefined) return;
      define(node, undefined);
      forgetIfUnused(node);
    },
    acquire(ref, bindingNamespace) {
      const node = nodeFor(ref.kind, bindingNamespace, ref.name);
      node.references += 1;
      return node;
    },
    release(node) {
      node.references -= 1;
      forgetIfUnused(node);
    },
    find,
    rulesOf,
    compiledOf(node) {
      if (node.compiled !== undefined) return node.compiled;
      const rules = rulesOf(node);
      if (rules !== undefined) node.compiled = compileRules(rules);
      return node.compiled;
    },
  };
}

const noRoles: ReadonlySet<ClusterRole> = new Set();

/** ClusterRoles by label, so that carrying out an aggregation looks only at roles that carry one of its labels. */
function createLabelIndex(): {
  readonly add: (role: ClusterRole) => void;
  readonly remove: (role: ClusterRole) => void;
  /** How many roles `selected` looks at. */
  readonly candidates: (selector: LabelSelector) => number;
  /** Selected roles in order of their names. */
  readonly selected: (selector: LabelSelector) => readonly ClusterRole[];
} {
  const all = new Set<ClusterRole>();
  const byLabel = new Map<string, Set<ClusterRole>>();
  // Different labels may share a key here; that costs a comparison and decides nothing.
  const labelKey = (key: string, value: string): string => `${key}=${value}`;
  const byName = (one: ClusterRole, other: ClusterRole): number => (one.name < other.name ? -1 : 1);

  const candidatesOf = (selector: LabelSelector): ReadonlySet<ClusterRole> => {
    const first = Object.entries(selector.matchLabels)[0];
    return first === undefined ? all : (byLabel.get(labelKey(...first)) ?? noRoles);
  };

  return {
    candidates: (selector) => candidatesOf(selector).size,
    add(role) {
      all.add(role);
      for (const [key, value] of Object.entries(role.labels)) {
        const known = byLabel.get(labelKey(key, value));
        if (known === undefined) byLabel.set(labelKey(key, value), new Set([role]));
        else known.add(role);
      }
    },
    remove(role) {
      all.delete(role);
      for (const [key, value] of Object.entries(role.labels)) {
        const known = byLabel.get(labelKey(key, value));
        known?.delete(role);
        if (known?.size === 0) byLabel.delete(labelKey(key, value));
      }
    },
    selected(selector) {
      return [...candidatesOf(selector)]
        .filter((role) => selectorMatches(selector, role.labels))
        .sort(byName);
    },
  };
}
