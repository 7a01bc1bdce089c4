/** An address in groups of 16 bits: two for IPv4, eight for IPv6. The length tells them apart. */
export type IpAddress = readonly number[];

export interface IpRange {
  readonly address: IpAddress;
  /** How many leading bits count. */
  readonly prefix: number;
}

/** One family never lies in a range of the other, also not where IPv6 embeds IPv4 (iam-facts D3). */
export function rangeContains({ address, prefix }: IpRange, candidate: IpAddress): boolean {
  if (candidate.length !== address.length) return false;
  for (let index = 0; index * 16 < prefix; index++) {
    const bits = Math.min(16, prefix - index * 16);
    const mask = 0xffff & ~(0xffff >>> bits);
    if (((candidate[index] ?? 0) & mask) !== ((address[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** CIDR, or an address alone, which is the range of that address (iam-facts D3). Undefined for anything else. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.length * 16;
  if (slash === -1) return { address, prefix: bits };
  const prefix = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(prefix) || Number(prefix) > bits) return undefined;
  return { address, prefix: Number(prefix) };
}

/** Dotted IPv4 without leading zeros, or IPv6 as RFC 4291 writes it; no zones, no brackets. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d];
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [front = [], back = []] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (front === 'bad' || back === 'bad') return undefined;
  const missing = 8 - front.length - back.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...front, ...new Array<number>(missing).fill(0), ...back];
}

/** The groups on one side of `::`; only the very last may be dotted. */
function groupsOf(text: string, isLast: boolean): readonly number[] | 'bad' {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (isLast && index === parts.length - 1 && part.includes('.')) {
      const embedded = parseIpv4(part);
      if (embedded === undefined) return 'bad';
      groups.push(...embedded);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return 'bad';
  }
  return groups;
}
