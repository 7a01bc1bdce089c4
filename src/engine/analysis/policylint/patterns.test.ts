import { expect, test } from 'vitest';
import { compileWildcard } from '../../arn/wildcard.ts';
import { arnCovers, arnsIntersect, covers, intersects, isAll, nearest } from './patterns.ts';

/** Every text over two letters up to a length, and every pattern over them with both wildcards. */
function words(letters: readonly string[], length: number): readonly string[] {
  if (length === 0) return [''];
  const shorter = words(letters, length - 1);
  return [
    ...shorter,
    ...shorter.filter((word) => word.length === length - 1).flatMap((word) => letters.map((l) => word + l)),
  ];
}

const texts = words(['a', 'b'], 5);
const patterns = words(['a', 'b', '*', '?'], 3);

test('two patterns intersect exactly when a text matches both', () => {
  for (const a of patterns) {
    const matched = texts.filter(compileWildcard(a));
    for (const b of patterns) {
      const matches = compileWildcard(b);
      expect(intersects(a, b), `${a} and ${b}`).toBe(matched.some(matches));
    }
  }
});

test('a pattern said to cover another matches whatever that one matches', () => {
  let covered = 0;
  for (const wide of patterns) {
    const matches = compileWildcard(wide);
    for (const narrow of patterns) {
      if (!covers(wide, narrow)) continue;
      covered++;
      expect(texts.filter(compileWildcard(narrow)).every(matches), `${wide} over ${narrow}`).toBe(true);
    }
  }
  expect(covered).toBeGreaterThan(200);
});

test('ARNs compare section by section: no wildcard reaches over a colon', () => {
  expect(arnsIntersect('arn:aws:eks:*:cluster/a', 'arn:*:eks:*:*:cluster/*')).toBe(false);
  expect(arnsIntersect('arn:aws:eks:us-*:1*:cluster/a', 'arn:*:eks:*:*:cluster/*')).toBe(true);
  expect(arnCovers('arn:aws:eks:*:*:*', 'arn:aws:eks:us-east-1:1:cluster/a')).toBe(true);
  expect(arnCovers('arn:aws:eks:*:*:cluster/*', 'arn:aws:eks:*:*:*')).toBe(false);
  expect(arnCovers('*', 'no arn at all')).toBe(true);
});

test.each([
  ['*', true],
  ['**', true],
  ['arn:*:*:*:*:*', true],
  ['arn:aws:eks:*:*:*', false],
  ['a*', false],
])('stands %s for everything: %s', (pattern, expected) => {
  expect(isAll(pattern)).toBe(expected);
});

test('the nearest word is near', () => {
  expect(nearest('eks:DescribeClustr', ['eks:DescribeCluster', 'eks:DeleteCluster'])).toBe(
    'eks:DescribeCluster',
  );
  expect(nearest('eks:FlyToTheMoon', ['eks:DescribeCluster', 'eks:DeleteCluster'])).toBeUndefined();
});
