/** Where CloudTrail puts its files in a bucket. Times are epoch milliseconds. */

/** The chain of digests that a file belongs to: one for each account and region. */
export interface Chain {
  /** 12 digits. */
  readonly accountId: string;
  readonly region: string;
}

export const chainKey = ({ accountId, region }: Chain): string => `${accountId}/${region}`;

/** `unique` tells files of one minute apart. */
export function logFileKey({ accountId, region }: Chain, time: number, unique: string): string {
  const stamp = `${compact(time).slice(0, 13)}Z`;
  return `AWSLogs/${accountId}/CloudTrail/${region}/${day(time)}/${accountId}_CloudTrail_${region}_${stamp}_${unique}.json.gz`;
}

/** The second region is the trail's home, where it was made. */
export function digestFileKey(
  { accountId, region }: Chain,
  { trailName, homeRegion }: { readonly trailName: string; readonly homeRegion: string },
  endTime: number,
): string {
  return `AWSLogs/${accountId}/CloudTrail-Digest/${region}/${day(endTime)}/${accountId}_CloudTrail-Digest_${region}_${trailName}_${homeRegion}_${compact(endTime)}.json.gz`;
}

export interface DigestName extends Chain {
  /** Of the chain within account and region: an account may have several trails. */
  readonly trail: string;
  /** `20260115T130000Z`; sorts by time. */
  readonly end: string;
}

/** The parts of a digest's key; undefined for another file. */
export function parseDigestKey(key: string): DigestName | undefined {
  const found =
    /^AWSLogs\/(\d{12})\/CloudTrail-Digest\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/\1_CloudTrail-Digest_\2_([^/]+)_(\d{8}T\d{6}Z)\.json\.gz$/.exec(
      key,
    );
  if (found === null) return undefined;
  const [, accountId = '', region = '', trail = '', end = ''] = found;
  return { accountId, region, trail, end };
}

/** `2026-01-15T13:00:00Z` */
export function timestamp(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** `20260115T130000Z` */
function compact(time: number): string {
  return timestamp(time).replaceAll(/[-:]/g, '');
}

/** `2026/01/15` */
function day(time: number): string {
  return timestamp(time).slice(0, 10).replaceAll('-', '/');
}
