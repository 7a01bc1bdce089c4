import { uniqueIdKind } from '../../arn/uniqueid.ts';
import type { PolicyDocument } from '../../iam/document.ts';
import { parsePolicy } from '../../iam/parse.ts';
import type { ReachCondition } from '../reach/step.ts';
import type { KnownRole } from '../reach/trusts.ts';
import type { AccountName, WorkloadRole } from '../reach/workload.ts';
import type { WorkloadRoles } from '../reach/workloadroles.ts';
import type { SnapshotRole, SnapshotServiceAccount } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { World } from '../world/world.ts';
import { textsOf } from './accounttexts.ts';
import { afterStep, changedWorld, clusterAfter } from './after.ts';
import { irsaGaps } from './gaps.ts';
import { notesOf, type OtherRole } from './notes.ts';
import type { AccountCode, AccountOutcome, IrsaPlan, PlannedAssociation, PlannedRole } from './plan.ts';
import { mostTrustCharacters } from './plan.ts';
import { podIdentityStatements, readTrust, trustLength, trustText, withoutTokens } from './trustdocument.ts';
import { createWays, type Ways } from './ways.ts';

/** A service account that an association can serve, as far as the snapshot tells. */
interface Mover extends AccountName {
  readonly role: KnownRole;
  readonly provider: string;
  readonly isThere: boolean;
}

interface Refusal {
  readonly code: AccountCode;
  readonly detail: string;
}

/**
 * What takes the place of the annotations of a cluster: associations that give the same roles to the same service accounts,
 * and to nobody else. Whether that came true is not said here but by `proveIrsaMigration`.
 */
export function planIrsaMigration(world: World, cluster: ClusterWorld): IrsaPlan {
  const ways = createWays(world);
  const found = (cluster.cluster.serviceAccounts ?? []).flatMap((account) =>
    account.roleArn === undefined
      ? []
      : [{ account, roleArn: account.roleArn, ...judged(world, cluster, account, ways) }],
  );
  const movers = found.flatMap((one) => ('mover' in one ? [one.mover] : []));
  const refused = new Map<string, Refusal>();
  let made = carriedBy(world, cluster, movers);
  for (;;) {
    const again = refusedBy(world, cluster, movers, made);
    if (again.size === 0) break;
    for (const [key, refusal] of again) refused.set(key, refusal);
    made = carriedBy(
      world,
      cluster,
      movers.filter((mover) => !refused.has(keyOf(mover))),
    );
  }
  const { arn: clusterArn, name: clusterName, accountId, region } = cluster.cluster;
  const accounts = [
    ...found.map(({ account, roleArn, ...one }): AccountOutcome => {
      const base = { namespace: account.namespace, name: account.name, roleArn };
      if (!('mover' in one)) return outcome(base, one.refusal, one.is, clusterArn);
      const refusal = refused.get(keyOf(account));
      if (refusal !== undefined) return outcome(base, refusal, 'stays', clusterArn);
      return { ...base, outcome: one.mover.isThere ? 'already' : 'moves' };
    }),
    ...unannotated(cluster, made.roles, ways.roles),
  ];
  const plan = {
    ...{ clusterArn, clusterName, accountId, region, partition: world.snapshot.partition },
    ...{ ...made, accounts, incomplete: irsaGaps(world, cluster) },
  };
  return { ...plan, notes: notesOf(plan, cluster.cluster, otherRoles(world, cluster, made, ways.roles)) };
}

type Judged = { readonly mover: Mover } | { readonly is: 'nothing' | 'stays'; readonly refusal: Refusal };

/** What the annotation gives today, and whether an association of this cluster can give it. */
function judged(
  world: World,
  cluster: ClusterWorld,
  { namespace, name, roleArn = '' }: SnapshotServiceAccount,
  ways: Ways,
): Judged {
  const account = { namespace, name };
  const association = cluster.associations.of(namespace, name);
  const given = association?.targetRoleArn ?? association?.roleArn;
  if (given !== undefined && given !== roleArn) {
    return { is: 'nothing', refusal: { code: 'otherAssociation', detail: given } };
  }
  const way = ways.byToken(cluster, account, roleArn);
  if (way === undefined || way.certainty === 'never') {
    const detail = way?.refusal?.message ?? `nobody is known by \`${roleArn}\``;
    return { is: 'nothing', refusal: { code: 'notTrusted', detail } };
  }
  const stays = (code: AccountCode, detail = ''): Judged => ({ is: 'stays', refusal: { code, detail } });
  if (way.role.accountId !== cluster.cluster.accountId) return stays('otherAccount');
  const role = world.principals.named(way.role.arn);
  if (role?.kind !== 'role' || role.record.arn !== way.role.arn) return stays('roleNotRead');
  if (way.certainty === 'sometimes') {
    const own = way.conditions.filter(({ kind }) => kind !== 'assumption');
    return own.length > 0
      ? stays('ownConditions', [...new Set(own.map(conditionText))].join(', '))
      : stays('issuerUnknown', way.conditions.map(conditionText).join(', '));
  }
  const provider = way.token?.provider;
  if (provider === undefined) return stays('issuerUnknown', 'its provider is not known');
  const onFargate = (cluster.cluster.pods ?? []).find(
    (pod) =>
      pod.namespace === namespace && pod.serviceAccount === name && pod.nodeName.startsWith('fargate-'),
  );
  if (onFargate !== undefined) return stays('fargate', `${namespace}/${onFargate.name}`);
  const former = formerPrincipal(role.record, world);
  if (former !== undefined) return stays('formerPrincipal', former);
  return { mover: { ...account, role, provider, isThere: association !== undefined } };
}

function conditionText(condition: ReachCondition): string {
  switch (condition.kind) {
    case 'condition':
      return `\`${condition.operator}\` on \`${condition.key}\``;
    case 'variable':
      return condition.keys.map((key) => `\`${key}\``).join(', ');
    case 'assumption':
      return condition.message;
    case 'policyNotRead':
      return `policy \`${condition.name}\`, which was not read`;
    case 'principalNotRead':
    case 'roleNotRead':
      return `\`${condition.arn}\`, which was not read`;
    case 'session':
      return `sessions called \`${condition.sessionName}\``;
    default:
      return condition satisfies never;
  }
}

/**
 * Whom a trust policy names and who is somebody else by now, or nobody: IAM ties a policy to unique ids, and doing so again
 * when it is written again (iam-facts A11) would trust whoever has the name.
 */
function formerPrincipal(role: SnapshotRole, { principals }: World): string | undefined {
  const pinned = role.trustedPrincipalIds ?? {};
  for (const { principal } of trustOf(role)?.statements ?? []) {
    for (const { type, value } of principal?.entries ?? []) {
      if (type !== 'AWS') continue;
      if (uniqueIdKind(value) !== undefined) return value;
      const id = Object.hasOwn(pinned, value) ? pinned[value] : undefined;
      const now = principals.named(value);
      if (now === undefined || now.record.arn !== value) {
        const account = value.split(':')[4] ?? '';
        if (/:(?:user|role)\//.test(value) && principals.isRead(account)) return value;
      } else if (id !== undefined && now.record.principalId !== id) return value;
    }
  }
  return undefined;
}

function trustOf({ trustPolicy }: SnapshotRole): PolicyDocument | undefined {
  const parsed = parsePolicy(trustPolicy, 'trust');
  return parsed.ok ? parsed.document : undefined;
}

type Made = Pick<IrsaPlan, 'associations' | 'roles'>;

/** Associations and trust policies for the movers: a role that Pod Identity has already for one of them needs nothing for it. */
function carriedBy(world: World, cluster: ClusterWorld, movers: readonly Mover[]): Made {
  const associations = movers.map(
    ({ namespace, name, role, isThere }): PlannedAssociation => ({
      ...{ namespace, serviceAccount: name, roleArn: role.record.arn, isThere },
    }),
  );
  const associated = changedWorld(world.snapshot, world.now, {
    trusts: new Map(),
    cluster: (one) => (one.arn === cluster.cluster.arn ? clusterAfter(one, associations, 'prepared') : one),
  });
  const served = servedIn(associated, cluster);
  const byRole = new Map<string, Mover[]>();
  for (const mover of movers) {
    const { arn } = mover.role.record;
    const known = byRole.get(arn);
    if (known === undefined) byRole.set(arn, [mover]);
    else known.push(mover);
  }
  const roles = [...byRole.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : plannedRole(first.role.record, own, cluster.cluster.arn, served);
  });
  return { associations, roles };
}

function plannedRole(
  { arn, name, trustPolicy }: SnapshotRole,
  movers: readonly Mover[],
  clusterArn: string,
  served: Served,
): readonly PlannedRole[] {
  const document = readTrust(trustPolicy);
  if (document === undefined) return [];
  // As it is written: who looks whether it still is so compares texts.
  const before = JSON.stringify(JSON.parse(trustPolicy));
  const unserved = movers.filter((mover) => served(mover)?.certainty !== 'always');
  const Statement = [...document.Statement, ...podIdentityStatements(clusterArn, unserved)];
  const prepared = unserved.length === 0 ? before : trustText({ ...document, Statement });
  const moved = new Set(movers.map((mover) => `system:serviceaccount:${mover.namespace}:${mover.name}`));
  let statements: readonly (typeof Statement)[number][] = Statement;
  const kept: string[] = [];
  for (const provider of new Set(movers.map((mover) => mover.provider))) {
    const without = withoutTokens(statements, provider, moved);
    statements = without.statements;
    kept.push(...without.kept);
  }
  return [
    {
      ...{ roleArn: arn, roleName: name, before, prepared },
      finished:
        JSON.stringify(statements) === JSON.stringify(Statement)
          ? prepared
          : trustText({ ...document, Statement: statements }),
      kept: [...new Set(kept)],
    },
  ];
}

type Served = (mover: Mover) => WorkloadRole | undefined;

function servedIn(world: World, { cluster: { arn } }: ClusterWorld): Served {
  const ways = createWays(world);
  const cluster = world.clusters.find((one) => one.cluster.arn === arn);
  return ({ namespace, name }) => cluster && ways.byAssociation(cluster, { namespace, name });
}

/** Movers that would have nothing all the same, or whose role cannot be written: they stay. */
function refusedBy(
  world: World,
  cluster: ClusterWorld,
  movers: readonly Mover[],
  made: Made,
): ReadonlyMap<string, Refusal> {
  const refused = new Map<string, Refusal>();
  const prepared = afterStep(world, { clusterArn: cluster.cluster.arn, ...made }, 'prepared');
  const served = servedIn(prepared, cluster);
  const roles = new Map(made.roles.map((role) => [role.roleArn, role]));
  const moving = new Set(made.associations.map((one) => `${one.namespace}/${one.serviceAccount}`));
  for (const mover of movers) {
    if (!moving.has(keyOf(mover))) continue;
    const role = roles.get(mover.role.record.arn);
    const length = trustLength(role?.prepared ?? '');
    if (role !== undefined && role.prepared !== role.before && length > mostTrustCharacters) {
      refused.set(keyOf(mover), {
        code: 'trustTooLong',
        detail: `${length} characters of ${mostTrustCharacters}`,
      });
      continue;
    }
    const way = served(mover);
    if (way?.certainty === 'always') continue;
    refused.set(keyOf(mover), {
      code: 'refusedStill',
      detail: way?.refusal?.message ?? way?.conditions.map(conditionText).join(', ') ?? 'it has no way to it',
    });
  }
  return refused;
}

/** Others who have one of the roles by their tokens: they go on with that. */
function unannotated(
  cluster: ClusterWorld,
  planned: readonly PlannedRole[],
  roles: WorkloadRoles,
): readonly AccountOutcome[] {
  const clusterArn = cluster.cluster.arn;
  return planned.flatMap(({ roleArn }) =>
    roles.accountsOf(roleArn).ways.flatMap((way): readonly AccountOutcome[] => {
      const { mechanism, token, certainty, account } = way;
      if (mechanism !== 'irsa' || token?.isAnnotated === true || certainty === 'never') return [];
      if (way.cluster.cluster.arn !== clusterArn) return [];
      const base = { namespace: account.namespace, name: account.name, roleArn };
      return [outcome(base, { code: 'notAnnotated', detail: '' }, 'stays', clusterArn)];
    }),
  );
}

/** Roles that those who move have by their tokens, which nobody annotated and whose trust policies name them. */
function otherRoles(
  { principals }: World,
  cluster: ClusterWorld,
  { associations }: Made,
  roles: WorkloadRoles,
): readonly OtherRole[] {
  return associations.flatMap(({ namespace, serviceAccount: name, roleArn }) =>
    roles
      .rolesOf(cluster, { namespace, name })
      .filter(
        ({ mechanism, certainty, role }) =>
          mechanism === 'irsa' &&
          certainty !== 'never' &&
          role.arn !== roleArn &&
          isNamedBy(principals.named(role.arn), `:${namespace}:${name}"`),
      )
      .map(({ role }) => ({ account: `${namespace}/${name}`, roleArn: role.arn })),
  );
}

function isNamedBy(role: KnownPrincipal | undefined, text: string): boolean {
  return role?.kind === 'role' && role.record.trustPolicy.includes(text);
}

function outcome(
  base: Pick<AccountOutcome, 'namespace' | 'name' | 'roleArn'>,
  { code, detail }: Refusal,
  is: 'nothing' | 'stays',
  clusterArn: string,
): AccountOutcome {
  return { ...base, outcome: is, code, ...textsOf(code, { roleArn: base.roleArn, clusterArn, detail }) };
}

function keyOf({ namespace, name }: AccountName): string {
  return `${namespace}/${name}`;
}
