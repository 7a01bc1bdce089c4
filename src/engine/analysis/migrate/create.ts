import { type AwsAuthIndex, createAwsAuthIndex } from '../../identity/awsauth.ts';
import { canonicalArnOf } from '../../identity/userinfo.ts';
import { principalOf } from '../world/callers.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { anySession } from '../world/sessions.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { revealCreator } from './after.ts';
import { entryFor, type MappingItem } from './entry.ts';
import { outcomesOf, type SubjectOutcome } from './items.ts';
import type { NewName } from './names.ts';
import { notesOf } from './notes.ts';
import type { ItemCode, MigrationPlan, PlannedEntry } from './plan.ts';
import { rebindings } from './rebinding.ts';
import { gapsAbout, isRbacKnown, viewOf } from './views.ts';

/**
 * What takes the place of a cluster's aws-auth: an entry for each principal that it lets in and that no entry lets in already
 * (eks-access-facts D10, D11), so that nobody is somebody else, or may do something else, afterwards. Whether that came true
 * is not said here but by `proveMigration`.
 */
export function planMigration(world: World, { cluster }: Pick<ClusterWorld, 'cluster'>): MigrationPlan {
  const { partition } = world.snapshot;
  const before = viewOf(world, cluster);
  const { cluster: revealed, creatorArn } = revealCreator(cluster, world);
  // Who is let in when aws-auth does not count: entries go first, also where the mode ignores them today.
  const entriesAlone = viewOf(world, { ...revealed, authenticationMode: 'API' });
  const index = createAwsAuthIndex(cluster.awsAuth ?? { roles: [], users: [], accounts: [] }, {
    ssoRoleMatch: cluster.ssoRoleMatch === true,
  });
  const hasRbac = isRbacKnown(world, cluster);
  const isBound = (group: string): boolean => !hasRbac || before.bound.groups.has(group);

  const newNames: NewName[] = [];
  const outcomes: SubjectOutcome[] = [];
  for (const subject of cluster.authenticationMode === 'API' ? [] : before.subjects()) {
    if (subject.kind !== 'iam') continue;
    const item = itemOf(subject, canonicalArnOf(principalOf(subject, partition, anySession)), index, before);
    if (item === undefined) continue;
    const nobody = letsNobodyIn(before, entriesAlone, subject);
    if (nobody !== undefined) outcomes.push({ subject, item, ...nobody });
    else {
      const result = entryFor(subject, item, cluster, { isBound, partition, bound: before.bound });
      outcomes.push({ subject, item, ...result });
      if (result.is === 'moves') newNames.push(...result.newNames);
    }
  }

  const entries = outcomes
    .flatMap((outcome) => (outcome.is === 'moves' ? [outcome.entry] : []))
    .sort((one, other) => rank(one) - rank(other));
  const bindings = rebindings(cluster.rbac, newNames);
  const plan: Omit<MigrationPlan, 'notes'> = {
    ...{ clusterArn: cluster.arn, clusterName: cluster.name, accountId: cluster.accountId },
    ...{ region: cluster.region, partition, from: cluster.authenticationMode },
    ...{ entries, bindings, ...(creatorArn !== undefined && { creatorArn }) },
    items: outcomesOf(cluster, outcomes, world.principals),
    incomplete: gapsAbout(world, cluster),
  };
  return { ...plan, notes: notesOf(plan, cluster, { hasRbac, newNames }) };
}

/** Nodes, then administrators: what hurts most to lose is there first. The order of subjects otherwise. */
function rank({ type, policies }: PlannedEntry): number {
  return type !== 'STANDARD' ? 0 : policies.length > 0 ? 1 : 2;
}

/** What maps the subject where no entry does (eks-access-facts G8). */
function itemOf(
  subject: IamSubject,
  canonicalArn: string,
  index: AwsAuthIndex,
  { bound }: ClusterWorld,
): MappingItem | undefined {
  const item = subject.type === 'account' ? undefined : index.find(canonicalArn);
  if (item !== undefined) return item;
  if (!index.hasAccount(subject.accountId)) return undefined;
  // Of all in an account those alone are worth an entry whom a binding names; the others are no more than anybody.
  return subject.type === 'account' || bound.users.has(canonicalArn)
    ? { key: 'mapAccounts', arn: subject.accountId, username: canonicalArn, groups: [] }
    : undefined;
}

/** Refusals after which aws-auth is asked, or would be. */
const noEntry: ReadonlySet<string> = new Set([
  'noMapping',
  'recreatedPrincipal',
  'entryOtherPath',
  'modeIgnoresAwsAuth',
]);

/** Why an item makes no difference to a subject that it names; undefined where it lets it in. */
function letsNobodyIn(
  before: ClusterWorld,
  entriesAlone: ClusterWorld,
  subject: IamSubject,
): { readonly is: 'already' } | { readonly is: 'nothing'; readonly code: ItemCode } | undefined {
  if (subject.standing === 'missing') return { is: 'nothing', code: 'missingPrincipal' };
  const { refusal: byEntries } = entriesAlone.identitiesOf(subject);
  if (byEntries === undefined || !noEntry.has(byEntries.code)) return { is: 'already' };
  const { refusal } = before.identitiesOf(subject);
  switch (refusal?.code) {
    case undefined:
      return undefined;
    case 'emptyUsername':
      return { is: 'nothing', code: 'noUsername' };
    case 'reservedName':
      return { is: 'nothing', code: 'reservedUsername' };
    default:
      return { is: 'nothing', code: 'noValue' };
  }
}
