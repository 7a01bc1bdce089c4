import { onlyCluster } from '../../../engine/analysis/ask/onlycluster.ts';
import { planIrsaMigration } from '../../../engine/analysis/migrateirsa/create.ts';
import { type IrsaProof, proveIrsaMigration } from '../../../engine/analysis/migrateirsa/proof.ts';
import { enumerate } from '../../../engine/analysis/policylint/policy.ts';
import type { World } from '../../../engine/analysis/world/world.ts';
import { openWorld } from '../../analysis/source.ts';
import { CommandError, exitCodes } from '../../failure.ts';
import type { CallerOptions } from '../../ours.ts';
import { printable } from '../../render/printable.ts';
import { refusal, refuseTooMany } from '../refusal.ts';
import { sameOptions } from '../sameoptions.ts';
import { writeState } from '../statefile.ts';
import { finish, leadBack, prepare } from './carryout.ts';
import type { IrsaOptions } from './irsa.ts';
import { irsaProofText } from './prooftext.ts';
import { openIrsaTarget } from './servertarget.ts';
import { type CarriedIrsaPlan, newIrsaState, readIrsaState } from './state.ts';
import type { AccountOfPods } from './target.ts';

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Carries a migration out on the running server, or goes on with one that was interrupted. */
export async function applyIrsa(options: IrsaOptions): Promise<void> {
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const { name } = cluster.cluster;
  const path = options.rollbackFile ?? `pod-identity-${name}.json`;
  const begun = readIrsaState(path);
  if (begun !== undefined && begun.clusterArn !== cluster.cluster.arn) {
    throw new CommandError(
      'misuse',
      `\`${path}\` is of cluster \`${begun.clusterArn}\``,
      'name another file with --rollback-file',
    );
  }
  const fresh = planIrsaMigration(world, cluster);
  if (begun === undefined) refuseTooMany(fresh);
  const plan: CarriedIrsaPlan = begun?.plan ?? fresh;
  if (plan.associations.length === 0) {
    say('no service account is annotated with a role that an association could give: nothing is made');
    return;
  }
  if (begun !== undefined) {
    say(`going on with the plan in ${path}`);
    const known = new Set(plan.associations.map(nameOf));
    const later = fresh.associations.map(nameOf).filter((name) => !known.has(name));
    if (later.length > 0)
      say(`annotated later and not in it: ${enumerate(later)}; with another --rollback-file they move, too`);
  }
  // SECURITY: also of a plan in a file. What it says may be long over, or written by somebody else.
  if (!isAccepted(proveIrsaMigration(world, cluster, plan), options)) return;
  const target = await openIrsaTarget(options, plan);
  try {
    const state = begun ?? newIrsaState(plan, Date.now(), path);
    if (begun === undefined) {
      writeState(path, state);
      say(`what leads back is in ${path}`);
    }
    await prepare(state, target, say);
    if (options.finish === true) {
      // Looked at now, not before: a Pod may have been made until its association was.
      seeRestarted(await openWorld(options), plan, options);
      await finish(state, target, say);
      say('these service accounts have their roles by Pod Identity alone');
      return;
    }
    const { role, user } = options;
    say('Pods keep what they have until they are started again: kubectl rollout restart');
    say(
      `  when they have been:  entryway migrate irsa --cluster ${name} --apply --finish${sameOptions(options)}`,
    );
    say(`  to go back:           ${state.undo}${sameOptions({ role, user })}`);
  } finally {
    target.close();
  }
}

function nameOf({ namespace, serviceAccount }: AccountOfPods): string {
  return `${namespace}/${serviceAccount}`;
}

/** Says what was accepted, too: nobody's access changes unseen. */
function isAccepted(proof: IrsaProof, { acceptDifferences }: IrsaOptions): boolean {
  if (proof.isSafe) return true;
  const text = irsaProofText(proof);
  if (acceptDifferences === true) {
    process.stderr.write(text);
    return true;
  }
  process.stderr.write(refusal(text));
  process.exitCode = exitCodes.denied;
  return false;
}

/** Pods that still ask by their tokens would have nothing once the statements are gone. */
function seeRestarted(
  world: World,
  { associations }: CarriedIrsaPlan,
  { acceptDifferences }: IrsaOptions,
): void {
  if (acceptDifferences === true) return;
  const hint =
    'see that all were started again, and that none sets AWS_ROLE_ARN by itself, or go on with --accept-differences';
  const { arn, name, pods } = onlyCluster(world).cluster;
  const gap = world.snapshot.gaps.find(
    ({ area, clusterArn }) => area === 'pods' && (clusterArn === undefined || clusterArn === arn),
  );
  if (pods === undefined || gap !== undefined)
    throw new CommandError('denied', `which pods of cluster \`${name}\` run was not all read`, hint);
  const moved = new Set(associations.map(nameOf));
  const stale = pods.filter(
    (pod) =>
      pod.hasEnded !== true &&
      // With both, SDKs try the token first.
      (!pod.injectedPodIdentity || pod.injectedRoleArn !== undefined) &&
      moved.has(nameOf(pod)),
  );
  if (stale.length === 0) return;
  const names = enumerate(stale.map((pod) => `${pod.namespace}/${pod.name}`));
  throw new CommandError(
    'denied',
    `pods that were not started again still ask by their tokens: ${names}`,
    hint,
  );
}

/** Undoes a migration on the running server by the file that it wrote before its first change. */
export async function rollBackIrsa(options: CallerOptions, path: string): Promise<void> {
  const state = readIrsaState(path);
  if (state === undefined) {
    throw new CommandError('misuse', `there is no file \`${path}\``, 'name the one that --apply wrote');
  }
  const target = await openIrsaTarget(options, state.plan);
  try {
    const left = await leadBack(state, target, say);
    for (const line of left) process.stderr.write(`entryway: ${printable(line)}\n`);
    if (left.length > 0) process.exitCode = exitCodes.denied;
    else say('annotations give the roles again: start the Pods again, so that they ask by their tokens');
  } finally {
    target.close();
  }
}
