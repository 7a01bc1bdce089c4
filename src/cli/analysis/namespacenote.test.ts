import { afterEach, expect, test, vi } from 'vitest';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import { testWorld } from '../../engine/analysis/testworld.ts';
import { noteMissingNamespace } from './namespacenote.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function noted(
  namespace: string | undefined,
  namespaces: readonly string[],
  gaps: readonly Gap[] = [],
): string {
  let text = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  noteMissingNamespace(testWorld({ cluster: { namespaces }, gaps }).world, namespace);
  write.mockRestore();
  return text;
}

test('a namespace that is not there is told, with what may be meant', () => {
  expect(noted('paymnets', ['payments', 'dev'])).toBe(
    'entryway: there is no namespace `paymnets`\nhint: did you mean `payments`?\n',
  );
  expect(noted('elsewhere', ['payments', 'dev'])).toContain(
    'hint: the answer is for one of that name to come',
  );
});

test('nothing is said of one that is there, of none, and where not all were read', () => {
  expect(noted('dev', ['dev'])).toBe('');
  expect(noted(undefined, ['dev'])).toBe('');
  expect(noted('dev', ['prod'], [{ area: 'namespaces', reason: 'they were refused' }])).toBe('');
});
