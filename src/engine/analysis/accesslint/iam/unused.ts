import { isMatcherArn } from '../../../identity/entries.ts';
import { compileMatcher } from '../../../identity/matchers.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import type { IamSubject } from '../../world/subject.ts';
import { deleteEntry } from '../commands.ts';
import { ownEntries } from '../entries/empty.ts';
import type { Facts } from '../facts.ts';
import { aboutItem, subjectNamed } from '../mappings.ts';
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
      const use = facts.use(cluster);
      if (use === undefined) return;
      const { arn: clusterArn, name } = cluster.cluster;
      const did = `did nothing in cluster \`${name}\` from ${dateOf(use.from)} to ${dateOf(use.to)}`;
      for (const { entry, base } of ownEntries(cluster, facts)) {
        const { principalArn, createdAt } = entry;
        // One that is newer has not had the time.
        if (createdAt !== undefined && createdAt > use.from) continue;
        const subject = mappedBy(principalArn, facts);
        if (subject === undefined || !lets(cluster, subject, principalArn) || use.isUsed(subject)) continue;
        yield {
          ...base,
          message: `\`${principalArn}\` has an access entry and ${did}`,
          fix: deleteEntry(cluster.cluster.name, principalArn),
        };
      }
      for (const item of facts.mappings(cluster).awsAuth) {
        const { arn, username, subject } = item;
        // Nodes are no people: theirs are used as long as there are nodes.
        if (subject === undefined || username.startsWith('system:node:')) continue;
        if (!lets(cluster, subject) || use.isUsed(subject)) continue;
        yield { ...aboutItem(item, clusterArn), message: `\`${arn}\` is in aws-auth and ${did}` };
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
    *check(cluster, facts) {
      const { now, world } = facts;
      // Records of the cluster itself tell more.
      if (facts.use(cluster) !== undefined) return;
      for (const { entry, base } of ownEntries(cluster, facts)) {
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

/** Who an entry is for; undefined for a pattern that fits nobody. */
function mappedBy(principalArn: string, { world }: Facts): IamSubject | undefined {
  const matcher = isMatcherArn(principalArn) ? compileMatcher(principalArn) : undefined;
  if (matcher === undefined) return subjectNamed(principalArn, world.principals);
  const base = { kind: 'iam', type: 'rolePattern', arn: principalArn, principalId: '' } as const;
  return { ...base, accountId: matcher.accountId, standing: 'unlisted' };
}

/**
 * Whether the subject comes in by this entry, or by aws-auth. Of one that lets nobody in other rules tell why: its principal
 * is gone or another, or another mapping goes before it.
 */
function lets(cluster: ClusterWorld, subject: IamSubject, principalArn?: string): boolean {
  const by = cluster.identitiesOf(subject).identities[0]?.mapped?.mappedBy;
  return principalArn === undefined ? by?.source === 'awsAuth' : by?.source === 'accessEntry';
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
