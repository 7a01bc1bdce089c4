import { expect, test } from 'vitest';
import { RevisionConflictError } from '../storage/storage.ts';
import { atomically as eks } from './eks/retrying.ts';
import { atomically as iam } from './iam/records.ts';
import { createAtomically } from './retrying.ts';

const atomically = createAtomically((cause) => new Error('come back', { cause }));
const conflict = new RevisionConflictError('key', 1, 2);

test('an attempt that lost a race runs again, one that failed otherwise does not', async () => {
  let attempts = 0;
  const losing = (times: number, last: () => unknown) => async (): Promise<unknown> => {
    attempts++;
    if (attempts <= times) throw conflict;
    return last();
  };
  expect(await atomically(losing(3, () => 'written'))).toBe('written');
  expect(attempts).toBe(4);
  attempts = 0;
  const broken = losing(1, () => {
    throw new Error('disk');
  });
  await expect(atomically(broken)).rejects.toThrow('disk');
  expect(attempts).toBe(2);
});

test.each([
  ['IAM', iam, 'ConcurrentModificationException'],
  ['EKS', eks, 'ServiceUnavailableException'],
])('whoever always loses is told to come back in the words of %s', async (_, ofService, code) => {
  let attempts = 0;
  const always = ofService(() => {
    attempts++;
    return Promise.reject(conflict);
  });
  await expect(always).rejects.toMatchObject({ code, cause: conflict });
  expect(attempts).toBe(100);
});
