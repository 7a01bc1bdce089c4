import type { Severity } from '../policylint/severity.ts';
import type { PlacedThing } from '../snapshot/places.ts';
import type { Place, SnapshotAccount } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Facts } from './facts.ts';
import type { Need } from './needs.ts';

/** One remark on who has access. Ids are stable: one never changes its meaning and is never reused. */
export interface AccessFinding {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  /** Whom or what it is about: an ARN, or kind and name (`ClusterRoleBinding ops`, `RoleBinding dev/ops`). */
  readonly subject: string;
  /** What it has to do with: a role, a policy, a group, in the same form. */
  readonly object?: string;
  /** ARN; absent: of no cluster. */
  readonly clusterArn?: string;
  /** Lower-case fragment, no final period. */
  readonly message: string;
  /** A command, or a change in words. */
  readonly fix?: string;
  /** Where it was read in a file. */
  readonly place?: Place;
  /** The same for the same finding whenever and wherever it is found: of the id, the subject, what tells it from others, and the cluster. */
  readonly fingerprint: string;
}

/** What a rule says of one thing. Two of one rule differ in subject, object or cluster. */
export interface Spotted {
  readonly subject: string;
  readonly object?: string;
  readonly message: string;
  /** Made when it is told: of tens of thousands that a rule may find a thousand are. */
  readonly fix?: string | (() => string);
  /** What to show the place of; absent: nothing that stands in a file of its own. */
  readonly at?: PlacedThing;
}

/** Something that other rules of this program find: it keeps its id. */
export interface Borrowed extends Spotted {
  /** Tells it from the others of its subject, whatever comes and goes before it: not by its place. */
  readonly distinct: string;
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
}

interface RuleText {
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
  /** Why it matters: one or two sentences for the reference page. */
  readonly why: string;
  /** What to do about it, in words. */
  readonly fix: string;
}

/** A rule about one cluster. Pure; time by the size of the cluster. */
export interface ClusterRule extends RuleText {
  readonly about: 'cluster';
  readonly needs?: readonly Need[];
  check(cluster: ClusterWorld, facts: Facts): Iterable<Spotted>;
}

/** A rule about one account's IAM. Pure; time by the size of the account. */
export interface AccountRule extends RuleText {
  readonly about: 'account';
  readonly needs?: readonly Need[];
  check(account: SnapshotAccount, facts: Facts): Iterable<Spotted>;
}

/** A rule about the suppressions, which `suppressions.ts` carries out. */
export interface SuppressionRule extends RuleText {
  readonly about: 'suppressions';
}

export type AccessRule = ClusterRule | AccountRule | SuppressionRule;
