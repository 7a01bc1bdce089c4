import { nearest } from '../../engine/analysis/policylint/patterns.ts';
import type { SnapshotCluster } from '../../engine/analysis/snapshot/snapshot.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { printable } from '../render/printable.ts';

/**
 * Standard error, where a namespace is asked about that no cluster has whose namespaces were all read: the answer holds, and
 * is hardly what was meant.
 */
export function noteMissingNamespace({ clusters, snapshot }: World, namespace: string | undefined): void {
  if (namespace === undefined || snapshot.gaps.some(({ area }) => area === 'namespaces')) return;
  const known: string[] = [];
  for (const { cluster } of clusters) {
    const { namespaces }: SnapshotCluster = cluster;
    if (namespaces === undefined || namespaces.includes(namespace)) return;
    known.push(...namespaces);
  }
  const near = nearest(namespace, known);
  const hint =
    near === undefined
      ? `the answer is for one of that name to come; there is ${[...new Set(known)].slice(0, 8).join(', ')}`
      : `did you mean \`${near}\`?`;
  process.stderr.write(
    `entryway: ${printable(`there is no namespace \`${namespace}\``)}\nhint: ${printable(hint)}\n`,
  );
}
