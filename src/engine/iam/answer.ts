/**
 * What can be said about one element of a statement. INVARIANT: an Allow needs `yes`, a Deny needs anything but `no`;
 * so whatever cannot be evaluated refuses (iam-facts D11).
 */
export type Answer = 'yes' | 'no' | 'unknown';

/**
 * Does any match? One certain match settles it; otherwise one doubt keeps it open. What is asked comes as arguments:
 * a closure for each question would be the one thing that evaluation allocates.
 */
export function anyOf<T, A, B>(
  items: readonly T[],
  judge: (item: T, a: A, b: B) => Answer,
  a: A,
  b: B,
): Answer {
  let answer: Answer = 'no';
  for (const item of items) {
    const one = judge(item, a, b);
    if (one === 'yes') return 'yes';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

export function not(answer: Answer): Answer {
  return answer === 'yes' ? 'no' : answer === 'no' ? 'yes' : 'unknown';
}
