import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import { wishKey } from '../world/sessions.ts';
import { type IamSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { afterMigration } from './after.ts';
import { type Difference, differenceOf } from './difference.ts';
import type { MigrationPlan } from './plan.ts';
import { gapsAbout, isRbacKnown, viewOf } from './views.ts';

/** Whose access a plan changes: all principals of the snapshot, before and after, by the engine's own decisions. */
export interface MigrationProof {
  /** Those that are somebody else afterwards, or may do something else; of the many others `unchanged` is the number. */
  readonly principals: readonly PrincipalProof[];
  readonly unchanged: number;
  /** Why it is not known whom all aws-auth lets in; nothing is safe then. */
  readonly unread: readonly string[];
  /** Whether nobody gains, nobody loses, and nothing is open. */
  readonly isSafe: boolean;
  readonly incomplete: readonly Gap[];
}

/**
 * `renamed`: may do exactly the same, as a user of another name or in other groups. `unproven`: is somebody else, and what
 * the names are bound to was not read.
 */
export type Verdict = 'same' | 'renamed' | 'gains' | 'loses' | 'gainsAndLoses' | 'unproven';

export interface PrincipalProof {
  readonly principalArn: string;
  readonly type: IamSubject['type'];
  readonly verdict: Verdict;
  /** The sessions that differ; one where it does not depend on the session. */
  readonly sessions: readonly SessionProof[];
}

export interface SessionProof extends Difference {
  /** `SESSION` for any. */
  readonly sessionName: string;
  /** Absent: nobody. */
  readonly before?: Who;
  readonly after?: Who;
}

export interface Who {
  readonly username: string;
  /** Without `system:authenticated`, in which everybody is. */
  readonly groups: readonly string[];
  readonly mappedBy: 'breakGlass' | 'accessEntry' | 'awsAuth' | 'clusterCreator';
}

/**
 * Compares every principal of the snapshot, and all that aws-auth and entries name, before and after the plan: who it is and
 * what it may do, in each session that matters.
 */
export function proveMigration(
  world: World,
  { cluster }: Pick<ClusterWorld, 'cluster'>,
  plan: Pick<MigrationPlan, 'entries' | 'bindings'>,
): MigrationProof {
  const before = viewOf(world, cluster);
  const after = viewOf(world, afterMigration(cluster, plan, world));
  const compare = createComparison(before, after, isRbacKnown(world, cluster));
  const subjects = new Map(
    [...before.subjects(), ...after.subjects()].flatMap((subject) =>
      subject.kind === 'iam' ? [[subjectKey(subject), subject] as const] : [],
    ),
  );
  const principals: PrincipalProof[] = [];
  for (const subject of subjects.values()) {
    const wishes = new Map(
      [...before.sessionsOf(subject), ...after.sessionsOf(subject)].map((wish) => [wishKey(wish), wish]),
    );
    const proof = compare(
      { principalArn: subject.arn, type: subject.type },
      [...wishes.values()].map((wish) => ({
        sessionName: wish.sessionName,
        before: before.identityIn(subject, wish),
        after: after.identityIn(subject, wish),
      })),
    );
    if (proof.verdict !== 'same') principals.push(proof);
  }
  // SECURITY: of whom nobody read there is nothing to compare, and mode API would shut them out.
  const incomplete = gapsAbout(world, cluster);
  const unread = incomplete.flatMap(({ area, reason }) => (area === 'awsAuth' ? [reason] : []));
  return {
    principals,
    unchanged: subjects.size - principals.length,
    unread,
    isSafe:
      unread.length === 0 && principals.every(({ verdict }) => verdict === 'same' || verdict === 'renamed'),
    incomplete,
  };
}

interface Pair {
  readonly sessionName: string;
  readonly before: SubjectIdentity | undefined;
  readonly after: SubjectIdentity | undefined;
}

function createComparison(before: ClusterWorld, after: ClusterWorld, hasRbac: boolean) {
  /** Whoever has the same names that count and the same policies may do the same. */
  const known = new Map<string, Difference>();
  const differenceBetween = (pair: Pair): Difference => {
    const key = JSON.stringify([grantKey(before, pair.before), grantKey(after, pair.after)]);
    let difference = known.get(key);
    if (difference === undefined) {
      difference = differenceOf(
        { view: before, identity: pair.before },
        { view: after, identity: pair.after },
      );
      known.set(key, difference);
    }
    return difference;
  };

  return (named: Pick<PrincipalProof, 'principalArn' | 'type'>, pairs: readonly Pair[]): PrincipalProof => {
    const sessions: SessionProof[] = [];
    const verdicts = new Set<Verdict>();
    for (const pair of pairs) {
      const [was, is] = [whoOf(pair.before), whoOf(pair.after)];
      const difference = differenceBetween(pair);
      const verdict = verdictOf(was, is, difference, hasRbac);
      verdicts.add(verdict);
      if (verdict === 'same') continue;
      sessions.push({
        sessionName: pair.sessionName,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
        ...difference,
      });
    }
    return { ...named, verdict: worst(verdicts), sessions };
  };
}

/** SECURITY: to become somebody where one was nobody is a gain, whatever that somebody may do. */
function verdictOf(
  before: Who | undefined,
  after: Who | undefined,
  { gained, lost }: Difference,
  hasRbac: boolean,
): Verdict {
  const [wasNode, isNode] = [nodeNameOf(before), nodeNameOf(after)];
  const isOther = wasNode !== isNode;
  const gains =
    gained.length > 0 || (before === undefined && after !== undefined) || (isOther && isNode !== '');
  const loses =
    lost.length > 0 || (before !== undefined && after === undefined) || (isOther && wasNode !== '');
  if (gains || loses) return gains && loses ? 'gainsAndLoses' : gains ? 'gains' : 'loses';
  if (before === undefined || after === undefined || isSameUser(before, after)) return 'same';
  if (hasRbac || isAdministrator(before, after)) return 'renamed';
  return 'unproven';
}

/**
 * The node somebody is for Kubernetes' own node authorizer, which no binding tells of and a kubelet lives by: it wants the
 * name and the group (kubernetes-facts C); '' for whoever is none.
 */
export function nodeNameOf(who: Who | undefined): string {
  if (who === undefined) return '';
  const isNode = who.username.startsWith('system:node:') && who.groups.includes('system:nodes');
  return isNode ? who.username : '';
}

function isSameUser(one: Who, other: Who): boolean {
  return (
    one.username === other.username &&
    one.groups.length === other.groups.length &&
    one.groups.every((group) => other.groups.includes(group))
  );
}

/** Whoever may do everything before loses nothing by a name; that it may do so after has been compared. */
function isAdministrator(before: Who, after: Who): boolean {
  return before.groups.includes('system:masters') && after.mappedBy === 'accessEntry';
}

function worst(verdicts: ReadonlySet<Verdict>): Verdict {
  const gains = verdicts.has('gains') || verdicts.has('gainsAndLoses');
  const loses = verdicts.has('loses') || verdicts.has('gainsAndLoses');
  if (gains || loses) return gains && loses ? 'gainsAndLoses' : gains ? 'gains' : 'loses';
  return verdicts.has('unproven') ? 'unproven' : verdicts.has('renamed') ? 'renamed' : 'same';
}

function whoOf(identity: SubjectIdentity | undefined): Who | undefined {
  if (identity?.mapped === undefined) return undefined;
  const { user, mapped } = identity;
  return {
    username: user.username,
    groups: [...new Set(user.groups)].filter((group) => group !== 'system:authenticated').sort(),
    mappedBy: mapped.mappedBy.source,
  };
}

/** All that decisions about an identity depend on in one cluster. */
function grantKey(view: ClusterWorld, identity: SubjectIdentity | undefined): unknown {
  if (identity === undefined) return null;
  const { user } = identity;
  const { users, groups } = view.bound;
  const policies = view.authorizer.entryOf(user)?.associations ?? [];
  return [
    users.has(user.username) ? user.username : '',
    user.groups.filter((group) => groups.has(group) || group === 'system:masters').sort(),
    policies.map(({ policyArn, accessScope, expiresAt }) => [policyArn, accessScope, expiresAt ?? null]),
  ];
}
