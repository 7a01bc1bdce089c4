/** Who may assume a role: `{ AWS: arn }` or `{ Service: name }`. */
export function trustPolicy(principal: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  });
}

/** Allows the actions on the resource. */
export function policyDocument(actions: readonly string[], resource = '*'): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: resource }],
  });
}
