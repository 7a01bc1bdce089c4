/** In the order of what is told. */
export const groups = [
  'address',
  'token reviews',
  'access reviews',
  'what the API server is told',
  'this server',
] as const;
export type Group = (typeof groups)[number];

/** `warning`: works, but is worth a look; `error`: does not work or is not safe, and makes the command fail. */
export const severities = ['ok', 'info', 'warning', 'error'] as const;
export type Severity = (typeof severities)[number];

/** One thing that was looked at. Texts are our own; what is from outside in them is made printable when it is shown. */
export interface Finding {
  readonly group: Group;
  readonly severity: Severity;
  /** Stable, for programs: `tokenReviewVersion`. */
  readonly code: string;
  readonly message: string;
  /** What to change: the flag or the file. */
  readonly hint?: string;
}

/** Whether there is nothing to look at. */
export function isGood({ severity }: Pick<Finding, 'severity'>): boolean {
  return severity === 'ok' || severity === 'info';
}
