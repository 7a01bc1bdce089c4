import { expect, test, vi } from 'vitest';
import { CommandError } from '../failure.ts';
import { rotateKeys } from './rotatekeys.ts';

test('tokens are not ended before somebody has read what that means', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  // Without a server: nothing is asked of one.
  await expect(rotateKeys('prod', { revoke: true, data: '/nonexistent' })).rejects.toThrow(CommandError);
  expect(write.mock.calls.join('')).toContain('every service account token of cluster prod would be refused');
  write.mockRestore();
});
