import { expect, test } from 'vitest';
import { blockWindow } from '../../services/entryway/blocks.ts';
import { seconds, tokenWindow, windows } from '../bundle/windows.ts';

test('what a block says about connected clusters is what the bundle sets them up for', () => {
  expect(blockWindow).toContain(`within ${seconds(tokenWindow)} for tokens`);
  expect(blockWindow).toContain(`and ${seconds(windows.authorized)} for access policies`);
  expect(blockWindow).not.toContain('\n');
});
