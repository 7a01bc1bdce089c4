import type { AccountCode } from './plan.ts';

interface Texts {
  readonly why: string;
  readonly instead?: string;
}

/** Why a service account does not move and what to do instead, in our message style. `detail`: what the code leaves open. */
export function textsOf(
  code: AccountCode,
  {
    roleArn,
    clusterArn,
    detail,
  }: { readonly roleArn: string; readonly clusterArn: string; readonly detail: string },
): Texts {
  switch (code) {
    case 'otherAssociation':
      return {
        why: `its association gives it \`${detail}\`, which goes before the annotation`,
        instead: 'take the annotation away, or change the association, whichever is meant',
      };
    case 'notTrusted':
      return {
        why: `the annotation gives it nothing: ${detail}`,
        instead:
          'an association would give it the role for the first time: create one only if that was meant',
      };
    case 'otherAccount':
      return {
        why: 'Pod Identity gives roles of the cluster’s account alone',
        instead: `make a role in account \`${accountOf(clusterArn)}\` that may assume it with sts:AssumeRole and sts:TagSession, let it trust that role, and create an association of that role with --target-role-arn ${roleArn}`,
      };
    case 'roleNotRead':
      return {
        why: 'the role was not read: whom it trusts is not known',
        instead: 'read the account of the role, too, and make the plan again',
      };
    case 'issuerUnknown':
      return {
        why: `it is not certain that tokens give it the role: ${detail}`,
        instead:
          'read the cluster where it tells its issuer, and IAM with its providers, and make the plan again',
      };
    case 'ownConditions':
      return {
        why: `the role is had only where more is true of the request: ${detail}`,
        instead:
          'EKS asks for the role in its place, so that such a condition says nothing about the Pod: write the trust yourself',
      };
    case 'fargate':
      return {
        why: `Pod Identity does not work on Fargate, where \`${detail}\` runs`,
        instead: 'leave the annotation: with an association its Pods on Fargate would get nothing',
      };
    case 'trustTooLong':
      return {
        why: `the trust policy of the role would be longer than IAM takes: ${detail}`,
        instead: 'trust fewer service accounts by one role, or shorten the policy first',
      };
    case 'formerPrincipal':
      return {
        why: `the trust policy names \`${detail}\`, who was deleted or made anew since: written again, it would be refused, or trust somebody else`,
        instead: 'take that principal out of the trust policy first',
      };
    case 'refusedStill':
      return {
        why: `the role would refuse Pod Identity also with what is added: ${detail}`,
        instead: 'see what its trust policy or the organization denies',
      };
    case 'notAnnotated':
      return {
        why: 'it has no annotation, and has the role for whoever asks for a token of it',
        instead: 'if nobody does, name the service accounts that need the role in its trust policy',
      };
    default:
      return code satisfies never;
  }
}

function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
