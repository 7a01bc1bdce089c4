import type { UserInfo } from '../../authorizer/attributes.ts';
import { type CompiledRequest, compileRequest } from '../../authorizer/compiledrules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { attributesOf, type Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type {
  AccessPath,
  PathGrant,
  UnclearGrant,
  Whereabouts,
  WhoCanAnswer,
  WhoCanOptions,
  WhoCanRow,
} from './answer.ts';
import { gapsOf } from './gaps.ts';
import {
  type AskedIn,
  type BindingGrants,
  createBindingGrants,
  createPolicyGrants,
  type PolicyGrants,
} from './grants.ts';
import { createHolders, type Held, type Holders } from './holders.ts';
import { issuersOf } from './issuers.ts';

/**
 * Everybody about whom `ClusterWorld.can` would say yes, each with every way there is: found from the question, through the
 * rules that allow it, to who has them. Beside what grants, the cost grows with the length of the answer alone, once the
 * cluster was asked for the first time.
 */
export function whoCan(
  world: World,
  cluster: ClusterWorld,
  question: Question,
  { namespaces = 'asked', pathsPerRow = 100 }: WhoCanOptions = {},
): WhoCanAnswer {
  const index = indexOf(cluster);
  const request = compileRequest(attributesOf(question, nobody));
  const asked: AskedIn =
    question.kind === 'nonResource'
      ? { namespace: '' }
      : namespaces === 'any'
        ? 'any'
        : { namespace: question.namespace };
  const { subjects } = index.holders;
  const found = findPaths(index, request, asked);
  const rows: WhoCanRow[] = [];
  for (const [place, paths] of found.entries()) {
    const subject = subjects[place];
    if (paths === undefined || subject === undefined) continue;
    const ways = inOrder(paths);
    rows.push({
      ...{ subject, key: subjectKey(subject) },
      paths: ways.slice(0, pathsPerRow).map(toPath),
      pathsLeftOut: Math.max(0, ways.length - pathsPerRow),
      ...marks(subject, cluster.cluster, index),
      ...(namespaces === 'any' && { where: whereabouts(paths) }),
    });
  }
  return {
    cluster: { arn: cluster.cluster.arn, name: cluster.cluster.name },
    ...{ question, namespaces, rows },
    unclear: unclearGrants(index, request, asked, found),
    incomplete: gapsOf(world.snapshot, cluster.cluster),
  };
}

/** One answer per cluster of the snapshot, in its order. */
export function whoCanEverywhere(
  world: World,
  question: Question,
  options: WhoCanOptions = {},
): readonly WhoCanAnswer[] {
  return world.clusters.map((cluster) => whoCan(world, cluster, question, options));
}

/** Whoever asks does not matter to which rules allow. */
const nobody: UserInfo = { username: '', uid: '', groups: [], extra: {} };

interface Index {
  readonly holders: Holders;
  readonly bindings: BindingGrants;
  readonly policies: PolicyGrants;
  /** Keys of the service accounts there are; undefined: not known. */
  readonly serviceAccounts: ReadonlySet<string> | undefined;
}

/** Made when a cluster is first asked about. */
const indexes = new WeakMap<ClusterWorld, Index>();

function indexOf(cluster: ClusterWorld): Index {
  let index = indexes.get(cluster);
  if (index === undefined) {
    const holders = createHolders(cluster);
    index = {
      holders,
      bindings: createBindingGrants(cluster),
      policies: createPolicyGrants(cluster, holders.byEntry.keys()),
      serviceAccounts: cluster.serviceAccounts,
    };
    indexes.set(cluster, index);
  }
  return index;
}

/** A way, with what is needed to put it in its place. */
interface FoundPath {
  readonly held: Held;
  readonly grant: PathGrant;
  /** Of an access policy: the place of its association. */
  readonly position: number;
}

/** By the place of the subject; a place without a way is empty. */
function findPaths(
  { holders, bindings, policies }: Index,
  request: CompiledRequest,
  asked: AskedIn,
): readonly (FoundPath[] | undefined)[] {
  const found: (FoundPath[] | undefined)[] = new Array(holders.subjects.length).fill(undefined);
  const add = (all: readonly Held[] | undefined, grant: PathGrant, position: number): void => {
    if (all === undefined) return;
    for (const held of all) {
      const { place } = held.holder;
      const paths = found[place];
      if (paths === undefined) found[place] = [{ held, grant, position }];
      else paths.push({ held, grant, position });
    }
  };
  add(holders.byGroup.get('system:masters'), masters, 0);
  for (const { entry, grant, position } of policies.find(request, asked)) {
    add(holders.byEntry.get(entry), grant, position);
  }
  for (const grant of bindings.find(request, asked)) {
    const { is, name } = grant.through;
    add((is === 'user' ? holders.byUser : holders.byGroup).get(name), grant, 0);
  }
  return found;
}

const masters: PathGrant = { by: 'systemMasters' };

/** What several sessions of a role are given by the same grant is one way: that of the first, which is any session's if it can. */
function inOrder(paths: readonly FoundPath[]): readonly FoundPath[] {
  if (paths.length < 2) return paths;
  const told = new Set<PathGrant>();
  return paths.toSorted(asDecided).filter(({ grant }) => !told.has(grant) && told.add(grant));
}

/** The order in which the decider comes across them, so that the first is the one it names. */
function asDecided(one: FoundPath, other: FoundPath): number {
  return (
    one.held.holder.turn - other.held.holder.turn ||
    rank(one.grant) - rank(other.grant) ||
    one.held.position - other.held.position ||
    one.position - other.position ||
    byText(bindingName(one.grant), bindingName(other.grant))
  );
}

function rank(grant: PathGrant): number {
  switch (grant.by) {
    case 'systemMasters':
      return 0;
    case 'accessPolicy':
      return 1;
    case 'rbac':
      return grant.binding.kind === 'ClusterRoleBinding' ? 2 : 3;
    default:
      return grant satisfies never;
  }
}

function bindingName(grant: PathGrant): string {
  return grant.by === 'rbac' ? `${grant.binding.name} ${grant.binding.namespace}` : '';
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function toPath({ held, grant }: FoundPath): AccessPath {
  return { identity: held.holder.identity, grant };
}

function marks(
  subject: ClusterSubject,
  { identityProviders }: SnapshotCluster,
  { serviceAccounts }: Index,
): Pick<WhoCanRow, 'issuedBy' | 'missing'> {
  if (subject.kind === 'iam') return {};
  const issuedBy = issuersOf(identityProviders, subject);
  const isMissing =
    subject.kind === 'ServiceAccount' &&
    serviceAccounts?.has(`${subject.namespace}/${subject.name}`) === false;
  return { ...(issuedBy.length > 0 && { issuedBy }), ...(isMissing && { missing: true }) };
}

function whereabouts(paths: readonly FoundPath[]): Whereabouts {
  let everywhere = false;
  const namespaces = new Set<string>();
  for (const { grant } of paths) {
    if (grant.by === 'accessPolicy' && grant.accessScope.type === 'namespace') {
      for (const namespace of grant.accessScope.namespaces) if (namespace !== '') namespaces.add(namespace);
    } else if (grant.by === 'rbac' && grant.binding.kind === 'RoleBinding') {
      namespaces.add(grant.binding.namespace);
    } else everywhere = true;
  }
  return { everywhere, namespaces: [...namespaces].sort(byText) };
}

function unclearGrants(
  { holders, policies }: Index,
  request: CompiledRequest,
  asked: AskedIn,
  found: readonly (FoundPath[] | undefined)[],
): readonly UnclearGrant[] {
  const unclear = new Map<string, UnclearGrant>();
  for (const { entry, association, policy } of policies.unclear(request, asked)) {
    const all = holders.byEntry.get(entry) ?? [];
    if (all.every(({ holder }) => found[holder.place] !== undefined)) continue;
    const { principalArn } = entry;
    const { policyArn } = association;
    const reason = policy === undefined ? 'notKnown' : 'notPublished';
    unclear.set(`${principalArn} ${policyArn}`, { principalArn, policyArn, reason });
  }
  return [...unclear.values()];
}
