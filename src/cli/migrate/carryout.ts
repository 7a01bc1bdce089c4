import { isDeepStrictEqual } from 'node:util';
import type { PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../render/counted.ts';
import type { RollbackFile } from './rollbackfile.ts';
import type { FoundEntry, MigrationTarget } from './target.ts';

/** Takes a line about each change, in the order of the changes. */
export type Say = (line: string) => void;

/**
 * Does what the plan in the file says up to mode API, in which nothing is made any more, looking before each step whether it has been done: it may be
 * interrupted anywhere and run again. Throws where something else is in the place of what it would make.
 */
export async function carryOut(
  { plan, before }: RollbackFile,
  target: MigrationTarget,
  say: Say,
): Promise<void> {
  // SECURITY: there aws-auth lets nobody in, so that an entry that is not there would let in whoever has lost it.
  if ((await target.mode()) === 'API') return;
  await seeAwsAuth(before, target);
  for (const binding of plan.bindings) {
    const found = await target.binding(binding);
    if (found === 'same') continue;
    if (found === 'other') {
      throw new CommandError(
        'failure',
        `another ${binding.kind} is called \`${binding.name}\``,
        'rename it, or delete it when it is of no use',
      );
    }
    await target.createBinding(binding);
    say(`created ${binding.kind} ${binding.name}`);
  }
  if ((await target.mode()) === 'CONFIG_MAP') {
    await target.switchMode('API_AND_CONFIG_MAP');
    say('mode API_AND_CONFIG_MAP, from which there is no way back to CONFIG_MAP; aws-auth counts in both');
  }
  for (const entry of plan.entries) {
    await makeEntry(entry, { stale: before.entries[entry.principalArn], before, target, say });
  }
  await seeAwsAuth(before, target);
  say(`${counted(plan.entries.length, 'entry').replace(/entrys$/, 'entries')} as planned`);
}

/**
 * SECURITY: an entry for whom aws-auth has let in no longer would let them in again, so it is looked at before each is made.
 * Looked at after the last as well: of what is made while somebody writes, the command says so.
 */
async function seeAwsAuth({ awsAuth }: RollbackFile['before'], target: MigrationTarget): Promise<void> {
  if (isDeepStrictEqual(await target.awsAuth(), awsAuth)) return;
  throw new CommandError(
    'failure',
    'aws-auth was changed since the plan was made, so the rest is not made',
    'look who was taken out of it and has an entry now; then make a new plan with another --rollback-file',
  );
}

async function makeEntry(
  entry: PlannedEntry,
  {
    stale,
    before,
    target,
    say,
  }: {
    readonly stale: FoundEntry | undefined;
    readonly before: RollbackFile['before'];
    readonly target: MigrationTarget;
    readonly say: Say;
  },
): Promise<void> {
  const { principalArn } = entry;
  let found = await target.entry(principalArn);
  const isStale = found !== undefined && found.createdAt === stale?.createdAt;
  if (found === undefined || isStale) await seeAwsAuth(before, target);
  if (isStale) {
    await target.deleteEntry(principalArn);
    say(`deleted the entry of a principal that is gone: ${principalArn}`);
    found = undefined;
  }
  if (found === undefined) {
    await target.createEntry(entry);
    say(`created the ${entry.type} entry of ${principalArn}`);
    found = await target.entry(principalArn);
  }
  if (found === undefined || !isPlanned(found, entry)) throw notAsPlanned(principalArn);
  for (const policy of entry.policies) {
    if (found.policies.some((one) => isSamePolicy(one, policy))) continue;
    await target.associate(principalArn, policy);
    say(`associated ${policy.policyArn.slice(policy.policyArn.lastIndexOf('/') + 1)} with ${principalArn}`);
  }
  // What the service says in the end, not what it was sent, is what counts.
  const made = await target.entry(principalArn);
  const isWhole =
    made !== undefined &&
    isPlanned(made, entry) &&
    made.policies.length === entry.policies.length &&
    entry.policies.every((policy) => made.policies.some((one) => isSamePolicy(one, policy)));
  if (!isWhole) throw notAsPlanned(principalArn);
}

function notAsPlanned(principalArn: string): CommandError {
  return new CommandError(
    'failure',
    `the entry of \`${principalArn}\` is not as planned`,
    'somebody else has made or changed it: delete it, or make a new plan with another --rollback-file',
  );
}

/** Whether an entry is the planned one, but perhaps for its policies. */
export function isPlanned(found: FoundEntry, { type, username, kubernetesGroups }: PlannedEntry): boolean {
  if (found.type !== type) return false;
  if (type !== 'STANDARD') return true;
  return (
    (username === undefined || found.username === username) &&
    found.kubernetesGroups.length === kubernetesGroups.length &&
    kubernetesGroups.every((group) => found.kubernetesGroups.includes(group))
  );
}

export function isSamePolicy(
  one: FoundEntry['policies'][number],
  other: FoundEntry['policies'][number],
): boolean {
  return (
    one.policyArn === other.policyArn &&
    one.accessScope.type === other.accessScope.type &&
    [...one.accessScope.namespaces].sort().join() === [...other.accessScope.namespaces].sort().join()
  );
}
