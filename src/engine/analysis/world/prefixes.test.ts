import { expect, test } from 'vitest';
import { createPrefixIndex } from './prefixes.ts';

test('every name that begins so is found, and no other', () => {
  const names = ['', 'a', 'ab', 'abc', 'abd', 'b', 'B', 'é', '\ud83d\ude00x', 'ab\uffff'];
  const index = createPrefixIndex(new Set(names));
  for (const prefix of ['', 'a', 'ab', 'abc', 'abcd', 'B', 'z', 'é', '\ud83d', '\ud83d\ude00']) {
    expect([...index.startingWith(prefix)], prefix).toEqual(
      names.filter((name) => name.startsWith(prefix)).sort(),
    );
  }
});
