import { expect, test } from 'vitest';
import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import { createWatchSlots } from './slots.ts';

const named = (username: string): UserInfo => ({ username, uid: '', groups: [], extra: {} });

test('watches of the callers meant are stopped, the others go on, and both can be released', () => {
  const slots = createWatchSlots({ watches: 3, watchesPerUser: 3 });
  const stopped: string[] = [];
  const open = ['ada', 'eve', 'eve'].map((name, n) => {
    const slot = slots.take({ clusterId: 'c', holder: 'h', caller: named(name) }, () => {
      stopped.push(`${name} ${n}`);
      slot?.release();
    });
    return slot;
  });
  slots.stopThose(({ username }) => username === 'eve');
  expect(stopped).toEqual(['eve 1', 'eve 2']);
  expect(slots.open).toBe(1);
  open[0]?.release();
  open[1]?.release();
  expect(slots.open).toBe(0);
});
