import type { AccessScope, AssociatedPolicyRecord } from '../../storage/records/eks.ts';
import { type AssociationTerms, associatePolicy } from '../eks/association.ts';
import { associationKeys } from '../eks/entrykeys.ts';
import { onAccessEntry } from '../eks/lookup.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { defineOperation, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';
import { normalisedMatcherArn } from './matcherarn.ts';
import { readPeopleText } from './peopletext.ts';

const day = 86_400_000;
/** How far ahead an association may expire. */
const LONGEST_DAYS = 366;
const MAX_REASON_LENGTH = 256;

interface AssociateInput {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly policyArn: string;
  readonly accessScope: { readonly type?: AccessScope['type']; readonly namespaces?: string[] };
  readonly expiresAt?: Date;
  readonly reason?: string;
}

/** An association as our own operations show it. */
export interface ShownAssociation {
  readonly policyArn: string;
  readonly accessScope: AccessScope;
  readonly associatedAt: Date;
  readonly modifiedAt: Date;
  readonly expiresAt?: Date;
  readonly reason?: string;
  readonly expired: boolean;
}

interface AssociateOutput {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly associatedAccessPolicy: ShownAssociation;
}

/** `now`: epoch milliseconds. */
export function shownAssociation(record: AssociatedPolicyRecord, now: number): ShownAssociation {
  const { policyArn, accessScope, associatedAt, modifiedAt, expiresAt, reason } = record;
  return {
    policyArn,
    accessScope,
    associatedAt: new Date(associatedAt),
    modifiedAt: new Date(modifiedAt),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
    ...(reason !== undefined && { reason }),
    expired: expiresAt !== undefined && expiresAt <= now,
  };
}

/**
 * AssociateAccessPolicy as EKS has it, by permission of the same action, with an expiry and a reason. What is left out is
 * none: an association that expires is made one for good by calling this without an expiry.
 */
export function associationOperations(deps: Pick<EntrywayDeps, 'storage' | 'partition'>): Operations {
  return {
    AssociateAccessPolicy: defineOperation<AssociateInput, AssociateOutput>({
      authorization({ clusterName, policyArn, accessScope, ...sent }, context) {
        const principalArn = normalisedMatcherArn(sent.principalArn);
        return onAccessEntry(
          'eks:AssociateAccessPolicy',
          deps.storage,
          context,
          clusterName,
          principalArn,
          () => associationKeys(policyArn, accessScope),
        );
      },
      handle({ clusterName, policyArn, accessScope, ...sent }, context) {
        const { now } = context;
        const principalArn = normalisedMatcherArn(sent.principalArn);
        const terms = readTerms(sent, now);
        return associatePolicy(deps, context, {
          ...{ clusterName, principalArn, policyArn, accessScope, terms },
          answer: (association) => ({
            clusterName,
            principalArn,
            associatedAccessPolicy: shownAssociation(association, now),
          }),
        });
      },
    }),
  };
}

function readTerms(sent: Pick<AssociateInput, 'expiresAt' | 'reason'>, now: number): AssociationTerms {
  const expiresAt = sent.expiresAt?.getTime();
  if (expiresAt !== undefined && !(expiresAt > now && expiresAt <= now + LONGEST_DAYS * day)) {
    throw invalidParameter(`expiresAt must be in the future, and within ${LONGEST_DAYS} days`);
  }
  // Clients in languages without an absent string send an empty one.
  const reason = readPeopleText('The reason', sent.reason ?? '', MAX_REASON_LENGTH);
  return { ...(expiresAt !== undefined && { expiresAt }), ...(reason !== '' && { reason }) };
}
