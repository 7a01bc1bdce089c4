import { defineOperation, type Operation, type OperationContext, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { noSuchEntity } from './errors.ts';
import { holderOf } from './holders.ts';
import { type PageRequest, pageFailures } from './paging.ts';
import { callerTarget } from './principals.ts';

interface HolderInput extends PageRequest {
  readonly UserName?: string | undefined;
}

/**
 * What users of IAM may have and users here never do: passwords, SSH keys, signing certificates, credentials of single
 * services. The true answer is that there are none; tools ask before they delete a user (Terraform's `force_destroy`).
 */
export function createAbsentCredentialOperations(dependencies: IamDependencies): Operations {
  const target = (action: string) => (input: HolderInput, context: OperationContext) =>
    callerTarget(dependencies, action, input.UserName, context);

  const failures = (input: HolderInput): string[] => [
    ...validateMember('userName', input.UserName, constraints.optional(constraints.existingUserName)),
    ...pageFailures(input),
  ];

  const listing = (action: string, member: string): Operation =>
    defineOperation<HolderInput, object>({
      authorization: target(action),
      async handle(input, { caller }) {
        refuseInvalid(failures(input));
        await holderOf(dependencies, caller, input.UserName);
        return { [member]: [], IsTruncated: false };
      },
    });

  const refusal = (action: string): Operation =>
    defineOperation<HolderInput, never>({
      authorization: target(action),
      async handle(input, { caller }) {
        refuseInvalid(failures(input));
        const holder = await holderOf(dependencies, caller, input.UserName);
        const name = holder.kind === 'user' ? holder.stored.record.name : caller.accountId;
        throw noSuchEntity(`Login Profile for User ${name} cannot be found.`);
      },
    });

  return {
    GetLoginProfile: refusal('GetLoginProfile'),
    DeleteLoginProfile: refusal('DeleteLoginProfile'),
    ListSSHPublicKeys: listing('ListSSHPublicKeys', 'SSHPublicKeys'),
    ListSigningCertificates: listing('ListSigningCertificates', 'Certificates'),
    ListServiceSpecificCredentials: listing('ListServiceSpecificCredentials', 'ServiceSpecificCredentials'),
    GetAccountPasswordPolicy: defineOperation<object, never>({
      authorization: () => ({ action: 'iam:GetAccountPasswordPolicy', resources: ['*'] }),
      async handle(_, { caller: { accountId } }) {
        throw noSuchEntity(`The Password Policy with domain name ${accountId} cannot be found.`);
      },
    }),
  };
}
