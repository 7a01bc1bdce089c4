import { comparableArn } from '../../../identity/entries.ts';
import type { SnapshotCluster } from '../../snapshot/snapshot.ts';
import type { AccessUse } from '../../usage/use.ts';
import { createPrefixIndex } from '../../world/prefixes.ts';
import { deleteEntry } from '../commands.ts';
import { ownEntries } from '../entries/empty.ts';
import { binds } from '../mappings.ts';
import type { AccessRule } from '../rule.ts';

const day = 86_400_000;
const longDays = 90;

/** Access that nobody seems to need. */
export const unusedRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-701',
    name: 'access that was not used',
    severity: 'suggestion',
    why: 'Nobody misses access that is not used when it is taken away, and nobody notices when somebody else uses it.',
    fix: 'delete the entry; `entryway least-privilege` shrinks what is used in part',
    needs: ['usage'],
    *check(cluster, facts) {
      const { usage } = facts;
      if (usage === undefined) return;
      const seen = usersOf(cluster.cluster, usage.uses);
      const since = new Date(usage.since).toISOString().slice(0, 10);
      const byStart = createPrefixIndex(seen.usernames);
      // Some logs know the name in the cluster alone.
      const cameAs = (template: string): boolean => binds(template, seen.usernames, byStart.startingWith);
      const isUsed = (arn: string): boolean => seen.principals.has(comparableArn(arn) ?? arn);
      for (const { entry, base } of ownEntries(cluster)) {
        const { principalArn, createdAt, principalId } = entry;
        // One that is newer has not had the time; of a matcher it is not known who stands for it.
        if (principalArn.includes('*') || (createdAt !== undefined && createdAt > usage.since)) continue;
        if (
          isUsed(principalArn) ||
          cameAs(entry.username) ||
          (principalId !== undefined && seen.principals.has(principalId))
        )
          continue;
        yield {
          ...base,
          message: `\`${principalArn}\` has an access entry and did nothing in cluster \`${cluster.cluster.name}\` since ${since}`,
          fix: deleteEntry(cluster.cluster.name, principalArn),
        };
      }
      for (const { arn, element, username } of facts.mappings(cluster).awsAuth) {
        if (isUsed(arn) || cameAs(username)) continue;
        yield {
          ...{
            subject: arn,
            object: `aws-auth ${element}`,
            at: { thing: 'awsAuth', clusterArn: cluster.cluster.arn },
          },
          message: `\`${arn}\` is in aws-auth and did nothing in cluster \`${cluster.cluster.name}\` since ${since}`,
          fix: `take \`${element}\` out of aws-auth`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-702',
    name: 'entry of a principal that is idle',
    severity: 'suggestion',
    why: 'IAM says that the principal called no AWS service for 90 days: its access to the cluster is likely forgotten.',
    fix: 'delete the entry',
    *check(cluster, { now, world }) {
      for (const { entry, base } of ownEntries(cluster)) {
        const lastUsedAt = world.principals.named(entry.principalArn)?.record.lastUsedAt;
        const days = lastUsedAt === undefined ? 0 : Math.floor((now - lastUsedAt) / day);
        if (days <= longDays) continue;
        yield {
          ...base,
          message: `\`${entry.principalArn}\` has an access entry and last called AWS ${days} days ago`,
          fix: deleteEntry(cluster.cluster.name, entry.principalArn),
        };
      }
    },
  },
];

/** Who did something there, by comparable ARN and unique id, else by name; who was refused had no use of it. */
function usersOf(
  { arn, name }: SnapshotCluster,
  uses: readonly AccessUse[],
): { readonly principals: ReadonlySet<string>; readonly usernames: ReadonlySet<string> } {
  const principals = new Set<string>();
  const usernames = new Set<string>();
  for (const { did, who, allowed } of uses) {
    if (did.kind !== 'kubernetes' || !allowed) continue;
    if (did.cluster !== undefined && did.cluster !== arn && did.cluster !== name) continue;
    const { principalArn, principalId, username } = who;
    if (principalArn !== undefined) principals.add(comparableArn(principalArn) ?? principalArn);
    if (principalId !== undefined) principals.add(principalId);
    if (principalArn === undefined && principalId === undefined && username !== undefined)
      usernames.add(username);
  }
  return { principals, usernames };
}
