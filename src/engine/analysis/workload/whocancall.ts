import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { Misasked } from '../ask/misasked.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { Certainty } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { nearest } from '../policylint/patterns.ts';
import type { ReachCondition } from '../reach/step.ts';
import { createTrusts, type Trusts } from '../reach/trusts.ts';
import type { WorkloadRole } from '../reach/workload.ts';
import { namedRole } from '../reach/workloadasking.ts';
import { createWorkloadRoles, type WorkloadRoles } from '../reach/workloadroles.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { type Chain, chainsTo } from './chains.ts';
import { actionNotes, workloadGaps } from './notes.ts';
import type { Call } from './walk.ts';
import { blockedRoles, inOrder, type WorkloadRow, workloadRow } from './workloadrow.ts';

export interface WhoCanCallAnswer {
  /** By cluster, namespace and name. */
  readonly rows: readonly WorkloadRow[];
  /** What the answer leaves out. */
  readonly notes: readonly string[];
  readonly incomplete: readonly Gap[];
}

/**
 * The service accounts whose pods may call an AWS operation, of all clusters of the world: with the credentials they are
 * given, and with those that they can have for a token they ask for. The same deciders answer as for one pod (`explainPod`).
 */
export function whoCanCall(world: World, call: Call): WhoCanCallAnswer {
  const roles = createWorkloadRoles(world);
  const { iam } = roles;
  const isBlocked = blockedRoles(world);
  const trusts = createTrusts(world, iam);
  const able = [...rolesThatMay(world, { iam, trusts }, call)].filter((role) => !isBlocked(role));
  const given = able.flatMap(({ arn }) =>
    rowsOf(roles, arn, ({ role: subject, session }) => iam.ask({ subject, session, ...call })),
  );
  const areKnown = world.clusters.every(({ associations }) => associations.areAll);
  const rows = areKnown ? given : [...given, ...asTargets(world, { roles, trusts, able, call })];
  const clusters = world.snapshot.clusters;
  return {
    rows: inOrder(world, rows),
    notes: actionNotes(call.action),
    incomplete: allGaps(world, clusters),
  };
}

/** An association that nobody read may have a target: of the roles that Pod Identity gives, those that may assume one. */
function asTargets(
  world: World,
  {
    roles,
    trusts,
    able,
    call,
  }: {
    readonly roles: WorkloadRoles;
    readonly trusts: Trusts;
    readonly able: readonly IamSubject[];
    readonly call: Call;
  },
): readonly WorkloadRow[] {
  const { iam } = roles;
  return able.flatMap((target) => {
    const assumed = [target.arn];
    const assume = { action: 'sts:AssumeRole', resource: target.arn };
    const isTarget = {
      kind: 'assumption',
      message: `an association gives it the role, with \`${target.arn}\` as its target`,
    } as const;
    return [...rolesThatMay(world, { iam, trusts }, assume)].flatMap(({ arn }) =>
      rowsOf(roles, arn, ({ mechanism, association, session }) =>
        mechanism === 'podIdentity' &&
        association === undefined &&
        arn !== target.arn &&
        iam.ask({ subject: target, session: { tags: session.tags }, ...call }).certainty !== 'never'
          ? { certainty: 'sometimes', conditions: [isTarget], assumed }
          : { certainty: 'never', conditions: [] },
      ),
    );
  });
}

function allGaps(world: World, clusters: World['snapshot']['clusters']): readonly Gap[] {
  return workloadGaps(
    world.snapshot,
    clusters,
    world.snapshot.gaps.flatMap(({ accountId }) => accountId ?? []),
  );
}

/**
 * The service accounts whose pods can have a session of a role: given it, or assuming it from one that they are given. Throws
 * Misasked for what is no role, and for one that is not there.
 */
export function whoCanBecomeRole(world: World, roleArn: string): WhoCanCallAnswer {
  requireRole(world, roleArn);
  const roles = createWorkloadRoles(world);
  const { iam } = roles;
  const isBlocked = blockedRoles(world);
  const trusts = createTrusts(world, iam);
  const incomplete = allGaps(world, world.snapshot.clusters);
  const { subject: wanted } = namedRole(world, roleArn);
  if (isBlocked(wanted)) return { rows: [], notes: [blockedNote(roleArn)], incomplete };
  const rows = [...rowsOf(roles, roleArn, () => undefined)];
  const given = new Set(rows.map(keyOf));
  const chains = chainsTo(wanted, {
    iam,
    mayAssume: (resource) =>
      [...rolesThatMay(world, { iam, trusts }, { action: 'sts:AssumeRole', resource })].filter(
        (role) => !isBlocked(role),
      ),
  });
  for (const { arn } of chains.roles) {
    const chained = rowsOf(
      roles,
      arn,
      ({ role, session }) => chains.path(role, session) ?? { certainty: 'never', conditions: [] },
    );
    for (const row of chained) {
      // Whoever has it anyway need not take a longer way.
      if (given.has(keyOf(row))) continue;
      given.add(keyOf(row));
      rows.push(row);
    }
  }
  return { rows: inOrder(world, rows), notes: [], incomplete };
}

function blockedNote(roleArn: string): string {
  return `role \`${roleArn}\` is blocked: nobody has a session of it while the block lasts`;
}

function requireRole({ principals }: World, roleArn: string): void {
  const named = parsePrincipalArn(roleArn);
  if (named?.kind !== 'role') {
    throw new Misasked(
      `\`${roleArn}\` is no ARN of a role`,
      'write the whole of it, as arn:aws:iam::111122223333:role/NAME',
    );
  }
  const known = principals.named(roleArn)?.record.arn;
  if (known === roleArn || !principals.isRead(named.accountId)) return;
  const arns = principals.all.flatMap(({ kind, record }) => (kind === 'role' ? [record.arn] : []));
  const near = known ?? nearest(roleArn, arns);
  throw new Misasked(
    `there is no role \`${roleArn}\``,
    near === undefined
      ? `list the roles of account \`${named.accountId}\` with: aws iam list-roles`
      : `did you mean \`${near}\`?`,
  );
}

function keyOf({ cluster, namespace, name }: WorkloadRow): string {
  return `${cluster} ${namespace}/${name}`;
}

/** What is said of one way: whether the pods get what is asked, and after assuming which roles. */
interface Said {
  readonly certainty: Certainty;
  readonly conditions: readonly ReachCondition[];
  readonly assumed?: Chain['assumed'];
}

/** One row for each way to the role by which the pods get what is asked. */
function rowsOf(
  roles: WorkloadRoles,
  roleArn: string,
  /** Undefined: nothing more is asked. */
  ask: (way: WorkloadRole) => Said | undefined,
): readonly WorkloadRow[] {
  const { ways, patterns } = roles.accountsOf(roleArn);
  const answers = new Map<string, ReturnType<typeof ask>>();
  /** Most sessions differ in nothing that a policy speaks of, and then have one answer; asking each is the fallback. */
  const judged = (way: WorkloadRole) => {
    const key = JSON.stringify([way.mechanism, way.association === undefined, way.session]);
    if (!answers.has(key)) answers.set(key, ask(way));
    const answer = answers.get(key);
    if (way.certainty === 'never' || answer?.certainty === 'never') return undefined;
    const isCertain = way.certainty === 'always' && (answer?.certainty ?? 'always') === 'always';
    return {
      certainty: isCertain ? ('always' as const) : ('sometimes' as const),
      conditions: (): readonly ReachCondition[] => [...way.conditions, ...(answer?.conditions ?? [])],
      assumed: answer?.assumed ?? [],
    };
  };
  const found = ways.flatMap((way) => {
    const by = judged(way);
    return by === undefined ? [] : [workloadRow(way, way.account, by)];
  });
  const open = patterns.flatMap(({ namespace, name, example }) => {
    const by = judged(example);
    const names = { namespace, name, isPattern: true } as const;
    return by === undefined ? [] : [workloadRow(example, names, by)];
  });
  return [...found, ...open];
}

/** Roles that may make the call in some session: an index of those worth asking for each service account. */
function* rolesThatMay(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
  call: Call,
): Iterable<IamSubject> {
  const subjects = new Map<string, IamSubject>();
  for (const known of iam.allowers.of(call.action, call.resource)) {
    if (known.kind === 'role') subjects.set(known.record.arn, subjectOf(known));
  }
  // A trust policy that names a role spares it policies of its own (iam-facts E11).
  const wanted = world.principals.named(call.resource);
  if (wanted?.kind === 'role') for (const one of trusts.of(wanted).named) subjects.set(one.arn, one);
  for (const one of unreadRoles(world)) subjects.set(one.arn, one);
  for (const subject of subjects.values()) {
    if (subject.type === 'role' && iam.ask({ subject, ...call }).certainty !== 'never') yield subject;
  }
}

/** Roles that clusters name, of accounts that were not read: they may have every policy. */
function unreadRoles({ principals, snapshot }: World): readonly IamSubject[] {
  const arns = snapshot.clusters.flatMap(({ serviceAccounts = [], podIdentityAssociations = [] }) => [
    ...serviceAccounts.flatMap(({ roleArn }) => roleArn ?? []),
    ...podIdentityAssociations.map(({ roleArn, targetRoleArn }) => targetRoleArn ?? roleArn),
  ]);
  return [...new Set(arns)].flatMap((arn): readonly IamSubject[] => {
    const accountId = arn.split(':')[4] ?? '';
    if (principals.named(arn)?.record.arn === arn || principals.isRead(accountId)) return [];
    return [{ kind: 'iam', type: 'role', arn, accountId, principalId: '', standing: 'unlisted' }];
  });
}
