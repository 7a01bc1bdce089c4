import { lowerAscii } from '../../../engine/arn/case.ts';
import { compileWildcard, hasWildcard, type Wildcard } from '../../../engine/arn/wildcard.ts';
import type { EntryList } from '../../../engine/iam/document.ts';
import { parsePolicy } from '../../../engine/iam/parse.ts';

/**
 * What a policy's Allow statements speak of, whatever its Deny statements and conditions say (iam-facts J22).
 *
 * SECURITY: somebody may carry a hundred policies that name a thousand services each. A document is read once, and each
 * question looks at what is written about its own service only.
 */
export interface Grants {
  /** The service namespaces it names; of those that it covers without a name, the services of this server. Sorted. */
  readonly services: readonly string[];
  /** Does it allow anything of the service? */
  reaches(service: string): boolean;
  /** Does an Allow statement speak of the action, `iam:GetUser`? */
  allows(action: string): boolean;
}

/** The services of this server. A policy that allows `*` is told to allow these. */
const ownServices = ['cloudtrail', 'eks', 'eks-auth', 'iam', 'sts'];

/** Of a document that cannot be read: nothing. */
export function readGrants(text: string): Grants {
  const parsed = parsePolicy(text, 'identity');
  const statements = parsed.ok ? parsed.document.statements : [];
  const elements = statements.filter(({ effect }) => effect === 'Allow').map(({ action }) => read(action));
  const reaches = (service: string): boolean => elements.some((element) => element.reaches(service));
  const named = elements.flatMap((element) => element.named);
  return {
    services: [...new Set([...named, ...ownServices])].filter(reaches).sort(),
    reaches: (service) => reaches(lowerAscii(service)),
    allows(action) {
      const lower = lowerAscii(action);
      return elements.some((element) => element.allows(lower));
    },
  };
}

/** One Action or NotAction element; asked in lower case. */
interface ActionElement {
  readonly named: readonly string[];
  reaches(service: string): boolean;
  allows(action: string): boolean;
}

function read({ entries, negated }: EntryList): ActionElement {
  const written = new Set<string>();
  const patterns = new Map<string, Wildcard[]>();
  const wholeServices = new Set<string>();
  let everything = false;
  for (const entry of entries) {
    const value = lowerAscii(entry.value);
    const service = serviceIn(value);
    everything ||= isAll(value);
    if (isAll(value.slice(service.length + 1))) wholeServices.add(service);
    if (!hasWildcard(value)) written.add(value);
    const others = patterns.get(service) ?? [];
    patterns.set(service, others);
    if (hasWildcard(value)) others.push(compileWildcard(value));
  }
  const covers = (action: string): boolean =>
    everything ||
    written.has(action) ||
    patterns.get(serviceIn(action))?.some((matches) => matches(action)) === true;
  return {
    named: negated ? [] : [...patterns.keys()].filter((service) => !hasWildcard(service)),
    reaches: (service) =>
      negated ? !everything && !wholeServices.has(service) : everything || patterns.has(service),
    allows: (action) => covers(action) !== negated,
  };
}

/** What stands before the colon. Policies that are stored have no wildcard there, but for `*` alone (iam-facts B2). */
const serviceIn = (action: string): string => action.split(':', 1)[0] ?? '';
const isAll = (action: string): boolean => /^\*+$/.test(action);
