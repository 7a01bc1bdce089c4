import type { PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { CommandError } from '../failure.ts';
import { counted } from '../render/counted.ts';
import type { RollbackFile } from './rollbackfile.ts';
import type { FoundEntry, MigrationTarget } from './target.ts';

/** Takes a line about each change, in the order of the changes. */
export type Say = (line: string) => void;

/**
 * Does what the plan in the file says up to mode API, looking before each step whether it has been done: it may be
 * interrupted anywhere and run again. Throws where something else is in the place of what it would make.
 */
export async function carryOut(
  { plan, before }: RollbackFile,
  target: MigrationTarget,
  say: Say,
): Promise<void> {
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
    say('mode API_AND_CONFIG_MAP');
  }
  for (const entry of plan.entries) await makeEntry(entry, before.entries[entry.principalArn], target, say);
  say(`${counted(plan.entries.length, 'entry').replace(/entrys$/, 'entries')} as planned`);
}

async function makeEntry(
  entry: PlannedEntry,
  stale: FoundEntry | undefined,
  target: MigrationTarget,
  say: Say,
): Promise<void> {
  const { principalArn } = entry;
  let found = await target.entry(principalArn);
  if (found !== undefined && stale !== undefined && found.createdAt === stale.createdAt) {
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
