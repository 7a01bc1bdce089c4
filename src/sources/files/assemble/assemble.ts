import {
  emptySnapshot,
  type Snapshot,
  type SnapshotCluster,
} from '../../../engine/analysis/snapshot/snapshot.ts';
import { parseArn } from '../../../engine/arn/arn.ts';
import { mergeSnapshots } from '../../merge.ts';
import type { Fact } from '../facts.ts';
import { createGaps } from '../findings.ts';
import { type AccountDraft, createAccountDraft } from './accounts.ts';
import { type ClusterDraft, createClusterDraft, placesOf } from './clusters.ts';
import { placeholderAccount, settleClusters, surroundingsOf } from './identities.ts';

/**
 * Joins what documents tell into one snapshot. `wanted` are the clusters that were asked for, by name or ARN. Throws
 * SourceError where it is not clear whose manifests are.
 */
export function assemble(
  found: readonly Fact[],
  { wanted, now }: { readonly wanted: readonly string[]; readonly now: number },
): Snapshot {
  const saved = found.flatMap((fact) => (fact.fact === 'snapshot' ? [fact.snapshot] : []));
  const known = saved.flatMap(({ clusters }) => clusters);
  const surroundings = surroundingsOf(found, known);
  const facts = found
    .filter(({ fact }) => fact !== 'snapshot')
    .map((fact) => filled(fact, surroundings.fill));
  const clusters = settleClusters(facts, known, surroundings, wanted);

  const notes: string[] = [];
  const { add: report, all: gaps } = createGaps();
  const { places, add: addPlace } = placesOf();
  const clusterDrafts = new Map<string, ClusterDraft>();
  const accountDrafts = new Map<string, AccountDraft>();
  const accountOf = (arn: string): string => {
    const accountId = parseArn(arn)?.accountId ?? '';
    return accountId === '' || accountId === 'aws'
      ? (surroundings.accountId ?? placeholderAccount)
      : accountId;
  };
  const draftOfAccount = (accountId: string): AccountDraft => {
    const draft = accountDrafts.get(accountId) ?? createAccountDraft(accountId, report, addPlace);
    accountDrafts.set(accountId, draft);
    return draft;
  };

  for (const fact of facts) {
    if ('cluster' in fact) {
      const identity = clusters.find(fact.cluster);
      if (identity === undefined) {
        const reason = `several clusters are called \`${fact.cluster.name}\`, and it is not said which is meant: this is left out`;
        report({ area: 'cluster', reason, place: fact.place });
        continue;
      }
      const draft = clusterDrafts.get(identity.arn) ?? createClusterDraft(identity, report, addPlace);
      clusterDrafts.set(identity.arn, draft);
      draft.take(fact);
      continue;
    }
    switch (fact.fact) {
      case 'principal':
      case 'managedPolicy':
      case 'oidcProvider':
        draftOfAccount(accountOf(fact.arn)).take(fact);
        break;
      case 'complete':
      case 'root':
        draftOfAccount(
          fact.accountId === '' ? (surroundings.accountId ?? placeholderAccount) : fact.accountId,
        ).take(fact);
        break;
      case 'clusterNames': {
        const known = new Set(clusters.all.map(({ name }) => name));
        const missing = fact.names.filter((name) => !known.has(name));
        if (missing.length === 0) break;
        const names = missing.map((name) => `\`${name}\``).join(', ');
        report({ area: 'cluster', reason: `of ${names} only the name is in the files`, place: fact.place });
        break;
      }
      case 'account':
      case 'snapshot':
        break;
      default:
        fact satisfies never;
    }
  }

  const knownAccounts = new Set(saved.flatMap(({ accounts }) => accounts.map(({ accountId }) => accountId)));
  const accounts = [...accountDrafts].map(([accountId, draft]) => draft.finish(knownAccounts.has(accountId)));
  const finished = [...clusterDrafts].flatMap(([arn, draft]) => {
    const { cluster, notes: assumed } = draft.finish(known.find((one) => one.arn === arn));
    notes.push(...assumed);
    return [cluster];
  });
  if (surroundings.isGuessed) {
    notes.push(
      `assumed: account ${surroundings.accountId}, whose principals get access; no file tells whose the clusters are`,
    );
  }
  // Whose manifests are does not matter to what is in them; whose roles are does.
  if (accountDrafts.has(placeholderAccount) || finished.some(namesPlaceholder)) {
    const reason = `no file tells the account, and ${placeholderAccount} stands for it; add the output of \`aws sts get-caller-identity\``;
    report({ area: 'file', reason });
  }
  const rest: Snapshot = {
    ...emptySnapshot(surroundings.partition, now),
    ...{ sources: notes, accounts, clusters: finished, gaps: gaps(), places },
  };
  const [first, ...others] = saved;
  if (first === undefined) return rest;
  return [...others, ...(facts.length > 0 ? [rest] : [])].reduce(mergeSnapshots, first);
}

function namesPlaceholder({ accessEntries }: SnapshotCluster): boolean {
  return accessEntries.some(({ principalArn }) => parseArn(principalArn)?.accountId === placeholderAccount);
}

/** Every text of a fact with its marks filled in. */
export function filled(fact: Fact, fill: (text: string) => string): Fact {
  // Only these hold texts made here; what else has a mark in it wrote it itself.
  switch (fact.fact) {
    case 'entry':
    case 'policies':
    case 'principal':
    case 'managedPolicy':
    case 'oidcProvider':
    case 'serviceAccount':
    case 'podIdentity':
    case 'awsAuth':
      return fillDeep(fact, fill) as Fact;
    default:
      return fact;
  }
}

function fillDeep(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => fillDeep(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [fill(name), fillDeep(member, fill)]),
  );
}
