import { isAccountKnown } from '../../engine/analysis/migrate/views.ts';
import { CommandError } from '../failure.ts';

/**
 * SECURITY: nothing that could be run is printed while somebody would gain or lose. `proof`: what it says, as lines.
 */
export function refusal(proof: string): string {
  return `${proof}entryway: the migration changes who may do what, so nothing was made\nhint: settle what is listed, or accept it with --accept-differences\n`;
}

/** What stops in the middle is not begun. */
export function refuseTooMany({
  notes,
}: {
  readonly notes: readonly { readonly code: string; readonly message: string }[];
}): void {
  const note = notes.find(({ code }) => code === 'quota');
  if (note !== undefined) throw new CommandError('denied', note.message, 'then make a new plan');
}

/** Only manifests, which say nothing of AWS, are made of a cluster without an account. */
export function refuseUnknownAccount(
  plan: { readonly accountId: string; readonly clusterName: string; readonly partition: string },
  output: string,
): void {
  if (isAccountKnown(plan) || output === 'manifests') return;
  throw new CommandError(
    'misuse',
    `the account and region of cluster \`${plan.clusterName}\` were not read`,
    `name it by its ARN: --cluster arn:${plan.partition}:eks:REGION:ACCOUNT:cluster/NAME`,
  );
}
