import { expect, test } from 'vitest';
import { createCallSlots } from './slots.ts';

const never = new AbortController().signal;

test('one cluster’s slow calls leave places to others, and those who wait go in by turns', async () => {
  const slots = createCallSlots({ all: 3, each: 2 });
  const running: string[] = [];
  const ends: (() => void)[] = [];
  const call = (of: string, name: string) =>
    slots.run(of, never, () => {
      running.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const calls = [call('a', 'a1'), call('a', 'a2'), call('a', 'a3'), call('b', 'b1'), call('b', 'b2')];
  await Promise.resolve();
  expect(running).toEqual(['a1', 'a2', 'b1']);
  for (let done = 0; done < calls.length; done += 1) {
    await expect.poll(() => ends.length).toBeGreaterThan(done);
    ends[done]?.();
    await calls[['a1', 'a2', 'a3', 'b1', 'b2'].indexOf(running[done] ?? '')];
  }
  expect(running).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
});

test('a few clusters that hold what they can leave a place to the next', async () => {
  const slots = createCallSlots({ all: 8, each: 4 });
  const running: string[] = [];
  const ends: (() => void)[] = [];
  const call = (of: string) =>
    slots.run(of, never, () => {
      running.push(of);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const calls = ['a', 'b', 'c', 'd'].flatMap((of) => Array.from({ length: 9 }, () => call(of)));
  await Promise.resolve();
  expect(running.join('')).toBe('aaaabbcd');
  for (let done = 0; done < calls.length; done += 1) {
    await expect.poll(() => ends.length).toBeGreaterThan(done);
    ends[done]?.();
  }
  await Promise.all(calls);
});

test('who waits longer than its time leaves without a place, and one that fails gives its place back', async () => {
  const slots = createCallSlots({ all: 1, each: 1 });
  let fail = (): void => undefined;
  const failing = slots.run(
    'a',
    never,
    () => new Promise<void>((_, reject) => (fail = () => reject(new Error('no')))),
  );
  const time = new AbortController();
  const late = slots.run('a', time.signal, async () => 'called');
  const patient = slots.run('a', never, async () => 'called');
  time.abort();
  await expect(late).rejects.toThrow('too many webhooks are being called');
  await expect(slots.run('a', time.signal, async () => 'called')).rejects.toThrow('too many');
  fail();
  await expect(failing).rejects.toThrow('no');
  expect(await patient).toBe('called');
});
