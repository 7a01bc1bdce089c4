import { describe, expect, test } from 'vitest';
import { compareKeys } from '../order.ts';
import {
  type Change,
  type Revision,
  RevisionCompactedError,
  RevisionConflictError,
  type Storage,
  type StoredEntry,
} from '../storage.ts';

/** How the suite gets stores of one kind. Every call opens a new, empty one; the suite closes what it opens. */
export interface StorageUnderTest {
  readonly name: string;
  open(options?: {
    readonly retainedChanges?: number;
    readonly retainedCharacters?: number;
  }): Promise<Storage>;
}

const put = (key: string, value = key) => ({ type: 'put', key, value }) as const;
const remove = (key: string) => ({ type: 'delete', key }) as const;
const keysOf = (entries: readonly StoredEntry[]): readonly string[] => entries.map(({ key }) => key);

/** Records what a watch is told, as `revision: key=value` and `revision: -key`. */
function recorder() {
  const lines: string[] = [];
  const batches: (readonly Change[])[] = [];
  const listener = (changes: readonly Change[], revision: Revision): void => {
    batches.push(changes);
    for (const { key, value } of changes)
      lines.push(`${revision}: ${value === undefined ? `-${key}` : `${key}=${value}`}`);
  };
  return { lines, batches, listener };
}

/** The contract of `storage.ts`, for every implementation. */
export function describeStorage(subject: StorageUnderTest): void {
  const withStore = async (
    run: (store: Storage) => Promise<void>,
    options?: Parameters<StorageUnderTest['open']>[0],
  ): Promise<void> => {
    const store = await subject.open(options);
    try {
      await run(store);
    } finally {
      await store.close();
    }
  };

  describe(`${subject.name}: keys and values`, () => {
    test('an empty store has revision 0 and nothing in it', () =>
      withStore(async (store) => {
        expect(store.revision()).toBe(0);
        expect(await store.get('a')).toBeUndefined();
        expect(await store.list({ prefix: '' })).toEqual({ entries: [], revision: 0, more: false });
        expect(await store.count('')).toBe(0);
      }));

    test('keys differ by case, by accent form and by width', () =>
      withStore(async (store) => {
        const keys = ['a/Ops', 'a/ops', 'a/OPS', 'a/\u00e9', 'a/e\u0301', 'a/\uff4f', 'a/o', 'a/o '];
        await store.commit({ changes: keys.map((key) => put(key)) });
        for (const key of keys) expect((await store.get(key))?.value).toBe(key);
        expect(await store.get('A/ops')).toBeUndefined();
        expect(await store.count('a/o')).toBe(3);
      }));

    test('a prefix is text, not a pattern', () =>
      withStore(async (store) => {
        await store.commit({ changes: ['a%/x', 'ab/x', 'a_/x', 'a*/x', 'a[b]/x'].map((key) => put(key)) });
        for (const prefix of ['a%', 'a_', 'a*', 'a[']) {
          expect(keysOf((await store.list({ prefix })).entries)).toHaveLength(1);
        }
      }));

    test('every value comes back as it was: empty, long, with quotes, line breaks and astral characters', () =>
      withStore(async (store) => {
        for (const value of [
          '',
          '\'"\\;--',
          'a\r\n\tb',
          '\u{1f600}',
          'x'.repeat(2_000_000),
          '{"a":"\\u0000"}',
          'a\0b',
        ]) {
          await store.commit({ changes: [put('k', value)] });
          expect((await store.get('k'))?.value === value).toBe(true);
        }
      }));

    test('a key keeps a NUL and what follows it', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('a'), put('a\0'), put('a\0b')] });
        expect(keysOf((await store.list({ prefix: 'a' })).entries)).toEqual(['a', 'a\0', 'a\0b']);
        expect(keysOf((await store.list({ prefix: 'a', after: 'a' })).entries)).toEqual(['a\0', 'a\0b']);
      }));

    test.each([
      ['no change at all', { changes: [] }],
      ['a key twice', { changes: [put('a'), remove('a')] }],
      ['a key that is no text', { changes: [put('\ud800')] }],
      ['a value that is no text', { changes: [put('a', '\udc00')] }],
    ])('a batch with %s is refused and changes nothing', (_name, batch) =>
      withStore(async (store) => {
        await expect(store.commit(batch)).rejects.toMatchObject({ code: 'storageFailed' });
        expect(store.revision()).toBe(0);
      }),
    );

    test('a key that is no text finds nothing', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('\ufffd')] });
        expect(await store.get('\ud800')).toBeUndefined();
      }));

    test('getMany answers in order, with gaps', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('a'), put('b')] });
        const found = await store.getMany(['b', 'x', 'a', 'b']);
        expect(found.map((entry) => entry?.key)).toEqual(['b', undefined, 'a', 'b']);
      }));
  });

  describe(`${subject.name}: lists`, () => {
    /** Around the surrogates, where UTF-16 order and byte order differ. */
    const ordered = [
      'a',
      'a/',
      'a/b',
      'a0',
      'b',
      'z',
      '\u007f',
      '\u0080',
      '\u07ff',
      '\u0800',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{1f600}',
      '\u{10ffff}',
      '\u{10ffff}\u{10ffff}',
    ];

    test('are in bytewise order of the UTF-8 form', () =>
      withStore(async (store) => {
        await store.commit({ changes: ordered.toReversed().map((key) => put(key)) });
        const listed = keysOf((await store.list({ prefix: '' })).entries);
        expect(listed).toEqual(ordered);
        const bytes = [...ordered].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(listed).toEqual(bytes);
        expect([...ordered].reverse().sort(compareKeys)).toEqual(bytes);
      }));

    test.each(['', 'a', 'a/', '\ud7ff', '\uffff', '\u{10ffff}', 'nothing'])(
      'under the prefix %j are the keys that start with it',
      (prefix) =>
        withStore(async (store) => {
          await store.commit({ changes: ordered.map((key) => put(key)) });
          const expected = ordered.filter((key) => key.startsWith(prefix));
          expect(keysOf((await store.list({ prefix })).entries)).toEqual(expected);
          expect(await store.count(prefix)).toBe(expected.length);
        }),
    );

    test('page by page give each key once, whatever the page size', () =>
      withStore(async (store) => {
        const keys = Array.from({ length: 25 }, (_, index) => `p/${String(index).padStart(2, '0')}`);
        await store.commit({ changes: [put('o'), put('q'), ...keys.map((key) => put(key))] });
        for (const limit of [1, 2, 7, 24, 25, 26]) {
          const seen: string[] = [];
          for (let after: string | undefined, more = true; more; after = seen.at(-1)) {
            const page = await store.list({ prefix: 'p/', limit, ...(after === undefined ? {} : { after }) });
            seen.push(...keysOf(page.entries));
            more = page.more;
            expect(page.entries.length).toBeLessThanOrEqual(limit);
          }
          expect(seen).toEqual(keys);
        }
      }));

    test.each([
      ['before the prefix', 'a', ['p/1', 'p/2']],
      ['the prefix itself', 'p/', ['p/1', 'p/2']],
      ['a key that was deleted', 'p/10', ['p/2']],
      ['the last key', 'p/2', []],
      ['behind the prefix', 'z', []],
    ] as const)('after %s', (_name, after, expected) =>
      withStore(async (store) => {
        await store.commit({ changes: [put('o'), put('p/1'), put('p/2'), put('q')] });
        expect(keysOf((await store.list({ prefix: 'p/', after })).entries)).toEqual(expected);
      }),
    );

    test('of thousands of keys are of one moment, although writes go on', () =>
      withStore(async (store) => {
        const changes = Array.from({ length: 9000 }, (_, index) =>
          put(`n/${String(index).padStart(5, '0')}`, 'old'),
        );
        await store.commit({ changes });
        const listing = store.list({ prefix: 'n/' });
        const writing = store.commit({
          changes: [put('n/08999', 'new'), remove('n/08998'), put('n/zzz', 'new')],
        });
        const { entries, revision, more } = await listing;
        expect([entries.length, revision, more]).toEqual([9000, 1, false]);
        expect(entries.every(({ value }) => value === 'old')).toBe(true);
        await writing;
        const limited = await store.list({ prefix: 'n/', limit: 8999 });
        expect([limited.entries.length, limited.revision, limited.more]).toEqual([8999, 2, true]);
        expect((await store.list({ prefix: 'n/', limit: 9000 })).more).toBe(false);
      }));
  });

  describe(`${subject.name}: commits`, () => {
    test('each batch has the next revision, and its keys carry it', () =>
      withStore(async (store) => {
        expect(await store.commit({ changes: [put('a'), put('b')] })).toBe(1);
        expect(await store.commit({ changes: [put('b', 'again')] })).toBe(2);
        expect(await store.get('a')).toEqual({ key: 'a', value: 'a', revision: 1 });
        expect(await store.get('b')).toEqual({ key: 'b', value: 'again', revision: 2 });
        expect(store.revision()).toBe(2);
      }));

    test('an expectation that fails changes nothing and says what is there', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('a')] });
        const batch = {
          expect: [
            { key: 'b', revision: 0 },
            { key: 'a', revision: 0 },
          ],
          changes: [put('b'), put('a', 'new')],
        };
        const error = await store.commit(batch).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(RevisionConflictError);
        expect(error).toMatchObject({ code: 'revisionConflict', key: 'a', expected: 0, actual: 1 });
        expect(await store.get('b')).toBeUndefined();
        expect(store.revision()).toBe(1);
      }));

    test('an expectation may name a key that the batch does not change', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('guard')] });
        await store.commit({ expect: [{ key: 'guard', revision: 1 }], changes: [put('a')] });
        await store.commit({ changes: [remove('guard')] });
        const late = store.commit({ expect: [{ key: 'guard', revision: 1 }], changes: [put('b')] });
        await expect(late).rejects.toMatchObject({ actual: 0 });
      }));

    test('of two that create the same key at once, one succeeds and one hears of the conflict', () =>
      withStore(async (store) => {
        const create = (value: string) =>
          store.commit({ expect: [{ key: 'a', revision: 0 }], changes: [put('a', value)] });
        const results = await Promise.allSettled(['x', 'y', 'z'].map(create));
        expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
        expect((await store.get('a'))?.revision).toBe(1);
        expect(store.revision()).toBe(1);
      }));

    test('a refused batch does not hurt its neighbours, and later ones see the effect of earlier ones', () =>
      withStore(async (store) => {
        const results = await Promise.allSettled([
          store.commit({ changes: [put('a', '1')] }),
          store.commit({ expect: [{ key: 'a', revision: 0 }], changes: [put('never')] }),
          store.commit({ expect: [{ key: 'a', revision: 1 }], changes: [put('a', '2')] }),
          store.commit({ changes: [] }),
          store.commit({ expect: [{ key: 'a', revision: 2 }], changes: [remove('a'), put('b')] }),
        ]);
        expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
          1,
          'refused',
          2,
          'refused',
          3,
        ]);
        expect(keysOf((await store.list({ prefix: '' })).entries)).toEqual(['b']);
      }));

    test('hundreds of commits in one turn are applied in order of arrival', () =>
      withStore(async (store) => {
        const revisions = await Promise.all(
          Array.from({ length: 1500 }, (_, index) => store.commit({ changes: [put('k', String(index))] })),
        );
        expect(revisions).toEqual(Array.from({ length: 1500 }, (_, index) => index + 1));
        expect(await store.get('k')).toEqual({ key: 'k', value: '1499', revision: 1500 });
      }));

    test('counting up in many racing loops loses nothing', () =>
      withStore(async (store) => {
        await store.commit({ changes: [put('n', '0')] });
        const increment = async (): Promise<void> => {
          for (;;) {
            const current = await store.get('n');
            if (current === undefined) throw new Error('the counter is gone');
            try {
              await store.commit({
                expect: [current],
                changes: [put('n', String(Number(current.value) + 1))],
              });
              return;
            } catch (error) {
              if (!(error instanceof RevisionConflictError)) throw error;
            }
          }
        };
        await Promise.all(Array.from({ length: 20 }, increment));
        expect((await store.get('n'))?.value).toBe('20');
        expect(store.revision()).toBe(21);
      }));

    test('deleting a missing key is no event, but the batch has its revision', () =>
      withStore(async (store) => {
        const { lines, listener } = recorder();
        store.watch({ prefix: '' }, listener);
        expect(await store.commit({ changes: [remove('a')] })).toBe(1);
        expect(lines).toEqual([]);
        await store.commit({ changes: [put('a'), remove('b')] });
        expect(lines).toEqual(['2: a=a']);
      }));
  });

  describe(`${subject.name}: watches`, () => {
    test('the listener has seen a batch before its commit resolves', () =>
      withStore(async (store) => {
        const { lines, listener } = recorder();
        store.watch({ prefix: 'a/' }, listener);
        const commits = ['a/1', 'a/2', 'b/1', 'a/3'].map((key, index) =>
          store.commit({ changes: [put(key)] }).then((revision) => {
            expect(revision).toBe(index + 1);
            if (key.startsWith('a/')) expect(lines).toContain(`${revision}: ${key}=${key}`);
          }),
        );
        await Promise.all(commits);
        expect(lines).toEqual(['1: a/1=a/1', '2: a/2=a/2', '4: a/3=a/3']);
      }));

    test('a batch comes once, whole, with what was there before', () =>
      withStore(async (store) => {
        const { batches, listener } = recorder();
        await store.commit({ changes: [put('a', 'old'), put('b', 'old')] });
        store.watch({ prefix: '' }, listener);
        await store.commit({ changes: [put('a', 'new'), remove('b'), put('c', 'new')] });
        const was = (key: string) => ({ key, value: 'old', revision: 1 });
        expect(batches).toEqual([
          [
            { key: 'a', revision: 2, value: 'new', previous: was('a') },
            { key: 'b', revision: 2, value: undefined, previous: was('b') },
            { key: 'c', revision: 2, value: 'new', previous: undefined },
          ],
        ]);
      }));

    test('with `after`, the retained changes come first, and none is missed or doubled', () =>
      withStore(async (store) => {
        for (const key of ['a/1', 'b/1', 'a/2', 'a/3']) await store.commit({ changes: [put(key)] });
        const { lines, listener } = recorder();
        store.watch({ prefix: 'a/', after: 1 }, listener);
        expect(lines).toEqual(['3: a/2=a/2', '4: a/3=a/3']);
        await store.commit({ changes: [remove('a/1')] });
        expect(lines.at(-1)).toBe('5: -a/1');
        expect(lines).toHaveLength(3);
      }));

    test('a list and a watch from its revision miss nothing', () =>
      withStore(async (store) => {
        const writes = Array.from({ length: 50 }, (_, index) =>
          store.commit({ changes: [put(`k/${index}`)] }),
        );
        const { entries, revision } = await store.list({ prefix: 'k/' });
        const { lines, listener } = recorder();
        store.watch({ prefix: 'k/', after: revision }, listener);
        await Promise.all(writes);
        expect(entries.length + lines.length).toBe(50);
      }));

    test.each([
      ['too many changes', { retainedChanges: 10 }],
      ['too much text', { retainedCharacters: 60 }],
    ])('after %s the oldest are compacted, and asking for them says so', (_name, options) =>
      withStore(async (store) => {
        for (let index = 0; index < 100; index++)
          await store.commit({ changes: [put(`k/${index % 10}`, 'v')] });
        expect(() => store.watch({ prefix: '', after: 0 }, () => {})).toThrow(RevisionCompactedError);
        let oldest = 0;
        try {
          store.watch({ prefix: '', after: 1 }, () => {});
        } catch (error) {
          oldest = (error as RevisionCompactedError).oldest;
        }
        expect(oldest).toBeGreaterThan(80);
        const { lines, listener } = recorder();
        store.watch({ prefix: '', after: oldest }, listener);
        expect(lines).toHaveLength(100 - oldest);
        expect(() => store.watch({ prefix: '', after: oldest - 1 }, () => {})).toThrow(
          RevisionCompactedError,
        );
      }, options),
    );

    test('journals are told to those who watch them alone, and crowd nothing out', () =>
      withStore(
        async (store) => {
          await store.commit({ changes: [put('a/1')] });
          const all = recorder();
          const journal = recorder();
          store.watch({ prefix: '' }, all.listener);
          store.watch({ prefix: 'trail/' }, journal.listener);
          for (let index = 0; index < 50; index++) {
            await store.commit({ changes: [put(`trail/${index}`), put(`usage/${index}`)] });
          }
          await store.commit({ changes: [put('a/2'), put('trail/last')] });
          expect(all.lines).toEqual(['52: a/2=a/2']);
          expect(journal.lines).toHaveLength(51);
          const late = recorder();
          store.watch({ prefix: '', after: 1 }, late.listener);
          expect(late.lines).toEqual(['52: a/2=a/2']);
        },
        { retainedChanges: 10 },
      ));

    test('a closed watch hears nothing more, even when closed by another listener', () =>
      withStore(async (store) => {
        const { lines, listener } = recorder();
        const second: { close?: () => void } = {};
        const first = store.watch({ prefix: '' }, () => second.close?.());
        const watch = store.watch({ prefix: '' }, listener);
        second.close = () => watch.close();
        await store.commit({ changes: [put('a')] });
        first.close();
        await store.commit({ changes: [put('b')] });
        expect(lines).toEqual([]);
      }));
  });

  describe(`${subject.name}: closing`, () => {
    test('waits for commits under way; what comes later is refused', async () => {
      const store = await subject.open();
      const before = Array.from({ length: 10 }, (_, index) => store.commit({ changes: [put(`k/${index}`)] }));
      const closing = store.close();
      expect((await Promise.allSettled(before)).every(({ status }) => status === 'fulfilled')).toBe(true);
      await closing;
      await store.close();
      const closed = { code: 'storageClosed' };
      await expect(store.get('k/1')).rejects.toMatchObject(closed);
      await expect(store.getMany([])).rejects.toMatchObject(closed);
      await expect(store.list({ prefix: '' })).rejects.toMatchObject(closed);
      await expect(store.count('')).rejects.toMatchObject(closed);
      await expect(store.commit({ changes: [put('a')] })).rejects.toMatchObject(closed);
      expect(() => store.watch({ prefix: '' }, () => {})).toThrow('closed');
    });
  });
}
