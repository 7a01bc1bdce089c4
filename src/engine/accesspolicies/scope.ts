/** Where an associated access policy holds. `namespaces` is empty for the scope of a whole cluster. */
export interface AccessScope {
  readonly type: 'cluster' | 'namespace';
  readonly namespaces: readonly string[];
}

/** Whether a request's namespace ('' for none) is inside the scope. */
export type ScopeMatcher = (namespace: string) => boolean;

const everywhere: ScopeMatcher = () => true;

/**
 * Compiles a scope. A scope of namespaces never holds for a request without a namespace, be it a cluster-scoped
 * resource, a list across all namespaces or a URL path: as a RoleBinding would (kubernetes-facts B5, B7). By the same
 * analogy it does hold for the Namespace object itself, whose requests carry its own name as namespace (A5).
 *
 * COMPAT: the grammar of wildcards is not documented (eks-access-facts C6). Only `*` is one here, for any run of
 * characters, also none, anywhere and several times; `?` and all else stand for themselves, case counts. That is the
 * narrowest reading under which the documented `dev-*` works.
 */
export function compileScope(scope: AccessScope): ScopeMatcher {
  if (scope.type === 'cluster') return everywhere;
  const exact = new Set(scope.namespaces.filter((name) => !name.includes('*')));
  const patterns = scope.namespaces.filter((name) => name.includes('*')).map((name) => name.split('*'));
  return (namespace) =>
    namespace !== '' && (exact.has(namespace) || patterns.some((pieces) => matchesPieces(pieces, namespace)));
}

/** Greedy match of the literal pieces around the stars: linear, no backtracking over hostile patterns. */
function matchesPieces(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? '';
  const last = pieces[pieces.length - 1] ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, position);
    if (found < 0 || found + piece.length > end) return false;
    position = found + piece.length;
  }
  return true;
}
