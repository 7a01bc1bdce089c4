/**
 * Scenario files: an account, a cluster and what grants in it, written as their owners write them; then questions. From the
 * same data `who-can` must answer with exactly the subjects of `whoCan`, `can` must say yes of each of them and no of
 * everybody else, and the rules that `what-can` tells of each must allow what is asked, and of everybody else must not.
 *
 * ```yaml
 * story: what it is about
 * users: [team/ada]                # paths of users and roles of account 111122223333
 * roles: [ops]
 * cluster: {authenticationMode: API}   # members of the snapshot's cluster, beside those below
 * blocks: [{kind: principalArn, target: arn:…}]
 * entries: [{…}]                   # as in the snapshot; type, username and groups may be left out
 * awsAuth: {mapRoles: '…'}         # the ConfigMap's data
 * objects: [{…}]                   # Kubernetes' RBAC
 * cases:
 *   - ask: get secrets in prod     # VERB RESOURCE[.GROUP][/SUBRESOURCE] [in NAMESPACE] [named NAME], or VERB /PATH
 *     whoCan:                      # by key; `system:masters` always may and is left out
 *       iam:role/ops: AmazonEKSViewPolicy      # the policy, binding or group that decides; ARNs of the account are shortened
 *       User:ops:ada: pager
 * ```
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseAwsAuth } from '../../../src/access/awsauth.ts';
import { parseRbacObject } from '../../../src/access/rbacobjects.ts';
import type {
  Snapshot,
  SnapshotAccessEntry,
  SnapshotCluster,
} from '../../../src/engine/analysis/snapshot/snapshot.ts';
import {
  testArn,
  testEntry,
  testRole,
  testSnapshot,
  testUser,
} from '../../../src/engine/analysis/testworld.ts';
import { permissionsOf } from '../../../src/engine/analysis/whatcan/permissions.ts';
import { rulesAllow } from '../../../src/engine/analysis/whatcan/rules.ts';
import type { PathGrant } from '../../../src/engine/analysis/whocan/answer.ts';
import { whoCan } from '../../../src/engine/analysis/whocan/whocan.ts';
import type { Question } from '../../../src/engine/analysis/world/question.ts';
import { subjectKey } from '../../../src/engine/analysis/world/subject.ts';
import { createWorld } from '../../../src/engine/analysis/world/world.ts';
import type { RbacObject } from '../../../src/engine/rbac/objects.ts';

interface Scenario {
  readonly story: string;
  readonly users?: readonly string[];
  readonly roles?: readonly string[];
  readonly cluster?: Partial<SnapshotCluster>;
  readonly blocks?: Snapshot['blocks'];
  readonly entries?: readonly (Partial<SnapshotAccessEntry> & { readonly principalArn: string })[];
  readonly awsAuth?: Readonly<Record<string, unknown>>;
  readonly objects?: readonly {
    readonly kind: RbacObject['kind'];
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }[];
  readonly cases: readonly {
    readonly ask: string;
    readonly whoCan: Readonly<Record<string, string>>;
  }[];
}

function snapshotOf({ users = [], roles = [], entries = [], objects = [], ...scenario }: Scenario): Snapshot {
  return testSnapshot({
    account: { users: users.map((path) => testUser(path)), roles: roles.map((path) => testRole(path)) },
    blocks: scenario.blocks ?? [],
    cluster: {
      ...scenario.cluster,
      accessEntries: entries.map((entry) => ({ ...testEntry(entry.principalArn), ...entry })),
      ...(scenario.awsAuth && { awsAuth: parseAwsAuth(scenario.awsAuth).awsAuth }),
      rbac: objects.map((object) => {
        const { kind, metadata } = object;
        const ref = { kind, name: metadata.name, namespace: metadata.namespace ?? '' };
        const read = parseRbacObject(ref, JSON.stringify(object));
        if (read === undefined) throw new Error(`${kind} ${metadata.name} cannot be read`);
        return read;
      }),
    },
  });
}

function questionOf(ask: string): Question {
  const match = /^(?<verb>\w+) (?<target>\S+)(?: in (?<namespace>\S+))?(?: named (?<name>\S+))?$/.exec(ask);
  const { verb = '', target = '', namespace = '', name = '' } = match?.groups ?? {};
  if (match === null) throw new Error(`cannot read \`${ask}\``);
  if (target.startsWith('/')) return { kind: 'nonResource', verb, path: target };
  const [whole = '', subresource = ''] = target.split('/');
  const [resource = '', ...group] = whole.split('.');
  return { kind: 'resource', verb, apiGroup: group.join('.'), resource, subresource, namespace, name };
}

const short = (key: string): string => key.replace(testArn(''), '');

function byOf(grant: PathGrant): string {
  switch (grant.by) {
    case 'systemMasters':
      return 'system:masters';
    case 'accessPolicy':
      return grant.policyName;
    case 'rbac':
      return grant.binding.name;
    default:
      return grant satisfies never;
  }
}

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'));

describe.each(files)('%s', (file) => {
  const scenario = parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Scenario;
  const world = createWorld(snapshotOf(scenario));
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('a scenario has a cluster');

  test.each(scenario.cases.map((one) => [one.ask, one.whoCan] as const))(
    `${scenario.story}: %s`,
    (ask, expected) => {
      const question = questionOf(ask);
      const { rows } = whoCan(world, cluster, question);
      const told = rows
        .filter(({ key }) => key !== 'Group:system:masters')
        .map(({ key, paths: [first] }) => [short(key), first === undefined ? '' : byOf(first.grant)]);
      expect(Object.fromEntries(told)).toEqual(expected);
      expect(told).toHaveLength(Object.keys(expected).length);

      const may = new Set(rows.map(({ key }) => key));
      for (const subject of cluster.subjects()) {
        const key = subjectKey(subject);
        expect(cluster.can(subject, question).allowed, `${key} can`).toBe(may.has(key));
        const { rulesIn } = permissionsOf(cluster, cluster.identitiesOf(subject).identities);
        const rules = rulesIn(question.kind === 'resource' ? question.namespace : '');
        expect(rulesAllow(rules, question), `what ${key} can`).toBe(may.has(key));
      }
    },
  );
});
