import type { Attributes, UserInfo } from '../src/engine/authorizer/attributes.ts';
import type { Authorizer } from '../src/engine/authorizer/authorizer.ts';
import { allow } from '../src/engine/rbac/allow.ts';
import type { ClusterRole, RbacObject, Subject } from '../src/engine/rbac/objects.ts';
import {
  ask,
  binding,
  entry,
  entryUser,
  namespaceOf,
  namespaces,
  plainUser,
  role,
  roleCount,
} from './decisionworld.ts';

/** One kind of change, again and again, each followed by a decision that must see it. */
export interface Change {
  readonly name: string;
  readonly runs: number;
  readonly prepare?: (authorizer: Authorizer) => void;
  readonly change: (authorizer: Authorizer, at: number) => void;
  readonly asked: (at: number) => Attributes;
  readonly allowed: (at: number) => boolean;
}

const always = (): boolean => true;
const user = (name: string): Subject => ({ kind: 'User', name, namespace: '' });
const group = (name: string): Subject => ({ kind: 'Group', name, namespace: '' });
const named = (username: string, groups: readonly string[] = []): UserInfo => ({
  ...{ username, uid: '', groups, extra: {} },
});
const reader = (name: string, resource: string, labels: ClusterRole['labels'] = {}): ClusterRole => ({
  ...{ kind: 'ClusterRole', name, labels },
  rules: [allow('get list watch', 'core', resource)],
});
const bindTo = (name: string, roleName: string, ...subjects: readonly Subject[]): RbacObject => ({
  ...{ kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name: roleName }, subjects },
});

/** Changes of one small object, which differ by how much is there besides. */
export function commonChanges(chosen: readonly number[], size: number): readonly Change[] {
  const one = (at: number): number => chosen[at % chosen.length] as number;
  const roles = roleCount(size);
  const asked = (at: number) => ask(plainUser(one(at)), 'pods', namespaceOf(one(at)));
  const common = { runs: 2_000, asked, allowed: always };
  return [
    {
      ...common,
      name: 'a binding',
      change: (authorizer, at) => authorizer.applyObject(binding(one(at), roles)),
    },
    {
      ...common,
      name: 'an access entry',
      change: (authorizer, at) => authorizer.applyEntry(entry(one(at))),
      asked: (at) => ask(entryUser(one(at)), 'pods', 'team-x'),
    },
    {
      ...common,
      name: 'a role',
      change: (authorizer, at) => authorizer.applyObject(role(one(at) % roles)),
    },
  ];
}

/** Changes that touch as much as they can. The same objects stay for those that come later in the list. */
export function changesAtTheirWorst(size: number): readonly Change[] {
  const many = Math.min(size, 10_000);
  return [
    ...boundByAll(size),
    ...aggregated(many),
    seenByManyAggregations(Math.min(size, 1_000)),
    manySubjects(many),
    manyRules(Math.min(size, 5_000)),
    oneGroup(size),
    manyGroups(many),
    fullNamespace(many),
  ];
}

/** Role `shared`, which n RoleBindings name. */
function boundByAll(size: number): readonly Change[] {
  const asked = () => ask(named('shared1'), 'pods', namespaceOf(1));
  return [
    {
      name: 'a role that n bindings name',
      runs: 500,
      prepare(authorizer) {
        for (let at = 0; at < size; at++) {
          authorizer.applyObject({
            ...{ kind: 'RoleBinding', namespace: `ns${at % namespaces}`, name: `shared${at}` },
            ...{ roleRef: { kind: 'ClusterRole', name: 'shared' }, subjects: [user(`shared${at}`)] },
          });
        }
      },
      change: (authorizer, at) => authorizer.applyObject(reader('shared', `pods x${at}`)),
      asked,
      allowed: always,
    },
    {
      name: 'the same, removed and back',
      runs: 500,
      change(authorizer, at) {
        if (at % 2 === 1) authorizer.applyObject(reader('shared', 'pods'));
        else authorizer.removeObject({ kind: 'ClusterRole', namespace: '', name: 'shared' });
      },
      asked,
      allowed: (at) => at % 2 === 1,
    },
  ];
}

const intoView = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };

/** Up to 10,000 roles aggregated into view, by it into edit, by that into admin. */
function aggregated(many: number): readonly Change[] {
  const feeder = (at: number, labels = intoView): ClusterRole => reader(`feed${at}`, `kind${at}`, labels);
  return [
    {
      name: 'one of 10,000 roles aggregated into admin',
      runs: 500,
      prepare(authorizer) {
        for (let at = 0; at < many; at++) authorizer.applyObject(feeder(at));
        authorizer.applyObject(bindTo('admins', 'admin', user('admin')));
      },
      change: (authorizer, at) => authorizer.applyObject(reader(`feed${at % many}`, `new${at}`, intoView)),
      asked: (at) => ask(named('admin'), `new${at}`, 'dev'),
      allowed: always,
    },
    {
      name: 'the label that aggregates it, off and on',
      runs: 500,
      change: (authorizer, at) =>
        authorizer.applyObject(
          feeder(0, at % 2 === 1 ? intoView : { ...intoView, [Object.keys(intoView)[0] ?? '']: 'false' }),
        ),
      asked: () => ask(named('admin'), 'kind0', 'dev'),
      allowed: (at) => at % 2 === 1,
    },
  ];
}

function seenByManyAggregations(count: number): Change {
  const label = { many: 'true' };
  return {
    name: 'a label that 1,000 aggregations in use select',
    runs: 100,
    prepare(authorizer) {
      for (let at = 0; at < count; at++) {
        authorizer.applyObject({
          ...reader(`all${at}`, ''),
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: label, matchExpressions: [] }] },
        });
        authorizer.applyObject(bindTo(`all${at}`, `all${at}`, user('everywhere'), user(`only${at}`)));
      }
      authorizer.authorize(ask(named('everywhere'), 'nothing', ''));
    },
    change: (authorizer, at) => authorizer.applyObject(reader('seen', 'sights', at % 2 === 1 ? label : {})),
    asked: () => ask(named(`only${count - 1}`), 'sights', ''),
    allowed: (at) => at % 2 === 1,
  };
}

function manySubjects(many: number): Change {
  const subjects = Array.from({ length: many }, (_, at) => user(`member${at}`));
  return {
    name: 'one subject of a binding of 10,000',
    runs: 100,
    prepare: (authorizer) => authorizer.applyObject(reader('shared', 'pods')),
    change: (authorizer, at) =>
      authorizer.applyObject(bindTo('crowd', 'shared', ...subjects, user(`late${at}`))),
    asked: (at) => ask(named(`late${at}`), 'pods', ''),
    allowed: always,
  };
}

function manyRules(many: number): Change {
  const rules = Array.from({ length: many }, (_, at) => allow('get list', 'core', `kind${at}`));
  return {
    name: 'one rule of a role of 5,000',
    runs: 100,
    prepare: (authorizer) => authorizer.applyObject(bindTo('long', 'long', user('long'))),
    change: (authorizer, at) =>
      authorizer.applyObject({
        ...{ kind: 'ClusterRole', name: 'long', labels: {} },
        rules: [...rules, allow('get list', 'core', `late${at}`)],
      }),
    asked: (at) => ask(named('long'), `late${at}`, ''),
    allowed: always,
  };
}

/** A group that n ClusterRoleBindings name: who is in it has very many ways to be allowed. */
function oneGroup(size: number): Change {
  const bindGroup = (at: number) => bindTo(`team${at}`, 'shared', group('team-of-all'));
  return {
    name: 'one of n bindings of one group',
    runs: 500,
    prepare(authorizer) {
      for (let at = 0; at < size; at++) authorizer.applyObject(bindGroup(at));
    },
    change(authorizer, at) {
      const place = (at * 7_919) % size;
      authorizer.removeObject({ kind: 'ClusterRoleBinding', namespace: '', name: `team${place}` });
      authorizer.applyObject(bindGroup(place));
    },
    asked: () => ask(named('x', ['team-of-all']), 'pods', ''),
    allowed: always,
  };
}

function manyGroups(many: number): Change {
  const groups = Array.from({ length: many }, (_, at) => `squad${at}`);
  return {
    name: 'one group of a user in 10,000 that are bound',
    runs: 100,
    prepare(authorizer) {
      for (const name of groups) authorizer.applyObject(bindTo(name, 'shared', group(name)));
    },
    change: (authorizer, at) => {
      const name = groups[at % many] as string;
      authorizer.applyObject(bindTo(name, at % 2 === 1 ? 'shared' : 'missing', group(name)));
    },
    asked: () => ask(named('x', groups), 'secrets', ''),
    allowed: () => false,
  };
}

/** Bindings of one namespace, removed one by one as the namespace goes. */
function fullNamespace(many: number): Change {
  return {
    name: 'one of 10,000 bindings of a namespace that goes',
    runs: many,
    prepare(authorizer) {
      for (let at = 0; at < many; at++) {
        authorizer.applyObject({
          ...{ kind: 'RoleBinding', namespace: 'leaving', name: `last${at}` },
          ...{
            roleRef: { kind: 'ClusterRole', name: 'shared' },
            subjects: [user(`last${at}`), group('last')],
          },
        });
      }
    },
    change: (authorizer, at) =>
      authorizer.removeObject({ kind: 'RoleBinding', namespace: 'leaving', name: `last${at}` }),
    asked: (at) => ask(named(`last${at}`), 'pods', 'leaving'),
    allowed: () => false,
  };
}
