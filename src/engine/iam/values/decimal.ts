/**
 * A decimal number, exact: a double would call 9007199254740993 and 9007199254740992 equal, and a policy that tells
 * them apart would be met by the wrong one.
 */
export interface Decimal {
  /** False for zero. */
  readonly negative: boolean;
  /** Without leading zeros: '' below one. */
  readonly whole: string;
  /** Without trailing zeros. */
  readonly fraction: string;
}

/** Beyond it a number is noise, and `1e999999999` would be a gigabyte of digits. */
const maxExponent = 400;

/** Integers and decimals (iam-facts D3), with an exponent as JSON writes numbers. Undefined for anything else. */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = /^([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, digits = '', decimals = '', power = '0'] = parts;
  const exponent = Number(power);
  if (Math.abs(exponent) > maxExponent) return undefined;
  const padded =
    exponent < 0 ? '0'.repeat(-exponent) + digits + decimals : digits + decimals + '0'.repeat(exponent);
  const point = exponent < 0 ? digits.length : digits.length + exponent;
  const whole = padded.slice(0, point).replace(/^0+/, '');
  const fraction = withoutTrailingZeros(padded.slice(point));
  return { negative: sign === '-' && (whole !== '' || fraction !== ''), whole, fraction };
}

/** Not `/0+$/`, which looks at every run of zeros again from each of its digits. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

/** Below zero when `a` is less, above when it is greater, 0 when they are the same number. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const bySize =
    a.whole.length - b.whole.length || compareText(a.whole, b.whole) || compareText(a.fraction, b.fraction);
  return a.negative ? -bySize : bySize;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
