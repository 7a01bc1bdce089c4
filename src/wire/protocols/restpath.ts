import type { OperationContract, ServiceContract } from './contract.ts';

/** The operation of a REST request, with its labels as sent. */
export interface RestMatch {
  readonly operation: OperationContract;
  readonly labels: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly name: string;
  readonly segments: readonly { readonly label: boolean; readonly text: string }[];
}

/**
 * Finds operations by method and path. The raw path is split before anything is decoded, because labels carry ARNs
 * with `%2F` (protocol-facts 3); there is no leniency about slashes (protocol-facts 5).
 */
export function createRestMatcher(
  contract: ServiceContract,
): (method: string, path: string) => RestMatch | undefined {
  const patterns = new Map<string, Pattern[]>();
  for (const name of contract.operationNames) {
    const operation = contract.operation(name);
    if (operation !== undefined) {
      const segments = operation.path.split('/').slice(1).map(openSegment);
      const key = `${operation.method} ${segments.length}`;
      patterns.set(key, [...(patterns.get(key) ?? []), { name, segments }]);
    }
  }
  for (const candidates of patterns.values()) {
    candidates.sort((a, b) => compareText(shapeOf(a), shapeOf(b)));
  }
  return (method, path) => {
    // A count first: a path of a million slashes is not worth splitting.
    const segments = path.split('/', 32).slice(1);
    for (const pattern of patterns.get(`${method} ${segments.length}`) ?? []) {
      const operation = matches(pattern, segments) ? contract.operation(pattern.name) : undefined;
      if (operation !== undefined) {
        return { operation, labels: labelsOf(pattern, segments) };
      }
    }
    return undefined;
  };
}

function openSegment(text: string): { label: boolean; text: string } {
  return text.startsWith('{') ? { label: true, text: text.slice(1, -1) } : { label: false, text };
}

/** Literal segments sort before labels, so that `/clusters/{name}/updates` is tried before `/clusters/{name}/{x}`. */
function shapeOf(pattern: Pattern): string {
  return pattern.segments.map((segment) => (segment.label ? '1' : '0')).join('');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function matches(pattern: Pattern, segments: readonly string[]): boolean {
  return pattern.segments.every(({ label, text }, index) =>
    label ? segments[index] !== '' : segments[index] === text,
  );
}

function labelsOf(pattern: Pattern, segments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pattern.segments.flatMap(({ label, text }, index) => (label ? [[text, segments[index] ?? '']] : [])),
  );
}
