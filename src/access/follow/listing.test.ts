import { expect, test } from 'vitest';
import { type FollowedKind, followedKinds } from './kinds.ts';
import { listKind } from './listing.ts';

const [namespaces] = followedKinds as readonly [FollowedKind, ...FollowedKind[]];
const { signal } = new AbortController();

test('pages without end are not collected beyond the characters that are kept', async () => {
  let pages = 0;
  const api = {
    async get() {
      const items = Array.from({ length: 10 }, (_, n) => ({
        metadata: { name: `p${pages}n${n}`, uid: 'x'.repeat(1_000) },
      }));
      const metadata = { resourceVersion: '1', continue: `${++pages}` };
      return { body: { kind: 'NamespaceList', metadata, items }, serverTime: undefined };
    },
  };
  const limits = { page: 10, objects: 1_000_000, characters: 50_000 };
  await expect(listKind(api, namespaces, signal, limits)).rejects.toMatchObject({
    code: 'tooLarge',
    message: 'there are more than 50000 characters of namespaces',
  });
  expect(pages).toBe(5);
});
