import type { SnapshotUser } from '../snapshot/snapshot.ts';
import { assuming, type Permitted, type Posture, surest } from './asking.ts';

/** A password of the user that one knows: a new one, or another one in its place. */
export function setsPassword({ may }: Posture, { arn, hasPassword }: SnapshotUser): Permitted | undefined {
  const creates = may({ action: 'iam:CreateLoginProfile', resource: arn });
  const updates = may({ action: 'iam:UpdateLoginProfile', resource: arn });
  if (hasPassword === true) return updates;
  if (hasPassword === false) return creates;
  if (creates && updates) return surest([creates, updates]);
  if (creates) return assuming(creates, 'the user has no password yet');
  return updates && assuming(updates, 'the user has a password');
}
