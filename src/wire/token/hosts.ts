import { isPartition, type Partition } from '../../engine/arn/partitions.ts';

interface Domains {
  readonly domain: string;
  readonly dualStack?: string;
  /** Regions of this partition; undefined for `aws`, which has every region that no other partition owns. */
  readonly regions?: RegExp;
}

/** Where STS lives, by partition (token-facts 4). */
const domains: Readonly<Record<Partition, Domains>> = {
  aws: { domain: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-cn': {
    domain: 'amazonaws.com.cn',
    dualStack: 'api.amazonwebservices.com.cn',
    regions: /^cn-\w+-\d+$/,
  },
  'aws-us-gov': { domain: 'amazonaws.com', dualStack: 'api.aws', regions: /^us-gov-\w+-\d+$/ },
  'aws-iso': { domain: 'c2s.ic.gov', regions: /^us-iso-\w+-\d+$/ },
  'aws-iso-b': { domain: 'sc2s.sgov.gov', regions: /^us-isob-\w+-\d+$/ },
  'aws-iso-e': { domain: 'cloud.adc-e.uk', regions: /^eu-isoe-\w+-\d+$/ },
  'aws-iso-f': { domain: 'csp.hci.ic.gov', regions: /^us-isof-\w+-\d+$/ },
  'aws-eusc': {
    domain: 'amazonaws.eu',
    dualStack: 'api.amazonwebservices.eu',
    regions: /^eusc-de-\w+-\d+$/,
  },
};

const globalHost = 'sts.amazonaws.com';
const owned = Object.values(domains).flatMap(({ regions }) => (regions === undefined ? [] : [regions]));

/** Syntax of a region name as one host label. Says nothing about whether the region exists. */
export function isRegionLabel(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

/** The partition a region belongs to: the one whose pattern knows it, else `aws`. */
export function partitionOfRegion(region: string): Partition {
  const entry = Object.entries(domains).find(([, { regions }]) => regions?.test(region));
  return (entry?.[0] as Partition | undefined) ?? 'aws';
}

/** The host that today's clients sign for by default: regional, in the region's own partition (token-facts 2.1). */
export function stsHost(region: string): string {
  return `sts.${region}.${domains[partitionOfRegion(region)].domain}`;
}

/**
 * The region label of an STS host, `global` for the one without; undefined for anything that does not look like an
 * STS host. A label for metrics and messages: use `isStsHost` to decide.
 */
export function regionOfHost(host: string): string | undefined {
  if (host === globalHost) return 'global';
  const labels = host.split('.');
  const [service, region] = labels;
  if (labels.length < 4 || (service !== 'sts' && service !== 'sts-fips')) return undefined;
  return region !== undefined && isRegionLabel(region) ? region : undefined;
}

/**
 * Whether the host is an STS endpoint of the partition (token-facts 4). Exact text, lower case; no port, no trailing
 * dot. `ownRegion` is accepted even where the partition's pattern does not know it.
 */
export function isStsHost(
  host: string,
  options: { readonly partition: string; readonly ownRegion?: string },
): boolean {
  const { partition, ownRegion } = options;
  if (!isPartition(partition)) return false;
  if (host === globalHost) return partition === 'aws';
  const { domain, dualStack, regions } = domains[partition];
  const [service, region, ...rest] = host.split('.');
  if ((service !== 'sts' && service !== 'sts-fips') || region === undefined) return false;
  const suffix = rest.join('.');
  if (suffix !== domain && suffix !== dualStack) return false;
  if (!isRegionLabel(region) || region === 'aws-global') return false;
  if (service === 'sts-fips') {
    // In GovCloud the plain host is the FIPS one, so only the dual-stack domain has a second name for it.
    if (partition === 'aws-us-gov' && suffix !== dualStack) return false;
  } else if (region === ownRegion) {
    return true;
  }
  return regions === undefined ? !owned.some((pattern) => pattern.test(region)) : regions.test(region);
}
