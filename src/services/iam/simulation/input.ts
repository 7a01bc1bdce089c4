import type { SimulateCustomPolicyRequest } from '@aws-sdk/client-iam';
import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import { type MemberConstraint, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import { invalidInput } from '../errors.ts';
import { pageFailures } from '../paging.ts';
import { contextEntryFailures } from './contextentries.ts';
import type { RequestSize } from './sources.ts';

/** What both simulations are asked. */
export type SimulationInput = Omit<
  SimulateCustomPolicyRequest,
  'PolicyInputList' | 'OrderedOrganizationPolicyInputList'
> & {
  readonly PolicyInputList?: string[] | undefined;
};

export const anyArn: MemberConstraint = { min: 20, max: 2048 };
const listed = { required: true, min: 1 };
const scenarios = [
  'EC2-VPC-InstanceStore',
  'EC2-VPC-InstanceStore-Subnet',
  'EC2-VPC-EBS',
  'EC2-VPC-EBS-Subnet',
];

/** Limits of ours on what one call may ask; the model has none. */
const maxActions = 1000;
const maxResources = 1000;
export const maxDocuments = 100;

/** What the model and our own limits refuse. */
export function inputFailures(input: SimulationInput): string[] {
  return [
    ...documentFailures('policyInputList', input.PolicyInputList),
    ...documentFailures('permissionsBoundaryPolicyInputList', input.PermissionsBoundaryPolicyInputList),
    ...validateMember('permissionsBoundaryPolicyInputList', input.PermissionsBoundaryPolicyInputList, {
      max: 1,
    }),
    ...validateMember('actionNames', input.ActionNames, { ...listed, max: maxActions }),
    ...eachMember('actionNames', input.ActionNames, { min: 3, max: 128 }),
    ...validateMember('resourceArns', input.ResourceArns, { max: maxResources }),
    ...eachMember('resourceArns', input.ResourceArns, { min: 1, max: 2048 }),
    ...validateMember(
      'resourcePolicy',
      input.ResourcePolicy,
      constraints.optional(constraints.policyDocument),
    ),
    ...validateMember('resourceOwner', input.ResourceOwner, anyArn),
    ...validateMember('callerArn', input.CallerArn, { min: 1, max: 2048 }),
    // COMPAT: it tells AWS which kinds of EC2 resources must be given; nothing else depends on it.
    ...validateMember('resourceHandlingOption', input.ResourceHandlingOption, { enum: scenarios }),
    ...contextEntryFailures(input.ContextEntries),
    ...pageFailures(input),
  ];
}

/** Wildcards are not supported (iam-facts J24); neither is what cannot be an action. */
export function requireClearActions(actions: readonly string[] | undefined): void {
  const unclear = actions?.find((action) => !/^[A-Za-z0-9-]+:[A-Za-z0-9_]+$/.test(action));
  if (unclear === undefined) return;
  throw invalidInput(`Invalid action name: ${unclear}. It must be SERVICE:ACTION, without wildcards.`);
}

/** The greatest key or resource of the requests; a list is compared value by value. */
export function sizeOf({ ResourceArns = [], ContextEntries = [] }: SimulationInput): RequestSize {
  const lists = [
    ...ResourceArns.map((resource) => [resource]),
    ...ContextEntries.map(({ ContextKeyValues = [] }) => ContextKeyValues),
  ];
  return {
    values: lists.reduce((most, { length }) => Math.max(most, length), 1),
    characters: lists.reduce((most, list) => Math.max(most, list.join('').length), 1),
  };
}

export function documentFailures(path: string, documents: readonly string[] | undefined): string[] {
  return eachMember(path, documents, constraints.policyDocument);
}

function eachMember(
  path: string,
  values: readonly string[] | undefined,
  constraint: MemberConstraint,
): string[] {
  return (values ?? []).flatMap((value, index) =>
    validateMember(`${path}.${index + 1}.member`, value, constraint),
  );
}

/** `arn:aws:iam::111122223333:root` */
export function ownerOf(owner: string | undefined): string | undefined {
  if (owner === undefined) return undefined;
  const { accountId = '', service } = parseArn(owner) ?? {};
  if (service === 'iam' && isAccountId(accountId)) return accountId;
  throw invalidInput(`Invalid Resource Owner: ${owner} is not the ARN of an account.`);
}
