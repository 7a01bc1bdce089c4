import { lowerAscii } from '../../arn/case.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { NewName } from './names.ts';
import { type MigrationPlan, mostEntries, type PlanNote } from './plan.ts';
import { isAccountKnown } from './views.ts';

/** What no list of principals shows and a reader must know, the gravest first. */
export function notesOf(
  plan: Omit<MigrationPlan, 'notes'>,
  cluster: SnapshotCluster,
  { hasRbac, newNames }: { readonly hasRbac: boolean; readonly newNames: readonly NewName[] },
): readonly PlanNote[] {
  const notes: PlanNote[] = [];
  const note = (code: PlanNote['code'], message: string): void => void notes.push({ code, message });
  const { entries, creatorArn } = plan;

  if (cluster.awsAuth === undefined) {
    note('noAwsAuth', 'nothing was read of an aws-auth: if the cluster has none, there is nothing to do');
  }
  // What EKS itself makes where entries begin is not all known; of the creator it is.
  const made =
    entries.filter(({ replacesStale }) => !replacesStale).length + (creatorArn === undefined ? 0 : 1);
  const total = cluster.accessEntries.length + made;
  if (total > mostEntries) {
    note(
      'quota',
      `the cluster would have ${total} access entries, EKS allows ${mostEntries}: put people behind shared roles first`,
    );
  }
  if (cluster.authenticationMode === 'CONFIG_MAP' && creatorArn === undefined) {
    note(
      cluster.hiddenAdminPrincipalId === undefined ? 'creatorUnknown' : 'creatorGone',
      cluster.hiddenAdminPrincipalId === undefined
        ? 'who created the cluster is not told: whoever did is administrator unseen, and EKS makes a visible entry of it in mode API_AND_CONFIG_MAP; look at it there'
        : 'who created the cluster is not among the principals that were read; if it still exists, EKS makes a visible administrator’s entry of it in mode API_AND_CONFIG_MAP',
    );
  }
  if (!isAccountKnown(cluster)) {
    note(
      'accountUnknown',
      `the account and region of the cluster were not read: name it with its ARN, arn:${plan.partition}:eks:REGION:ACCOUNT:cluster/${plan.clusterName}`,
    );
  }
  if (!hasRbac && newNames.length > 0) {
    const names = [...new Set(newNames.map(({ old, name }) => `\`${name}\` has what \`${old}\` has`))].join(
      ', ',
    );
    note('rbacUnknown', `not all bindings were read: see that ${names} before the entries are created`);
  }
  for (const arn of spelledTwice(cluster)) {
    note(
      'random',
      `\`${arn}\` is there twice, spelled differently: EKS takes either item at random; the last is taken here`,
    );
  }
  const unknown = entries.filter(({ isKnown, principalArn }) => !isKnown && !principalArn.endsWith(':root'));
  if (unknown.length > 0) {
    note(
      'unknownPaths',
      `${unknown.length} of the principals were not read: EKS refuses an ARN whose path or case is not right, and then the migration stops before anybody loses access`,
    );
  }
  if (entries.some(({ principalArn }) => principalArn.endsWith(':root'))) {
    note(
      'root',
      'an account’s root moves: EKS is reported to accept such an entry, and it lets in nobody but the root',
    );
  }
  if (entries.some(({ policies }) => policies.length > 0)) {
    note(
      'masters',
      'an administrator who moves may do nothing for the moment between its entry and its policy: carry this out as somebody else',
    );
  }
  if (entries.length > 0) {
    note(
      'pinned',
      'an entry is for the principal that has the ARN now: one that is re-created under it needs a new entry, which aws-auth did not ask for',
    );
  }
  return notes;
}

/** Users whose ARNs differ in case alone (eks-access-facts G7). */
function spelledTwice({ awsAuth }: SnapshotCluster): readonly string[] {
  const spellings = new Map<string, Set<string>>();
  for (const { userarn } of awsAuth?.users ?? []) {
    const key = lowerAscii(userarn);
    spellings.set(key, (spellings.get(key) ?? new Set()).add(userarn));
  }
  return [...spellings.values()].flatMap((found) => (found.size > 1 ? [...found].slice(-1) : []));
}
