import { splitSections } from '../../arn/arn.ts';
import { compileWildcard } from '../../arn/wildcard.ts';

/** Is there a text that both patterns match? Time and space grow with the product of their lengths. */
export function intersects(a: string, b: string): boolean {
  // reach[j]: can what stands before position i of `a` and before position j of `b` match one text?
  let reach = new Array<boolean>(b.length + 1).fill(false);
  reach[0] = true;
  for (let j = 0; j < b.length && b[j] === '*'; j++) reach[j + 1] = true;
  for (const left of a) {
    const next = new Array<boolean>(b.length + 1).fill(false);
    next[0] = reach[0] === true && left === '*';
    for (let j = 0; j < b.length; j++) {
      const right = b[j] ?? '';
      if (left === '*') next[j + 1] = (reach[j + 1] || next[j]) === true;
      else if (right === '*') next[j + 1] = (next[j] || reach[j + 1]) === true;
      else next[j + 1] = reach[j] === true && (left === right || left === '?' || right === '?');
    }
    reach = next;
  }
  return reach[b.length] === true;
}

/** Does `wide` match whatever `narrow` matches? No is the answer where that is hard to tell. */
export function covers(wide: string, narrow: string): boolean {
  // The stars of `narrow` stand for themselves here, and only a star of `wide` may take one.
  return !(wide.includes('?') && /[*?]/.test(narrow)) && compileWildcard(wide)(narrow);
}

/** Do two patterns of ARNs have a text in common, section by section (iam-facts B3)? */
export function arnsIntersect(a: string, b: string): boolean {
  return compareSections(a, b, intersects);
}

/** Does one pattern of ARNs cover another, section by section? A lone `*` covers all. */
export function arnCovers(wide: string, narrow: string): boolean {
  return isAll(wide) || compareSections(wide, narrow, covers);
}

function compareSections(a: string, b: string, compare: (a: string, b: string) => boolean): boolean {
  const left = splitSections(a);
  const right = splitSections(b);
  if (left === undefined || right === undefined) return false;
  return left.every((section, index) => compare(section, right[index] ?? ''));
}

/** Does the entry stand for everything: `*`, or an ARN of nothing but stars? */
export function isAll(pattern: string): boolean {
  return (
    /^\*+$/.test(pattern) ||
    (splitSections(pattern)
      ?.slice(1)
      .every((section) => /^\*+$/.test(section)) ??
      false)
  );
}

/** With every policy variable taken for a wildcard: what an entry may stand for. */
export function withoutVariables(pattern: string): string {
  return pattern.replace(/\$\{[^{}]*\}/g, '*');
}

/** The candidate most like the word, when one is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // A long word is no typing error, and comparing costs the product of the lengths.
  if (word.length > 80) return undefined;
  const most = Math.max(2, Math.floor(word.length / 8));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase(), most);
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Letters to change, add or take away; more than `most` when more than that. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const kept = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? most + 1;
}
