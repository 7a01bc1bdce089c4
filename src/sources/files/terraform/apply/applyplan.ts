import type { Gap, Snapshot, SnapshotCluster } from '../../../../engine/analysis/snapshot/snapshot.ts';
import { parseArn } from '../../../../engine/arn/arn.ts';
import { SourceError } from '../../../sourceerror.ts';
import { assemble, filled } from '../../assemble/assemble.ts';
import { placesOf } from '../../assemble/clusters.ts';
import { fits, type Surroundings, surroundingsOf, toldRef } from '../../assemble/identities.ts';
import type { ClusterRef, Fact } from '../../facts.ts';
import { collectFindings, createGaps } from '../../findings.ts';
import type { TerraformPlan } from '../plan.ts';
import { type AccountEditor, createAccountEditor } from './accountedits.ts';
import { type PlannedChanges, type PlannedEdit, readChanges } from './changes.ts';
import { type ClusterEditor, createClusterEditor } from './clusteredits.ts';
import type { EditTools } from './editing.ts';

/**
 * What becomes of a snapshot when a Terraform plan is applied to it: what the plan makes, changes and takes away, and all
 * else as it is. `clusters` are those that were asked for: resources of others are left out, and those of Kubernetes, which
 * name no cluster, are theirs. What the plan does not know before it is applied, what it changes and is not there, and
 * what is no longer as it was when the plan was made, is a gap. Throws SourceError where it is not clear which cluster
 * resources of Kubernetes are of.
 */
export function applyPlan(
  before: Snapshot,
  plan: TerraformPlan,
  { clusters: wanted = [] }: { readonly clusters?: readonly string[] } = {},
): Snapshot {
  const { findings, gaps: unread } = collectFindings();
  const changes = readChanges(plan, findings);
  const surroundings = surroundingsFor(before, changes);
  const edits = inOrder(changes.edits.map((edit) => filledEdit(edit, surroundings)));

  const gaps = createGaps();
  const { places, add: addPlace } = placesOf();
  const toolsFor = (about: Pick<Gap, 'clusterArn' | 'accountId'>): EditTools => ({
    tell: ({ address, place }, area, reason) =>
      gaps.add({ ...about, area, reason: `\`${address}\`: ${reason}`, place }),
    addPlace,
    at: before.takenAt,
  });
  const clusterEditors = new Map<string, ClusterEditor>();
  const accountEditors = new Map<string, AccountEditor>();
  const gone = new Set<string>();
  const made: PlannedEdit[] = [];
  const lost = new Map<string, PlannedEdit[]>();
  let leftOut = 0;

  const find = clusterFinder(before.clusters, wanted);
  const isMade = new Set(
    edits.flatMap(({ before: old, after }) =>
      after?.fact === 'cluster' && old === undefined && find(after.cluster) === undefined
        ? [after.cluster.name]
        : [],
    ),
  );
  const editCluster = (ref: ClusterRef, edit: PlannedEdit): void => {
    const cluster = find(ref);
    if (cluster !== undefined) {
      const { arn } = cluster;
      const editor = clusterEditors.get(arn) ?? createClusterEditor(cluster, toolsFor({ clusterArn: arn }));
      clusterEditors.set(arn, editor);
      if (edit.before?.fact === 'cluster' && edit.after === undefined) gone.add(arn);
      else {
        if (edit.after?.fact === 'cluster') gone.delete(arn);
        editor.take(edit);
      }
    } else if (ref.name !== undefined && isMade.has(ref.name)) made.push(edit);
    else if (ref.name !== undefined && wanted.length > 0 && !wanted.some((one) => isNamed(one, ref)))
      leftOut++;
    else collect(lost, `cluster \`${ref.name ?? ''}\``, edit);
  };
  const editAccount = (arn: string, edit: PlannedEdit): void => {
    const { accountId = '' } = parseArn(arn) ?? {};
    const account = before.accounts.find((one) => one.accountId === accountId);
    if (account === undefined) {
      collect(lost, `the IAM of account ${accountId === '' ? 'aws' : accountId}`, edit);
      return;
    }
    const editor = accountEditors.get(accountId) ?? createAccountEditor(account, toolsFor({ accountId }));
    accountEditors.set(accountId, editor);
    editor.take(edit);
  };
  for (const edit of edits) {
    const fact = edit.after ?? edit.before;
    if (fact === undefined) continue;
    if ('cluster' in fact) editCluster(fact.cluster, edit);
    else if ('arn' in fact) editAccount(fact.arn, edit);
  }
  for (const [what, left] of lost) gaps.add(lostGap(what, left));

  const fresh = assembleMade(made, { surroundings, now: before.takenAt, changes });
  const unlisted = unlistedGaps(before, edits, find);
  const applied = `${plan.file}: ${counted(changes.resources, 'resource')} that tell of access are changed`;
  return {
    ...before,
    sources: [
      ...before.sources,
      applied,
      ...(leftOut > 0 ? [`left out: ${counted(leftOut, 'change')} of ${plan.file}, of other clusters`] : []),
      ...(fresh?.sources ?? []),
    ],
    accounts: before.accounts.map((account) => accountEditors.get(account.accountId)?.finish() ?? account),
    clusters: [
      ...before.clusters
        .filter(({ arn }) => !gone.has(arn))
        .map((cluster) => clusterEditors.get(cluster.arn)?.finish() ?? cluster),
      ...(fresh?.clusters ?? []),
    ],
    gaps: [...before.gaps, ...unread(), ...gaps.all(), ...unlisted, ...(fresh?.gaps ?? [])],
    places: { ...before.places, ...places, ...fresh?.places },
  };
}

/** Whose what is made is: the account that the plan names, else the one that was read. */
function surroundingsFor(before: Snapshot, { edits, about }: PlannedChanges): Surroundings {
  const [only, ...others] = before.accounts;
  const facts = edits.flatMap(({ before: old, after }) => [old, after].filter((fact) => fact !== undefined));
  const read: Fact[] =
    about.length === 0 && only !== undefined && others.length === 0
      ? [{ fact: 'account', accountId: only.accountId, partition: before.partition, place: nowhere }]
      : [];
  return surroundingsOf([...about, ...read, ...facts], before.clusters);
}

const nowhere = { file: '', line: 1, column: 1 };

function filledEdit({ before, after, ...edit }: PlannedEdit, { fill }: Surroundings): PlannedEdit {
  return {
    ...edit,
    ...(before && { before: filled(before, fill) }),
    ...(after && { after: filled(after, fill) }),
  };
}

/**
 * As Terraform goes about it: takes away what depends on something before that, and makes it after. What is taken away at one
 * address and made at another is there in the end.
 */
function inOrder(edits: readonly PlannedEdit[]): readonly PlannedEdit[] {
  return edits
    .map((edit) => ({ edit, rank: rankOf(edit) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ edit }) => edit);
}

function rankOf({ before, after }: PlannedEdit): number {
  const fact = after ?? before;
  const depth =
    fact?.fact === 'cluster'
      ? 0
      : fact?.fact === 'policies' || (fact?.fact === 'principal' && fact.isPart)
        ? 2
        : 1;
  return after === undefined ? -depth - (fact?.fact === 'namespace' ? 0 : 0.5) : depth + 1;
}

/** Finds the cluster that a resource means; undefined: it is not there, or several have its name. */
function clusterFinder(
  clusters: readonly SnapshotCluster[],
  wanted: readonly string[],
): (ref: ClusterRef) => SnapshotCluster | undefined {
  const asked =
    wanted.length === 0
      ? clusters
      : clusters.filter(({ name, arn }) => wanted.includes(name) || wanted.includes(arn));
  const byName = Map.groupBy(asked, ({ name }) => name);
  return (ref) => {
    if (ref.name === undefined) {
      const [only, ...others] = asked;
      if (only !== undefined && others.length === 0) return only;
      const names = asked.map(({ name }) => `\`${name}\``).join(', ');
      throw new SourceError(
        'misuse',
        'the plan has resources of Kubernetes, which name no cluster, and it is not clear whose they are',
        names === ''
          ? 'no cluster was read that they could be of'
          : `say it with --cluster (\`clusterName\` over HTTP), one of ${names}`,
      );
    }
    const [found, ...others] = (byName.get(ref.name) ?? []).filter((cluster) => fits(ref, toldRef(cluster)));
    return others.length === 0 ? found : undefined;
  };
}

function isNamed(wanted: string, { name }: ClusterRef): boolean {
  return wanted === name || parseArn(wanted)?.resource === `cluster/${name}`;
}

function collect(into: Map<string, PlannedEdit[]>, key: string, edit: PlannedEdit): void {
  const found = into.get(key);
  if (found === undefined) into.set(key, [edit]);
  else found.push(edit);
}

function lostGap(what: string, edits: readonly PlannedEdit[]): Gap {
  const addresses = [...new Set(edits.map(({ address }) => address))];
  const named = addresses
    .slice(0, 3)
    .map((address) => `\`${address}\``)
    .join(', ');
  const more = addresses.length > 3 ? ` and ${addresses.length - 3} more` : '';
  const reason = `${what} is not in what the plan is applied to: ${named}${more} are left out`;
  const place = edits[0]?.place;
  return { area: what.startsWith('cluster') ? 'cluster' : 'iam', reason, ...(place && { place }) };
}

/** Lists that nobody read are not whole because the plan adds to them. */
function unlistedGaps(
  before: Snapshot,
  edits: readonly PlannedEdit[],
  find: (ref: ClusterRef) => SnapshotCluster | undefined,
): readonly Gap[] {
  const told = new Set(before.gaps.map(({ area, clusterArn }) => `${area} ${clusterArn ?? ''}`));
  const gaps = new Map<string, Gap>();
  for (const { after } of edits) {
    if (after === undefined || !('cluster' in after)) continue;
    const list = lists.get(after.fact);
    const cluster = list && find(after.cluster);
    if (list === undefined || cluster === undefined || cluster[list.member] !== undefined) continue;
    const { area } = list;
    const { arn: clusterArn, name } = cluster;
    const reason = `only those ${list.text} of cluster \`${name}\` are known that the plan makes`;
    if (told.has(`${area} `) || told.has(`${area} ${clusterArn}`)) continue;
    gaps.set(`${area} ${clusterArn}`, { area, clusterArn, reason });
  }
  return [...gaps.values()];
}

/** Lists of a cluster that may not be known, by what is in them. */
const lists: ReadonlyMap<
  Fact['fact'],
  {
    readonly member: 'namespaces' | 'serviceAccounts' | 'podIdentityAssociations';
    readonly area: Gap['area'];
    readonly text: string;
  }
> = new Map([
  ['namespace', { member: 'namespaces', area: 'namespaces', text: 'namespaces' }],
  ['serviceAccount', { member: 'serviceAccounts', area: 'serviceAccounts', text: 'service accounts' }],
  [
    'podIdentity',
    { member: 'podIdentityAssociations', area: 'podIdentity', text: 'Pod Identity associations' },
  ],
]);

/** Clusters that the plan makes, with what it puts into them: there is nothing else in them. */
function assembleMade(
  edits: readonly PlannedEdit[],
  {
    surroundings: { accountId, region, partition },
    changes,
    now,
  }: { readonly surroundings: Surroundings; readonly changes: PlannedChanges; readonly now: number },
): Snapshot | undefined {
  if (edits.length === 0) return undefined;
  const facts = edits.flatMap(({ after }): readonly Fact[] => {
    if (after === undefined || !('cluster' in after)) return [];
    const cluster = {
      ...(accountId && { accountId }),
      ...(region && { region }),
      partition,
      ...after.cluster,
    };
    const fact: Fact = { ...after, cluster };
    const { place } = after;
    switch (after.fact) {
      case 'cluster':
        return [
          fact,
          { fact: 'entryNames', cluster, principalArns: [], areAll: true, place },
          { fact: 'podIdentityNames', cluster, accounts: [], areAll: true, place },
        ];
      case 'entry': {
        const { principalArn } = after;
        return [fact, { fact: 'policies', cluster, principalArn, policies: [], areAll: true, place }];
      }
      default:
        return [fact];
    }
  });
  const made = assemble([...changes.about, ...facts], { wanted: [], now });
  return { ...made, gaps: made.gaps.filter(({ place }) => place !== undefined) };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
