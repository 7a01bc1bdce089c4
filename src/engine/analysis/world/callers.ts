import type { Principal } from '../../iam/principal.ts';
import { unlistedId } from './pins.ts';
import type { IamSubject } from './subject.ts';

/** A key no one has: stands for any key in what is shown. */
export const anyAccessKey = 'ASIA0000000000000000';

/** The caller a subject is, in a session of the name where it is a role; with a key that nothing names when none is given. */
export function principalOf(
  subject: IamSubject,
  partition: string,
  sessionName: string,
  accessKeyId = anyAccessKey,
): Principal {
  const { arn, accountId } = subject;
  const principalId = subject.principalId === '' ? unlistedId(arn) : subject.principalId;
  const base = { accountId, partition, accessKeyId };
  switch (subject.type) {
    case 'root':
      return { ...base, kind: 'root', arn, principalArn: arn, userId: accountId, principalId: accountId };
    case 'user':
      return {
        ...{ ...base, kind: 'user', arn, principalArn: arn, userId: principalId, principalId },
        userName: nameIn(arn),
      };
    case 'federatedUser': {
      const federatedName = nameIn(arn);
      const id = `${accountId}:${federatedName}`;
      return {
        ...{
          ...base,
          kind: 'federatedUser',
          federatedName,
          arn,
          principalArn: arn,
          userId: id,
          principalId: id,
        },
        // Whoever may call GetFederationToken: nobody that a block could be meant for.
        issuer: { arn: '', principalId: '', userName: '' },
      };
    }
    case 'account': {
      const somebody = arn.replace(/root$/, 'user/ANY-USER');
      return {
        ...{ ...base, kind: 'user', arn: somebody, principalArn: somebody },
        ...{ userId: principalId, principalId, userName: 'ANY-USER' },
      };
    }
    case 'role':
    case 'rolePattern': {
      const roleArn = subject.type === 'role' ? arn : exampleOf(arn);
      const roleName = nameIn(roleArn);
      return {
        ...{ ...base, kind: 'assumedRole', roleName, sessionName },
        arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
        ...{ principalArn: roleArn, userId: `${principalId}:${sessionName}`, principalId },
      };
    }
    default:
      return subject.type satisfies never;
  }
}

const anySuffix = '0000000000000000';

/**
 * A role that a pattern fits. Behind the name of a permission set stand sixteen hex digits (token-facts 7.1); elsewhere a
 * character stands for a star that hardly any name has, so that no other pattern fits the example by chance.
 */
function exampleOf(pattern: string): string {
  if (pattern.endsWith('????????????????')) return `${pattern.slice(0, -anySuffix.length)}${anySuffix}`;
  if (/:role\/AWSReservedSSO_[^*]+_\*$/.test(pattern)) return `${pattern.slice(0, -1)}${anySuffix}`;
  return pattern.replaceAll('*', '=');
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
