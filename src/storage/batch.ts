import { type Batch, StorageError } from './storage.ts';

/**
 * Refuses batches no store can keep faithfully. SECURITY: a lone surrogate becomes U+FFFD on its way to UTF-8, so two
 * keys that differ here would be one key there.
 */
export function checkBatch(batch: Batch): void {
  if (batch.changes.length === 0) throw invalid('a batch needs at least one change');
  const keys = new Set<string>();
  for (const change of batch.changes) {
    checkText(change.key, 'key');
    if (change.type === 'put') checkText(change.value, 'value');
    if (keys.has(change.key)) throw invalid(`key \`${change.key}\` is changed twice in one batch`);
    keys.add(change.key);
  }
  for (const { key } of batch.expect ?? []) checkText(key, 'key');
}

function checkText(text: string, what: string): void {
  if (!text.isWellFormed()) throw invalid(`${what} is not well-formed text`);
}

function invalid(message: string): StorageError {
  return new StorageError('storageFailed', message);
}
