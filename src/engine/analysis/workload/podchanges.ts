import { podIdentityAudience } from '../../podcredentials/names.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import { hostOf } from '../reach/issuers.ts';
import { createTrusts, type KnownRole } from '../reach/trusts.ts';
import type { Attempt } from './attempt.ts';
import {
  annotate,
  associate,
  decisionRepairs,
  makeAccount,
  makePodAgain,
  type Repair,
  wayRepairs,
} from './repairs.ts';
import { type Call, type Walk, walkOf } from './walk.ts';
import { hostOfIssuer } from './waysteps.ts';

/** Commands that were tried on a copy of the snapshot: after them the pod may. */
export interface WorkloadChange {
  readonly summary: string;
  /** To be pasted into a shell, in this order. */
  readonly commands: readonly string[];
  /** False: allowed where the rest of the request is right, which the snapshot does not tell. */
  readonly certain: boolean;
}

/** Walks taken in all: each compiles policies anew. */
const mostWalks = 30;
/** Commands after one another. */
const mostRepairs = 7;
/** Roles tried of each kind, where none is given. */
const rolesTried = 2;

/** What would let the workload make the call, fewest commands first; empty where nothing we know helps. */
export function smallestPodChanges(at: Attempt, call: Call, walk: Walk): readonly WorkloadChange[] {
  const found: WorkloadChange[] = [];
  let walks = 0;
  const search = (now: Attempt, then: Walk, done: readonly Repair[]): void => {
    if (then.certainty !== 'never') {
      if (done.length > 0) found.push(changeOf(done, then));
      return;
    }
    if (done.length === mostRepairs) return;
    for (const repair of repairsOf(now, then, call)) {
      if (walks++ >= mostWalks) return;
      search(repair.after, walkOf(repair.after, call), [...done, repair]);
    }
  };
  search(at, walk, []);
  return found.sort(
    (one, other) =>
      Number(other.certain) - Number(one.certain) || one.commands.length - other.commands.length,
  );
}

function changeOf(repairs: readonly Repair[], { certainty }: Walk): WorkloadChange {
  return {
    summary: repairs.map(({ summary }) => summary).join(', and '),
    commands: repairs.flatMap(({ commands }) => commands),
    certain: certainty === 'always',
  };
}

function repairsOf(at: Attempt, walk: Walk, call: Call): readonly Repair[] {
  switch (walk.stopped) {
    case 'missingAccount':
      return [makeAccount(at)];
    case 'notInjected':
      return makePodAgain(at);
    case 'noAssociation':
      return [...makePodAgain(at), ...rolesFor(at, walk, call)];
    case 'noMechanism':
      return rolesFor(at, walk, call);
    case undefined: {
      // What a new pod is told may be of use where what the old one was told is not.
      const isOld = walk.steps.some(({ code }) => code === 'injectedBefore');
      const again = isOld ? makePodAgain(at) : [];
      const { way, decided } = walk;
      const own =
        decided === undefined
          ? way && wayRepairs(at, way)
          : decisionRepairs(at, decided.question, decided.step);
      return [...again, ...(own ?? [])];
    }
    default:
      return walk.stopped satisfies never;
  }
}

/** Roles that may make the call already, and could be given: those first that trust the way they would be given by. */
function rolesFor(at: Attempt, { iam }: Walk, call: Call): readonly Repair[] {
  const { world, cluster } = at;
  const trusts = createTrusts(world, iam);
  const may = (role: KnownRole): boolean => {
    return iam.ask({ subject: subjectOf(role), ...call }).certainty !== 'never';
  };
  const able: KnownRole[] = [];
  for (const role of iam.allowers.of(call.action, call.resource)) {
    if (role.kind !== 'role' || /:role\/aws-(?:reserved|service-role)\//.test(role.record.arn)) continue;
    if (may(role)) able.push(role);
    if (able.length === mostRoles) break;
  }
  const { issuer } = cluster;
  const host = issuer === undefined ? undefined : hostOfIssuer(issuer);
  const own = able.filter(({ accountId }) => accountId === cluster.accountId);
  const isServed = (role: KnownRole): boolean => trusts.of(role).services.includes(podIdentityAudience);
  const served = own.filter(isServed).slice(0, rolesTried);
  const federated = able
    .filter((role) => trusts.of(role).providers.some((provider) => hostOf(provider) === host))
    .slice(0, rolesTried);
  const others = served.length + federated.length > 0 ? [] : own.slice(0, 1);
  return [
    ...[...served, ...others].map(({ record }) => associate(at, record.arn)),
    ...federated.map(({ record }) => annotate(at, record.arn)),
  ];
}

/** Roles that are looked at; others would do as well. */
const mostRoles = 200;
