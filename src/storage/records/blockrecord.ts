import type { BlockRecord } from './connections.ts';
import { blocksPrefix } from './keys.ts';

/**
 * A stored block, and whether all of it could be read.
 *
 * SECURITY: whom a block is about stands in its key. One whose value cannot be read holds all the same, without an end: what
 * is lost must not let anybody in.
 */
export function readBlockRecord(
  key: string,
  value: string,
): { readonly block: BlockRecord; readonly isWhole: boolean } {
  const record = parsed(value);
  const [kind = '', ...target] = key.slice(blocksPrefix.length).split('/');
  const { until, createdAt } = record ?? {};
  const isWhole = record !== undefined && (until === undefined || typeof until === 'number');
  const block: BlockRecord = {
    blockId: textOf(record?.blockId),
    kind: kind as BlockRecord['kind'],
    target: target.join('/'),
    ...(isWhole && until !== undefined && { until }),
    reason: textOf(record?.reason),
    createdAt: typeof createdAt === 'number' ? createdAt : 0,
    createdBy: textOf(record?.createdBy),
  };
  return { block, isWhole };
}

function parsed(value: string): { readonly [Member in keyof BlockRecord]?: unknown } | undefined {
  try {
    const record: unknown = JSON.parse(value);
    return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
