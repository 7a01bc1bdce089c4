import { parsePrincipalArn } from '../../../arn/principalarn.ts';
import { standardUsername } from '../../../identity/standardusername.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import type { KnownPrincipal } from '../../world/principals.ts';
import { createEntry, deleteEntry } from '../commands.ts';
import type { AccessRule, Spotted } from '../rule.ts';
import type { Standing } from '../standing.ts';

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
      // Of entries that count for nothing at all `EW-ACC-304` tells.
      if (cluster.cluster.authenticationMode === 'CONFIG_MAP') return;
      for (const [entry, standing] of facts.standings(cluster)) {
        if (standing.is !== is) continue;
        const { principalArn } = entry;
        const now = 'now' in standing ? standing.now : undefined;
        const arn = now?.record.arn ?? '';
        yield {
          subject: principalArn,
          ...(arn !== '' && arn !== principalArn && { object: arn }),
          at: { thing: 'accessEntry', clusterArn: cluster.cluster.arn, principalArn },
          message: told(entry, arn),
          fix: fixOf(cluster, entry, now),
        };
      }
    },
  };
}

/** The same entry for the principal there is now: it keeps what it gives. */
function fixOf(
  { cluster }: ClusterWorld,
  entry: SnapshotAccessEntry,
  now: KnownPrincipal | undefined,
): string {
  const remove = deleteEntry(cluster.name, entry.principalArn);
  if (now === undefined) return remove;
  const { username } = entry;
  const isStandard = standardNames(entry.principalArn).includes(username);
  return [
    remove,
    createEntry(cluster.name, {
      ...entry,
      principalArn: now.record.arn,
      ...(isStandard && { username: undefined }),
    }),
  ].join(' && ');
}

/** What EKS calls the principal by itself: such a name is made anew for another one. */
function standardNames(principalArn: string): readonly string[] {
  const named = parsePrincipalArn(principalArn);
  if (named === undefined) return [];
  const name = 'name' in named ? named.name : '';
  return [standardUsername({ ...named, name, arn: principalArn })];
}
