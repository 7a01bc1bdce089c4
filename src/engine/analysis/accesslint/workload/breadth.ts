import { compileWildcard } from '../../../arn/wildcard.ts';
import type { Statement } from '../../../iam/document.ts';
import { withoutVariables } from '../../policylint/patterns.ts';

/**
 * How many service accounts a trust policy means by `…:sub`. `everyNamespace`: of namespaces that do not exist yet as well.
 * `someNamespaces`: whose names fit. `wholeNamespace`: all of one. `named`: each by its name, or by a part of it in one namespace.
 */
export type Breadth = 'everyNamespace' | 'someNamespaces' | 'wholeNamespace' | 'named';

const breadths: readonly Breadth[] = ['named', 'wholeNamespace', 'someNamespaces', 'everyNamespace'];
const prefix = 'system:serviceaccount:';

/**
 * The widest value of the narrowest condition on the subject, since all conditions must hold and one value is enough. Undefined
 * where no condition limits the subject (of which `EW-POL-603` tells), or where it is not about service accounts.
 */
export function subjectBreadth(
  { conditions }: Statement,
  host: string,
  isCluster: boolean,
): { readonly breadth: Breadth; readonly pattern: string } | undefined {
  let narrowest: { readonly breadth: Breadth; readonly pattern: string } | undefined;
  for (const { key, operator, values } of conditions) {
    if (key.toLowerCase() !== `${host}:sub`.toLowerCase()) continue;
    const comparison = /^(?:ForAnyValue:)?String(Equals|EqualsIgnoreCase|Like)$/i.exec(operator)?.[1];
    if (comparison === undefined) continue;
    const isLike = comparison.toLowerCase() === 'like';
    let widest: { readonly breadth: Breadth; readonly pattern: string } | undefined;
    for (const pattern of values) {
      // A star that is no wildcard is a character that no subject has.
      const breadth = isLike ? breadthOf(pattern, isCluster) : 'named';
      if (breadth === undefined) return undefined;
      if (widest === undefined || rank(breadth) > rank(widest.breadth)) widest = { breadth, pattern };
    }
    if (widest === undefined) continue;
    if (narrowest === undefined || rank(widest.breadth) < rank(narrowest.breadth)) narrowest = widest;
  }
  return narrowest;
}

function rank(breadth: Breadth): number {
  return breadths.indexOf(breadth);
}

/** Undefined: everybody, or nobody that is a service account. */
function breadthOf(value: string, isCluster: boolean): Breadth | undefined {
  const pattern = withoutVariables(value);
  if (/^\*+$/.test(pattern)) return undefined;
  const first = pattern.search(/[*?]/);
  const head = first < 0 ? pattern : pattern.slice(0, first);
  // `*:main` means service accounts only where the provider is a cluster’s.
  const isAbout = head.startsWith('system:') || (isCluster && prefix.startsWith(head));
  if (!isAbout) return undefined;
  if (first < 0) return 'named';
  const matches = compileWildcard(pattern);
  const last = pattern
    .slice(pattern.lastIndexOf(':') + 1)
    .replaceAll('*', 'x')
    .replaceAll('?', 'x');
  if (matchesUnheardOf((namespace) => matches(`${prefix}${namespace}:${last}`))) return 'everyNamespace';
  if (!head.startsWith(prefix)) return matches(`${prefix}x:x`) ? 'someNamespaces' : 'named';
  const [namespace = '', name] = splitOnce(pattern.slice(prefix.length));
  if (name === undefined || /[*?]/.test(namespace)) return 'someNamespaces';
  return matchesUnheardOf((account) => matches(`${prefix}${namespace}:${account}`))
    ? 'wholeNamespace'
    : 'named';
}

/** Whether names that nobody thought of fit. */
function matchesUnheardOf(matches: (name: string) => boolean): boolean {
  return ['q7-unheard-of', '0k', 'zz9.j'].every(matches);
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
