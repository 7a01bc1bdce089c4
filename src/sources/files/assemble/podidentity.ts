import type { Place, SnapshotPodIdentityAssociation } from '../../../engine/analysis/snapshot/snapshot.ts';
import type { Fact } from '../facts.ts';
import { createShelf } from './draft.ts';

type NamesFact = Extract<Fact, { readonly fact: 'podIdentityNames' }>;

/** Collects what documents tell of the Pod Identity associations of one cluster. */
export function createPodIdentityDraft(gap: (reason: string, place?: Place) => void) {
  const associations = createShelf<SnapshotPodIdentityAssociation>(gap);
  const named = new Map<string, Place>();
  let areAll = false;
  return {
    take(association: SnapshotPodIdentityAssociation, place: Place): void {
      const key = accountKey(association);
      associations.put(key, association, place, () => `the pod identity of \`${key}\``);
    },
    takeNames({ accounts, place, ...fact }: NamesFact): void {
      if (fact.areAll) areAll = true;
      for (const account of accounts) named.set(accountKey(account), place);
    },
    /** Undefined where no document speaks of any; `isKnown`: a saved snapshot has them already. */
    finish(clusterText: string, isKnown: boolean): readonly SnapshotPodIdentityAssociation[] | undefined {
      for (const [key, place] of named) {
        if (associations.things.has(key) || isKnown) continue;
        gap(
          `the role of pod identity \`${key}\` is not told here; \`aws eks describe-pod-identity-association\` prints it`,
          place,
        );
      }
      if (associations.things.size === 0 && named.size === 0 && !areAll) return undefined;
      if (!areAll && !isKnown) {
        gap(
          `perhaps not all Pod Identity associations of ${clusterText} are in the files; \`aws eks list-pod-identity-associations\` prints whom they are for`,
        );
      }
      return [...associations.things.values()].map(({ thing }) => thing);
    },
  };
}

export function accountKey(one: { readonly namespace: string; readonly serviceAccount: string }): string {
  return `${one.namespace}/${one.serviceAccount}`;
}
