import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamAnswer } from '../iamworld/answer.ts';
import type { UnreadRole } from '../iamworld/iamworld.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { both, type Permitted, permittedBy } from './asking.ts';
import type { KnownRole } from './trusts.ts';
import type { WorkloadRefusal, WorkloadRole } from './workload.ts';

/** A role that an association or an annotation names. */
export interface NamedRole {
  readonly subject: IamSubject;
  readonly role: KnownRole | UnreadRole;
}

/** Who has the ARN; why it is nobody otherwise. */
export function namedRole(
  { principals }: World,
  arn: string,
): NamedRole | { readonly subject: IamSubject; readonly refusal: WorkloadRefusal } {
  const known = principals.named(arn);
  if (known?.kind === 'role' && known.record.arn === arn) return { subject: subjectOf(known), role: known };
  const named = parsePrincipalArn(arn);
  const accountId = named?.kind === 'role' ? named.accountId : '';
  const nobody = { kind: 'iam', type: 'role', arn, accountId, principalId: '' } as const;
  if (named?.kind !== 'role') {
    const refusal = { code: 'notARole', message: `\`${arn}\` is no ARN of a role` } as const;
    return { subject: { ...nobody, standing: 'missing' }, refusal };
  }
  if (principals.isRead(accountId)) {
    const refusal = { code: 'missingRole', message: `role \`${arn}\` does not exist` } as const;
    return { subject: { ...nobody, standing: 'missing' }, refusal };
  }
  return {
    subject: { ...nobody, standing: 'unlisted' },
    role: { kind: 'unreadRole', accountId, arn },
  };
}

/** One permission that is needed. */
export interface Needed {
  /** Who needs it, for a message: `service \`pods.eks.amazonaws.com\``. */
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly ask: () => IamAnswer;
}

/** What permissions come to that are needed one after the other; the first that is refused ends it. */
export function inTurn(
  needed: Iterable<Needed>,
  before: Permitted = nothingNeeded,
): { readonly by: Permitted; readonly refusal?: WorkloadRefusal } {
  let by = before;
  for (const { who, action, resource, ask } of needed) {
    const answer = ask();
    const one = permittedBy({ action, resource }, answer);
    if (one === undefined) {
      const message = `${who} is not allowed \`${action}\` on \`${resource}\``;
      const asked = { action, resource, decision: answer.decision };
      return { by, refusal: { code: 'notAllowed', message, asked } };
    }
    by = both(by, one);
  }
  return { by };
}

const nothingNeeded: Permitted = { certainty: 'always', conditions: [], evidence: [] };

/** A way before anybody was asked. */
export type WorkloadWay = Omit<WorkloadRole, 'certainty' | 'conditions' | 'evidence' | 'refusal'>;

export function granted(way: WorkloadWay, by: Permitted): WorkloadRole {
  return {
    ...{ ...way, certainty: by.certainty, evidence: by.evidence },
    get conditions() {
      return by.conditions;
    },
  };
}

export function refused(
  way: WorkloadWay,
  refusal: WorkloadRefusal,
  { evidence }: Permitted = nothingNeeded,
): WorkloadRole {
  return { ...way, certainty: 'never', conditions: [], evidence, refusal };
}
