import { mostGroups } from '../../identity/entrynames.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ItemCode } from './plan.ts';

interface Texts {
  readonly why: string;
  readonly instead?: string;
}

/** Why an item moves nobody and what to do instead, in our message style. */
export function textsOf(code: ItemCode, arn: string, { accountId, name }: SnapshotCluster): Texts {
  switch (code) {
    case 'laterItemCounts':
      return { why: 'a later item has the same ARN, and of those the last alone counts' };
    case 'roleCounts':
      return { why: '`mapRoles` has the same ARN and goes first' };
    case 'rolePath':
      return {
        why: 'a role ARN with a path matches nobody in aws-auth',
        instead: `an entry would let the role in for the first time: create one only if that was meant`,
      };
    case 'notPrincipal':
      return { why: 'it is no ARN of a user or role, and matches nobody' };
    case 'session':
      return { why: 'a session is looked up by its role, so the ARN of one matches nobody' };
    case 'missingPrincipal':
      return {
        why: 'it does not exist, and an entry cannot name it',
        instead: 'let it go: whoever creates it later would be let in by aws-auth, and is not by an entry',
      };
    case 'userPath':
      return {
        why: 'the user of this name has another path, and a user’s ARN matches with its path alone',
        instead: 'an entry would let the user in for the first time: create one only if that was meant',
      };
    case 'ssoGate':
      return {
        why: '`sso` items count only where the authenticator was told to, which EKS does not',
        instead:
          'for its people create an entry of the permission set’s role: `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/` prints its ARN',
      };
    case 'ssoUnknownRoles':
      return {
        why: 'an entry names one role, and the roles of the permission set were not read',
        instead:
          'create an entry for each: `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/` in its account prints them',
      };
    case 'noUsername':
      return {
        why: 'it gives no username, and is refused here',
        instead: 'if EKS lets it in, create an entry with a username yourself: what it may do is not known',
      };
    case 'noValue':
      return {
        why: 'its placeholder has no value for this principal, which is refused here',
        instead: 'if EKS lets it in, create an entry with a fixed username yourself',
      };
    case 'reservedUsername':
      return { why: 'its username is reserved, and is refused here' };
    case 'federatedUser':
      return {
        why: 'an entry cannot name a federated user',
        instead: 'let them assume a role, and create an entry for the role',
      };
    case 'serviceLinkedRole':
      return {
        why: 'EKS refuses entries for service-linked roles',
        instead: 'AWS makes what its services need',
      };
    case 'nodeOfOtherAccount':
      return {
        why: `nodes’ roles must be of the cluster’s account ${accountId}`,
        instead: 'give the nodes an instance profile with a role of the cluster’s account before mode API',
      };
    case 'nodeNotRole':
      return {
        why: 'a node’s entry names a role, and this is none',
        instead: 'give the nodes a role of the cluster’s account before mode API',
      };
    case 'nodeWithoutGroups':
      return {
        why: 'it is called like a node and is in no node group; an entry of a node type would put it there',
        instead: 'decide what it is: for a node create the entry of its type, else one with another username',
      };
    case 'nodeOtherName':
      return {
        why: 'Kubernetes takes it for a node, and no type of entry gives the name that it has',
        instead: `call it as entries do, \`system:node:{{EC2PrivateDNSName}}\` or \`system:node:{{SessionName}}\`, and see that its nodes stay Ready`,
      };
    case 'boundByKey':
      return {
        why: 'a binding names its users or groups by their access key, which no entry can',
        instead: 'bind a name that does not depend on the key first',
      };
    case 'tooManyGroups':
      return {
        why: `an entry has at most ${mostGroups} groups here; the number that EKS takes is not published`,
        instead: 'bind what they give to fewer groups first',
      };
    case 'notAccount':
      return { why: 'it is no account id, and matches nobody', instead: 'an account id has twelve digits' };
    case 'account':
      return {
        why: `an entry names one principal, and this is everybody of account ${arn}`,
        instead: `create an entry for those who really come: \`entryway trail --account ${arn} --cluster ${name} --kubernetes\` tells who did`,
      };
    case 'modeIgnoresAwsAuth':
      return { why: 'authentication mode `API` ignores aws-auth: it lets nobody in' };
    default:
      return code satisfies never;
  }
}
