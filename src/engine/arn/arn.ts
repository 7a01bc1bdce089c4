/** The sections of an ARN after `arn:`. The resource may hold further colons and slashes. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** '' for global services. */
  readonly region: string;
  /** 12 digits, or '' or `aws` where AWS writes that. */
  readonly accountId: string;
  readonly resource: string;
}

/**
 * Splits at the first five colons (iam-facts B3). Undefined unless the text begins with `arn:` in this very case and
 * has all six sections. Sections are not judged: partition, service and resource mean something to their users only.
 */
export function parseArn(text: string): Arn | undefined {
  const sections = splitSections(text);
  if (sections === undefined || sections[0] !== 'arn') return undefined;
  const [, partition, service, region, accountId, resource] = sections;
  return { partition, service, region, accountId, resource };
}

export type ArnSections = readonly [string, string, string, string, string, string];

/** The six sections of an ARN or of a pattern for ARNs, the leading one included; undefined when there are fewer. */
export function splitSections(text: string): ArnSections | undefined {
  const colons: number[] = [];
  let at = -1;
  while (colons.length < 5) {
    at = text.indexOf(':', at + 1);
    if (at === -1) return undefined;
    colons.push(at);
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = colons;
  return [
    text.slice(0, a),
    text.slice(a + 1, b),
    text.slice(b + 1, c),
    text.slice(c + 1, d),
    text.slice(d + 1, e),
    text.slice(e + 1),
  ];
}

/** Account ids are exactly twelve ASCII digits. */
export function isAccountId(text: string): boolean {
  return /^[0-9]{12}$/.test(text);
}
