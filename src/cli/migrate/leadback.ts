import { isDeepStrictEqual } from 'node:util';
import { CommandError } from '../failure.ts';
import { isPlanned, isSamePolicy, type Say } from './carryout.ts';
import type { RollbackFile } from './rollbackfile.ts';
import type { MigrationTarget } from './target.ts';

/**
 * Leads back to what the file says was there: aws-auth first, then entry by entry, the last made first, then the bindings.
 * May be interrupted and run again. Answers what it left alone because somebody has changed it since.
 *
 * SECURITY: not in mode API, where aws-auth counts no more: taking the entries away would shut everybody out, nodes too; and
 * not where aws-auth is another by now, which may let in nobody or somebody else. An
 * entry of a principal that is gone is not made again: it would be that of whoever has its name today.
 */
export async function leadBack(
  { plan, before }: RollbackFile,
  target: MigrationTarget,
  say: Say,
): Promise<readonly string[]> {
  const mode = await target.mode();
  if (mode === 'API') {
    throw new CommandError(
      'denied',
      'the cluster is in mode API, from which there is no way back: its entries are all there is',
      'mend single entries with `aws eks update-access-entry` instead',
    );
  }
  const left: string[] = [];
  const awsAuth = await target.awsAuth();
  if (awsAuth === undefined && before.awsAuth !== undefined) {
    await target.createAwsAuth(before.awsAuth);
    say('created aws-auth as it was');
  } else if (!isDeepStrictEqual(awsAuth, before.awsAuth)) {
    throw new CommandError(
      'denied',
      'aws-auth is not what it was: without the entries it may shut out whoever has one now',
      'delete it to have it made again as the file keeps it, or take single entries away with `aws eks delete-access-entry`',
    );
  }
  for (const entry of mode === 'CONFIG_MAP' ? [] : plan.entries.toReversed()) {
    const { principalArn } = entry;
    const found = await target.entry(principalArn);
    if (found === undefined || found.createdAt === before.entries[principalArn]?.createdAt) continue;
    const isOurs =
      isPlanned(found, entry) &&
      found.policies.every((policy) => entry.policies.some((one) => isSamePolicy(one, policy)));
    if (isOurs) {
      await target.deleteEntry(principalArn);
      say(`deleted the entry of ${principalArn}`);
    } else left.push(`the entry of ${principalArn} was changed since and stays`);
  }
  for (const binding of plan.bindings.toReversed()) {
    const found = await target.binding(binding);
    if (found === 'absent') continue;
    if (found === 'same') {
      await target.deleteBinding(binding);
      say(`deleted ${binding.kind} ${binding.name}`);
    } else left.push(`${binding.kind} ${binding.name} was changed since and stays`);
  }
  if (before.mode !== mode)
    say(`the mode stays ${mode}: there is no way back to ${before.mode}, and aws-auth counts in both`);
  return left;
}
