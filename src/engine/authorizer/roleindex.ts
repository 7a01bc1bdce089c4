import { aggregateRules, selectorMatches } from '../rbac/aggregation.ts';
import type { ClusterRole, LabelSelector, Role, RoleRef } from '../rbac/objects.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import { aggregationLimit, costOfCollecting, costOfComparing } from './aggregationlimit.ts';
import { type CollectedRules, createCollectedRules } from './collectedrules.ts';
import { type CompiledRequest, type CompiledRules, compileRules, findRule } from './compiledrules.ts';
import { createLabelIndex } from './labelindex.ts';

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
  /** Of a role with rules of its own; undefined until asked after a change. */
  compiled: CompiledRules | undefined;
  /** Of a role that aggregates: what it collects; undefined until asked, and after a change of what it aggregates. */
  collection: Collection | 'tooLarge' | undefined;
}

/** An aggregation carried out, and kept as the roles it collects change. */
interface Collection {
  /** Its own, and those of the aggregating roles they select. */
  readonly selectors: readonly LabelSelector[];
  /** Names of the aggregating roles that take part in it, its own among them. */
  readonly through: ReadonlySet<string>;
  readonly rules: CollectedRules;
  /** At most so much carries it out from the start. */
  cost: number;
  /** In the order Kubernetes writes them; undefined until asked after a change. */
  listed: readonly PolicyRule[] | undefined;
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
  /** A rule of the role that allows the request, aggregated ones among them. */
  ruleOf(node: RoleNode, request: CompiledRequest): PolicyRule | undefined;
}

/** With more selectors than these in all collections together, collecting again is cheaper than following a change. */
const selectorsFollowed = 10_000;

/**
 * Roles by kind, namespace and name. Aggregations are carried out when they are first used; from then on a change of a
 * role costs by the size of that role and the number of aggregations in use, not by what these collect.
 */
export function createRoleIndex(): RoleIndex {
  const clusterRoles = new Map<string, RoleNode>();
  const rolesByNamespace = new Map<string, Map<string, RoleNode>>();
  const labelled = createLabelIndex();
  /** Nodes that have a collection. */
  const collecting = new Set<RoleNode>();
  let selectorsKept = 0;
  const aggregating = new Set<ClusterRole>();
  /** Undefined until asked after a change. */
  let limit: number | undefined;
  const mostOf = (): number => {
    limit ??= aggregationLimit(aggregating, labelled);
    return limit;
  };

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
        compiled: undefined,
        collection: undefined,
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

  const forgetCollection = (node: RoleNode): void => {
    if (typeof node.collection === 'object') selectorsKept -= node.collection.selectors.length;
    node.collection = undefined;
    collecting.delete(node);
  };

  const compiledOf = (node: RoleNode): CompiledRules => {
    node.compiled ??= compileRules(node.definition?.rules ?? []);
    return node.compiled;
  };

  /** Makes one collection right again after a ClusterRole changed. */
  const follow = (collector: RoleNode, changed: RoleNode, after: ClusterRole | undefined): void => {
    const { collection } = collector;
    if (collection === undefined || collection === 'tooLarge') {
      forgetCollection(collector);
      return;
    }
    const { name } = changed;
    if (after !== undefined) {
      for (const selector of collection.selectors) collection.cost += costOfComparing(selector);
    }
    const isSelected =
      after !== undefined && collection.selectors.some((selector) => selectorMatches(selector, after.labels));
    if (isSelected) collection.cost += costOfCollecting(after);
    if (
      collection.cost > mostOf() ||
      collection.through.has(name) ||
      (isSelected && after.aggregationRule !== undefined)
    ) {
      forgetCollection(collector);
      return;
    }
    if (!isSelected && !collection.rules.has(name)) return;
    if (isSelected) collection.rules.set(name, compiledOf(changed));
    else collection.rules.delete(name);
    collection.listed = undefined;
  };

  const define = (node: RoleNode, definition: ClusterRole | Role | undefined): void => {
    const previous = node.definition;
    if (previous?.kind === 'ClusterRole') {
      labelled.remove(previous);
      aggregating.delete(previous);
    }
    if (definition?.kind === 'ClusterRole') {
      labelled.add(definition);
      if (aggregates(definition)) aggregating.add(definition);
    }
    node.definition = definition;
    node.compiled = undefined;
    if (node.kind !== 'ClusterRole') return;
    // The controller writes what it collected into the role: that changes nothing here.
    if (collectsAlike(previous, definition)) return;
    limit = undefined;
    const isTooMuch = selectorsKept > selectorsFollowed;
    const after = definition?.kind === 'ClusterRole' ? definition : undefined;
    for (const collector of collecting) {
      if (isTooMuch) forgetCollection(collector);
      else follow(collector, node, after);
    }
  };

  /** Carries out an aggregation for decisions, which need no order and no rule to be there once. */
  const collect = (role: ClusterRole): Collection | 'tooLarge' => {
    const through = new Set<string>([role.name]);
    const selectors: LabelSelector[] = [];
    const rules = createCollectedRules();
    let cost = 0;
    const reached = [role];
    for (const collector of reached) {
      for (const selector of collector.aggregationRule?.clusterRoleSelectors ?? []) {
        cost += labelled.candidates(selector).roles.size * costOfComparing(selector);
        if (cost > mostOf()) return 'tooLarge';
        selectors.push(selector);
        for (const selected of labelled.selected(selector)) {
          if (selected.aggregationRule === undefined) {
            const node = find('ClusterRole', '', selected.name);
            if (node === undefined || rules.has(selected.name)) continue;
            cost += costOfCollecting(selected);
            if (cost > mostOf()) return 'tooLarge';
            rules.set(selected.name, compiledOf(node));
          } else if (!through.has(selected.name)) {
            through.add(selected.name);
            reached.push(selected);
          }
        }
      }
    }
    return { selectors, through, rules, cost, listed: undefined };
  };

  const collectionOf = (node: RoleNode, role: ClusterRole): Collection | 'tooLarge' => {
    if (node.collection === undefined) {
      node.collection = collect(role);
      collecting.add(node);
      if (node.collection !== 'tooLarge') selectorsKept += node.collection.selectors.length;
    }
    return node.collection;
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
    rulesOf(node) {
      const { definition } = node;
      if (definition === undefined) return undefined;
      if (!aggregates(definition)) return definition.rules;
      const collection = collectionOf(node, definition);
      if (collection === 'tooLarge') return undefined;
      collection.listed ??= aggregateRules(definition, labelled.selectedByName);
      return collection.listed;
    },
    ruleOf(node, request) {
      const { definition } = node;
      if (definition === undefined) return undefined;
      if (!aggregates(definition)) return findRule(compiledOf(node), request);
      const collection = collectionOf(node, definition);
      return collection === 'tooLarge' ? undefined : collection.rules.find(request);
    },
  };
}

function aggregates(role: ClusterRole | Role): role is ClusterRole {
  return role.kind === 'ClusterRole' && role.aggregationRule !== undefined;
}

/** Whether both aggregate by the same selectors and are selected alike. */
function collectsAlike(one: ClusterRole | Role | undefined, other: ClusterRole | Role | undefined): boolean {
  if (one === undefined || other === undefined || !aggregates(one) || !aggregates(other)) return false;
  const text = (role: ClusterRole): string => JSON.stringify([role.labels, role.aggregationRule]);
  return text(one) === text(other);
}
