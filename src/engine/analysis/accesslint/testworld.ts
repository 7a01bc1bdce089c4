import type { SnapshotRole } from '../snapshot/snapshot.ts';
import { testRole } from '../testworld.ts';

/** A trust policy with one statement. */
export function trust(principal: object, condition?: object, action = 'sts:AssumeRole'): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: principal, Action: action, ...(condition && { Condition: condition }) },
    ],
  });
}

/** A role of whose trust policy there is nothing to say: instances have it. */
export function exampleRole(path: string, change: Partial<SnapshotRole> = {}): SnapshotRole {
  return testRole(path, { trustPolicy: trust({ Service: 'ec2.amazonaws.com' }), ...change });
}
