import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { explainPod } from '../../engine/analysis/workload/explainpod.ts';
import { nameOf } from '../../engine/analysis/workload/mechanism.ts';
import { parseWorkload } from '../../engine/analysis/workload/workload.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { type AskedCall, parseAsAws } from './call.ts';
import { callChangesText, renderSteps } from './walk.ts';

export interface PodOptions extends SourceOptions, OutputOptions {
  readonly asAws: readonly string[];
  readonly serviceAccount?: true;
  readonly key?: readonly string[];
}

/** `entryway explain pod`: exit code 1 where it is refused, 3 where it depends on what is not known. */
export async function explainOnePod(name: string, options: PodOptions): Promise<void> {
  const call = parseAsAws(options.asAws, options.key);
  answerPod(await openWorld(options), name, call, options);
}

/** The same of a world; sets the exit code. */
export function answerPod(
  world: World,
  name: string,
  call: AskedCall,
  options: OutputOptions & Pick<PodOptions, 'serviceAccount'>,
): void {
  const { cluster } = onlyCluster(world);
  const isAccount = options.serviceAccount === true;
  const workload = parseWorkload(name, { cluster, snapshot: world.snapshot }, { isAccount });
  const explanation = explainPod(world, cluster, workload, call);
  const { pod, namespace, serviceAccount } = workload;
  const who = { namespace, serviceAccount, ...(pod && { pod: pod.name }) };
  const { action, resource, context } = call;
  const answer = { cluster: cluster.arn, ...who, action, resource, context, ...explanation };
  printAnswer(options, answer, () => {
    const verdict = { always: 'allowed', sometimes: 'depends', never: 'refused' }[explanation.certainty];
    const asked =
      pod === undefined ? `service account \`${nameOf(workload)}\`` : `pod \`${namespace}/${pod.name}\``;
    const where = `${asked} of cluster \`${cluster.name}\``;
    return [
      renderSteps(explanation.steps),
      `${printable(`${verdict}: \`${action}\` on \`${resource}\` by ${where}`)}\n`,
      ...explanation.notes.map((note) => `note: ${printable(note)}\n`),
      callChangesText(explanation.changes),
    ].join('');
  });
  if (explanation.certainty === 'never') process.exitCode = exitCodes.denied;
  else if (explanation.certainty === 'sometimes') process.exitCode = exitCodes.failure;
}
