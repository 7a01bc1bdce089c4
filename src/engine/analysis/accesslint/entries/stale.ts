import { isMatcherArn } from '../../../identity/entries.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { pinsOf } from '../../world/pins.ts';
import type { KnownPrincipal } from '../../world/principals.ts';
import { deleteEntry } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { subjectNamed } from '../mappings.ts';
import { isServiceLinked } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';

type Standing =
  | { readonly is: 'current' | 'deleted' }
  | { readonly is: 'recreated' | 'otherPath' | 'renamed'; readonly now: KnownPrincipal };

/** Entries whose principal is not, or no more, who is meant (eks-access-facts B15 to B17). */
export const staleEntryRules: readonly AccessRule[] = [
  staleRule({
    id: 'EW-ACC-311',
    name: 'entry of a deleted principal',
    severity: 'warning',
    why: 'Deleting a role or user does not delete its entry (eks-access-facts B16). The entry is tied to the old unique id and lets nobody in, unless it was read where the id is not told and somebody makes a principal of that name.',
    fix: 'delete the entry',
    is: 'deleted',
    told: ({ principalArn }) => `\`${principalArn}\` does not exist any more, and its entry does`,
  }),
  staleRule({
    id: 'EW-ACC-312',
    name: 'entry of a principal that was made anew',
    severity: 'error',
    why: 'An entry is tied to the unique id of its principal (eks-access-facts B15): a role that was deleted and made again under the same name is somebody else, and is refused.',
    fix: 'delete the entry and create it again',
    is: 'recreated',
    told: ({ principalArn }) =>
      `\`${principalArn}\` was made anew after its entry was: the entry is tied to the one before, and lets nobody in`,
  }),
  staleRule({
    id: 'EW-ACC-313',
    name: 'entry of a renamed principal',
    severity: 'error',
    why: 'The id of the entry still fits, its ARN does not: the principal was renamed or moved, and is refused (eks-access-facts B17).',
    fix: 'delete the entry and create one for the new ARN',
    is: 'renamed',
    told: ({ principalArn }, arn) => `\`${principalArn}\` is called \`${arn}\` now: its entry lets nobody in`,
  }),
  staleRule({
    id: 'EW-ACC-314',
    name: 'entry with another path',
    severity: 'error',
    why: 'Access entries keep the path of a role. There is a principal of this name, with another path: it is not the one of the entry.',
    fix: 'delete the entry and create one for the ARN with the right path',
    is: 'otherPath',
    told: ({ principalArn }, arn) => `the entry is for \`${principalArn}\`, and the principal is \`${arn}\``,
  }),
];

interface StaleText extends Omit<AccessRule, 'about' | 'check' | 'needs'> {
  readonly is: Standing['is'];
  readonly told: (entry: SnapshotAccessEntry, arnNow: string) => string;
}

function staleRule({ is, told, ...text }: StaleText): AccessRule {
  return {
    about: 'cluster',
    ...text,
    *check(cluster, facts): Generator<Spotted> {
      const pins = pinsOf(cluster.cluster, facts.world.principals);
      for (const entry of cluster.cluster.accessEntries) {
        const standing = standingOf(entry, pins.get(entry.principalArn) ?? '', facts);
        if (standing.is !== is) continue;
        const { principalArn } = entry;
        const now = 'now' in standing ? standing.now.record.arn : '';
        yield {
          subject: principalArn,
          ...(now !== '' && now !== principalArn && { object: now }),
          at: { thing: 'accessEntry', clusterArn: cluster.cluster.arn, principalArn },
          message: told(entry, now),
          fix: fixOf(cluster, entry, now),
        };
      }
    },
  };
}

function fixOf({ cluster }: ClusterWorld, { principalArn }: SnapshotAccessEntry, now: string): string {
  const remove = deleteEntry(cluster.name, principalArn);
  return now === '' ? remove : `${remove}, and create it for ${now}`;
}

function standingOf({ principalArn }: SnapshotAccessEntry, pinned: string, { world }: Facts): Standing {
  const { principals } = world;
  if (isMatcherArn(principalArn) || isServiceLinked(principalArn)) return { is: 'current' };
  const ofId = principals.ofId(pinned);
  if (ofId !== undefined) {
    return ofId.record.arn === principalArn ? { is: 'current' } : { is: 'renamed', now: ofId };
  }
  const subject = subjectNamed(principalArn, principals);
  if (subject === undefined || subject.type === 'root' || subject.standing === 'unlisted')
    return { is: 'current' };
  const now = principals.named(principalArn);
  if (now === undefined) return { is: 'deleted' };
  return { is: now.record.arn === principalArn ? 'recreated' : 'otherPath', now };
}
