import type { Usage } from '../../engine/analysis/accesslint/facts.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { createUsageReader, readUsageFiles } from '../../sources/usage/usage.ts';

/**
 * Who used what in a cluster, from logs, each once: logs are long, and who comes once comes often. What is known begins with
 * the oldest record. Undefined usage: the files hold none.
 */
export async function readUsage(
  files: readonly string[],
): Promise<{ readonly usage: Usage | undefined; readonly gaps: readonly Gap[] }> {
  const uses = new Map<string, AccessUse>();
  let since = Number.POSITIVE_INFINITY;
  const reader = createUsageReader((use) => {
    since = Math.min(since, use.at);
    const { did, who, allowed } = use;
    if (did.kind !== 'kubernetes' || !allowed) return;
    const key = JSON.stringify([
      did.cluster,
      who.principalArn,
      who.principalId,
      isNamed(who) ? '' : who.username,
    ]);
    if (!uses.has(key)) uses.set(key, use);
  });
  await readUsageFiles(files, reader);
  const usage = since === Number.POSITIVE_INFINITY ? undefined : { uses: [...uses.values()], since };
  return { usage, gaps: reader.gaps() };
}

function isNamed({ principalArn, principalId }: AccessUse['who']): boolean {
  return principalArn !== undefined || principalId !== undefined;
}
