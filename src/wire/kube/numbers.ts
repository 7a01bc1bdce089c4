import { badRequest } from './status.ts';

/** Texts without any of this hold no number that could be lost. */
const suspicious = /[0-9]{16}|[eE]\+?[0-9]{3}/;
const wholeNumber = /^-?[0-9]+$/;

/**
 * Refuses numbers of a text that would be stored as others: those beyond any number, and whole ones which Go keeps in 64
 * bits and JavaScript rounds. `json` is the text `value` was read from; where there is none, every whole number beyond 2^53
 * counts.
 *
 * COMPAT: Kubernetes keeps whole numbers up to 2^63. To change one silently would be worse than to refuse it.
 *
 * @throws KubeStatusError 400
 */
export function refuseLostNumbers(value: unknown, json: string | undefined): void {
  if (json !== undefined && !suspicious.test(json)) return;
  const found = lossOf(value);
  if (found === 'infinite') throw badRequest('json: cannot unmarshal number into Go value of type float64');
  if (found === 'unsafe' && (json === undefined || isRounded(json))) {
    throw badRequest('a whole number beyond 2^53 cannot be kept as it is');
  }
}

type Loss = 'none' | 'unsafe' | 'infinite';

/** The worst of any number in a value whose depth has been checked. */
function lossOf(value: unknown): Loss {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'infinite';
    return isUnsafe(value) ? 'unsafe' : 'none';
  }
  if (typeof value !== 'object' || value === null) return 'none';
  let worst: Loss = 'none';
  for (const one of Array.isArray(value) ? value : Object.values(value)) {
    const loss = lossOf(one);
    if (loss === 'infinite') return loss;
    if (loss === 'unsafe') worst = loss;
  }
  return worst;
}

/** Beyond 64 bits Go rounds, too. */
function isUnsafe(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 63;
}

/** Whether a whole number of the text is not what was read. */
function isRounded(json: string): boolean {
  let isLost = false;
  const look = (_: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    if (typeof value === 'number' && isUnsafe(value) && source !== undefined && wholeNumber.test(source)) {
      isLost ||= BigInt(source) !== BigInt(value);
    }
    return value;
  };
  JSON.parse(json, look);
  return isLost;
}
