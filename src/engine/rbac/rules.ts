/** rbac.authorization.k8s.io/v1 PolicyRule, with absent lists empty. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/**
 * What stands before the stars at the end of a nonResourceURL. By hand: `/\*+$/` tries every inner run of stars from
 * each of its places, hours for a rule of a megabyte.
 */
export function withoutFinalStars(url: string): string {
  let end = url.length;
  while (url[end - 1] === '*') end--;
  return url.slice(0, end);
}
