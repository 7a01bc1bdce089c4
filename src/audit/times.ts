/** `2026-11-21T06:30:00Z`: how CloudTrail tells times. */
export function secondsText(at: number): string {
  const second = Math.floor(at / 1000);
  // Calls come many to a second, and a date costs more to print than the rest of a small record.
  if (second !== printed.second) printed = { second, text: `${new Date(at).toISOString().slice(0, 19)}Z` };
  return printed.text;
}

let printed: { readonly second: number; readonly text: string } = {
  second: 0,
  text: '1970-01-01T00:00:00Z',
};

/** `2026-11-21T06:30:00.123000Z`: how Kubernetes' audit events tell times (MicroTime). */
export function microsecondsText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}
