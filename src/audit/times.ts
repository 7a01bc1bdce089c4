/** `2026-11-21T06:30:00Z`: how CloudTrail tells times. */
export function secondsText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** `2026-11-21T06:30:00.123000Z`: how Kubernetes' audit events tell times (MicroTime). */
export function microsecondsText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}
