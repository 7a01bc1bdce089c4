import { type LookupAddress, type LookupAllOptions, type LookupOptions, promises } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Resolve = (
  hostname: string,
  options: LookupOptions,
) => Promise<LookupAddress | readonly LookupAddress[]>;

/**
 * Looks names up, each once at a time. A look-up cannot be taken back: while DNS is silent, those of every request that has
 * given up would pile up, and go on for as long as they were many.
 */
export function createJoinedLookup(
  resolve: Resolve = (hostname, options) => promises.lookup(hostname, options as LookupAllOptions),
): LookupFunction {
  const underWay = new Map<string, ReturnType<Resolve>>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options.family, options.hints, options.all]);
    let asked = underWay.get(key);
    if (asked === undefined) {
      asked = resolve(hostname, options).finally(() => underWay.delete(key));
      underWay.set(key, asked);
    }
    asked.then(
      (found) =>
        Array.isArray(found)
          ? callback(null, [...found])
          : callback(null, (found as LookupAddress).address, (found as LookupAddress).family),
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
