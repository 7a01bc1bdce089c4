import type { PolicyRule } from '../rbac/rules.ts';
import { type CompiledRequest, type CompiledRules, findRule } from './compiledrules.ts';

/**
 * The rules of all roles that one aggregation collects, as if they were one role's. Roles come, change and go one by
 * one, at a cost by their own size: an aggregation of ten thousand roles is never compiled again because one changed.
 */
export interface CollectedRules {
  has(name: string): boolean;
  /** Adds the role's rules, or replaces those it had. */
  set(name: string, compiled: CompiledRules): void;
  delete(name: string): void;
  /** A rule that allows the request: of several roles that have one, the first by name; undefined for none. */
  find(request: CompiledRequest): PolicyRule | undefined;
}

interface Member {
  readonly name: string;
  compiled: CompiledRules;
}

/** Members in order of their names. */
type Members = Member[];

export function createCollectedRules(): CollectedRules {
  const members = new Map<string, Member>();
  const byGroup = new Map<string, Map<string, Members>>();
  const byUrl = new Map<string, Members>();
  const wide: Members = [];
  const byUrlPrefix: Members = [];

  const enter = (member: Member, compiled: CompiledRules, known: CompiledRules | undefined): void => {
    for (const [group, resources] of compiled.byGroup) {
      for (const resource of resources.keys()) {
        if (known?.byGroup.get(group)?.has(resource)) continue;
        let byResource = byGroup.get(group);
        if (byResource === undefined) {
          byResource = new Map();
          byGroup.set(group, byResource);
        }
        const there = byResource.get(resource);
        if (there === undefined) byResource.set(resource, [member]);
        else insert(there, member);
      }
    }
    for (const url of compiled.byUrl.keys()) {
      if (known?.byUrl.has(url)) continue;
      const there = byUrl.get(url);
      if (there === undefined) byUrl.set(url, [member]);
      else insert(there, member);
    }
    if (compiled.wide.length > 0 && !(known && known.wide.length > 0)) insert(wide, member);
    if (compiled.byUrlPrefix.length > 0 && !(known && known.byUrlPrefix.length > 0)) {
      insert(byUrlPrefix, member);
    }
  };

  const leave = (member: Member, compiled: CompiledRules, kept: CompiledRules | undefined): void => {
    for (const [group, resources] of compiled.byGroup) {
      const byResource = byGroup.get(group);
      if (byResource === undefined) continue;
      for (const resource of resources.keys()) {
        if (kept?.byGroup.get(group)?.has(resource)) continue;
        const there = byResource.get(resource);
        if (there !== undefined && withdraw(there, member)) byResource.delete(resource);
      }
      if (byResource.size === 0) byGroup.delete(group);
    }
    for (const url of compiled.byUrl.keys()) {
      if (kept?.byUrl.has(url)) continue;
      const there = byUrl.get(url);
      if (there !== undefined && withdraw(there, member)) byUrl.delete(url);
    }
    if (compiled.wide.length > 0 && !(kept && kept.wide.length > 0)) withdraw(wide, member);
    if (compiled.byUrlPrefix.length > 0 && !(kept && kept.byUrlPrefix.length > 0)) {
      withdraw(byUrlPrefix, member);
    }
  };

  return {
    has: (name) => members.has(name),
    set(name, compiled) {
      const member = members.get(name);
      if (member === undefined) {
        const added: Member = { name, compiled };
        members.set(name, added);
        enter(added, compiled, undefined);
        return;
      }
      const previous = member.compiled;
      if (previous === compiled) return;
      member.compiled = compiled;
      leave(member, previous, compiled);
      enter(member, compiled, previous);
    },
    delete(name) {
      const member = members.get(name);
      if (member === undefined) return;
      members.delete(name);
      leave(member, member.compiled, undefined);
    },
    find(request) {
      const found: Found = { name: undefined, rule: undefined };
      if (request.kind === 'nonResource') {
        lookIn(byUrl.get(request.path), request, found);
        lookIn(byUrlPrefix, request, found);
        return found.rule;
      }
      for (const group of request.group === '*' ? ['*'] : [request.group, '*']) {
        const byResource = byGroup.get(group);
        if (byResource === undefined) continue;
        lookIn(byResource.get(request.target), request, found);
        lookIn(byResource.get('*'), request, found);
        if (request.anyOfSubresource === undefined) continue;
        lookIn(byResource.get(request.anyOfSubresource), request, found);
      }
      lookIn(wide, request, found);
      return found.rule;
    },
  };
}

interface Found {
  name: string | undefined;
  rule: PolicyRule | undefined;
}

/** Looks for a member that allows the request and stands before the one that was found. */
function lookIn(members: Members | undefined, request: CompiledRequest, found: Found): void {
  if (members === undefined) return;
  for (const { name, compiled } of members) {
    if (found.name !== undefined && name >= found.name) return;
    const rule = findRule(compiled, request);
    if (rule === undefined) continue;
    found.name = name;
    found.rule = rule;
    return;
  }
}

function place(members: Members, name: string): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = members[middle];
    if (there !== undefined && there.name < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(members: Members, member: Member): void {
  members.splice(place(members, member.name), 0, member);
}

/** Whether the list is empty now. */
function withdraw(members: Members, member: Member): boolean {
  const at = place(members, member.name);
  if (members[at] === member) members.splice(at, 1);
  return members.length === 0;
}
