import { type ClusterWorld, createClusterWorld, type SubjectDecision } from '../world/cluster.ts';
import { createPrincipals, type Principals } from '../world/principals.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { createAdditions } from './additions.ts';
import { applyEdits, type Edited } from './applyedits.ts';
import { commandOf } from './editcommands.ts';
import type { Edit } from './edits.ts';
import type { Candidate, Wanted } from './proposals/candidate.ts';
import { decisionCandidates } from './proposals/decision.ts';
import { identityCandidates } from './proposals/identity.ts';
import type { ProposedChange } from './proposedchange.ts';
import { decideIn } from './session.ts';

export interface ChangeOptions {
  /** Whether the cluster is one of an Entryway server, which knows access policies of one's own and ends. */
  readonly extensions: boolean;
  /** At most so many; five when not given, none are looked for where it is 0. */
  readonly limit?: number;
  /** Of a role: this session of it. */
  readonly sessionName?: string;
}

/** A candidate is built on at most so many ways in; each costs compiling the cluster again. */
const waysInTried = 3;
/** Doors behind one another: taken off the block list, somebody may still have no entry. */
const doorsTried = 2;

/**
 * What would let the subject do it, each tried on a copy of the cluster with the engine's own deciders; the one that adds
 * least comes first. Empty where it is allowed, or where nothing in the cluster can be changed to that end.
 */
export function smallestChanges(
  world: World,
  cluster: ClusterWorld,
  subject: ClusterSubject,
  question: Question,
  { extensions, limit = 5, sessionName }: ChangeOptions,
): readonly ProposedChange[] {
  const decide = (one: ClusterWorld): SubjectDecision => decideIn(one, subject, question, sessionName);
  const decided = decide(cluster);
  if (limit === 0 || decided.allowed || (subject.kind === 'iam' && subject.standing === 'missing')) return [];
  const additionsOf = createAdditions(cluster, subject, question);
  const start: Edited = { snapshot: world.snapshot, cluster: cluster.cluster };
  const wanted: Wanted = {
    ...{ cluster, principals: world.principals, snapshot: world.snapshot },
    ...{ now: world.now, subject, question, extensions },
  };

  const tried = (edited: Edited, edits: readonly Edit[]): Tried => {
    const after = applyEdits(edited, edits, world.now);
    const principals: Principals =
      after.snapshot.accounts === world.snapshot.accounts
        ? world.principals
        : createPrincipals(after.snapshot.accounts, after.snapshot.gaps);
    return {
      edited: after,
      principals,
      cluster: createClusterWorld(after.cluster, { snapshot: after.snapshot, now: world.now, principals }),
    };
  };
  const proposals: Proposal[] = [];
  const propose = ({ kind, summary, edits }: Candidate, after: Tried): boolean => {
    const answer = decide(after.cluster);
    if (!answer.allowed) return false;
    proposals.push({
      kind,
      summary,
      edits,
      commands: edits.map((edit) => commandOf(edit, cluster.cluster)),
      adds: additionsOf(after.cluster, answer.identity),
    });
    return true;
  };

  const first: Tried = { cluster, principals: world.principals, edited: start };
  const search = (at: Tried, done: Candidate | undefined, depth: number): void => {
    const now = decide(at.cluster);
    if (now.allowed) return;
    const then: Wanted = {
      ...wanted,
      cluster: at.cluster,
      principals: at.principals,
      snapshot: at.edited.snapshot,
    };
    if (now.identity !== undefined) {
      for (const candidate of decisionCandidates(then, now.identity)) {
        const whole = done === undefined ? candidate : joinedWith(done, candidate);
        propose(whole, tried(start, whole.edits));
      }
      return;
    }
    if (subject.kind !== 'iam' || depth === doorsTried) return;
    const waysIn = identityCandidates(then, subject, now.refusal?.code ?? '').slice(0, waysInTried);
    for (const wayIn of waysIn) {
      const whole = done === undefined ? wayIn : joinedWith(done, wayIn);
      const inside = tried(start, whole.edits);
      if (!propose(whole, inside)) search(inside, whole, depth + 1);
    }
  };
  search(first, undefined, 0);
  return inOrder(proposals).slice(0, limit);
}

/** A cluster with the accounts its policies are of. */
interface Tried {
  readonly edited: Edited;
  readonly cluster: ClusterWorld;
  readonly principals: Principals;
}

/** Both, one after the other; groups of an entry that is only being created are given to it at once. */
function joinedWith(first: Candidate, second: Candidate): Candidate {
  const edits: Edit[] = [...first.edits];
  for (const edit of second.edits) {
    const at = edits.findIndex(
      (one) =>
        one.edit === 'createEntry' && edit.edit === 'updateEntry' && one.principalArn === edit.principalArn,
    );
    const created = edits[at];
    if (created?.edit === 'createEntry' && edit.edit === 'updateEntry') {
      edits[at] = { ...created, kubernetesGroups: edit.kubernetesGroups ?? created.kubernetesGroups };
    } else edits.push(edit);
  }
  return { kind: second.kind, summary: `${first.summary}, and ${second.summary}`, edits };
}

interface Proposal extends ProposedChange {
  readonly kind: Candidate['kind'];
}

/** What gives more than this beside the request is told only where nothing gives less; the narrowest policy of AWS's always is, and what was meant to be. */
const muchMore = 50;

/** Least first; of each kind one, and each once. */
function inOrder(proposals: readonly Proposal[]): readonly ProposedChange[] {
  const sorted = [...proposals].sort((one, other) => {
    const [a, b] = [weight(one), weight(other)];
    const at = a.findIndex((value, place) => value !== b[place]);
    return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
  });
  const [least] = sorted;
  const policy = sorted.find(({ kind }) => kind === 'ownAssociation' || kind === 'stockPolicy');
  const wayIn = sorted.find(({ kind }) => kind === 'wayIn');
  const kinds = new Set<string>();
  return sorted
    .filter((one) => {
      const isMuch = weightOf(one.adds) > muchMore && one !== least && one !== policy && one !== wayIn;
      if (isMuch || one.adds.everything !== least?.adds.everything || kinds.has(one.kind)) return false;
      kinds.add(one.kind);
      return true;
    })
    .map(({ kind, ...change }) => change);
}

/** SECURITY: everything is worse than anything. */
function weight({ adds, edits }: ProposedChange): readonly number[] {
  return [Number(adds.everything), weightOf(adds), edits.length];
}

/** Somebody else who gets in counts as much as a handful of rights more for the one who asked. */
function weightOf({ pairs, otherCount }: ProposedChange['adds']): number {
  return pairs + 5 * otherCount;
}
