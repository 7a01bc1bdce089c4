/**
 * Whether an action is a call of IAM.
 *
 * COMPAT: `iam:PassRole` is no call but a question inside another service's call (iam-facts E14); it has that call's region.
 */
export function isCallOfIam(action: string): boolean {
  const lower = action.toLowerCase();
  return lower.startsWith('iam:') && lower !== 'iam:passrole';
}

/** Where a partition keeps what has no region: IAM has one endpoint for the world (iam-facts F.1). */
export function globalRegion(partition: string): string {
  switch (partition) {
    case 'aws-cn':
      return 'cn-north-1';
    case 'aws-us-gov':
      return 'us-gov-west-1';
    default:
      return 'us-east-1';
  }
}

/** A moment in epoch milliseconds, as conditions compare it: whole seconds. */
export function conditionTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  // Calls come many to a second, and a date costs more to print than most conditions to judge.
  if (second !== printed.second) {
    printed = { second, text: `${new Date(milliseconds).toISOString().slice(0, 19)}Z` };
  }
  return printed.text;
}

let printed: { readonly second: number; readonly text: string } = { second: 0, text: '1970-01-01T00:00:00Z' };

export function conditionSeconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1000));
}
