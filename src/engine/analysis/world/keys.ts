import { uniqueIdKind } from '../../arn/uniqueid.ts';
import type { Principals } from './principals.ts';
import type { IamSubject } from './subject.ts';

/**
 * Whether the subject could sign with the key of this id. Whose a session's key (`ASIA…`) was is not known by its id; users and
 * roots have long-lived ones (`AKIA…`), too, and where these were listed no others.
 */
export function mayHoldKey(subject: IamSubject, principals: Principals): (accessKeyId: string) => boolean {
  return (accessKeyId) => {
    if (uniqueIdKind(accessKeyId) === 'sessionKey') return true;
    switch (subject.type) {
      case 'user': {
        const known = principals.ofId(subject.principalId);
        const keys = known?.kind === 'user' ? known.record.accessKeys : undefined;
        return (
          keys === undefined ||
          keys.some(({ accessKeyId: id, status }) => id === accessKeyId && status === 'Active')
        );
      }
      case 'root':
        return principals.account(subject.accountId)?.root?.accessKeys !== 0;
      case 'account':
        return true;
      case 'role':
      case 'rolePattern':
      case 'federatedUser':
        return false;
      default:
        return subject.type satisfies never;
    }
  };
}
