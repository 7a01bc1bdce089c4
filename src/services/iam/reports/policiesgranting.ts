import type {
  ListPoliciesGrantingServiceAccessRequest,
  ListPoliciesGrantingServiceAccessResponse,
  PolicyGrantingServiceAccess,
} from '@aws-sdk/client-iam';
import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { arnTarget, requireByArn } from '../entityarn.ts';
import { validationError } from '../errors.ts';
import { type CarriedPolicy, carriedPolicies } from '../policies/carried.ts';
import { readGrants } from './grants.ts';

/** `ListPoliciesGrantingServiceAccess`: which of the policies of somebody let it use which services. */
export function createPoliciesGrantingOperations(dependencies: IamDependencies): Operations {
  const ListPoliciesGrantingServiceAccess = defineOperation<
    ListPoliciesGrantingServiceAccessRequest,
    ListPoliciesGrantingServiceAccessResponse
  >({
    authorization: (input, context) =>
      arnTarget(dependencies, 'ListPoliciesGrantingServiceAccess', input.Arn, context),
    async handle(input, { caller: { accountId } }) {
      const { Arn: arn = '', ServiceNamespaces: services = [] } = input;
      refuseInvalid([
        ...validateMember('arn', input.Arn, { required: true, min: 20, max: 2048 }),
        ...validateMember('serviceNamespaces', input.ServiceNamespaces, { required: true, min: 1, max: 200 }),
        ...services.flatMap((service, index) =>
          validateMember(`serviceNamespaces.${index + 1}.member`, service, namespace),
        ),
        ...validateMember('marker', input.Marker, constraints.marker),
      ]);
      // One answer holds everything, so no marker was ever given out.
      if (input.Marker !== undefined) throw validationError('Invalid Marker.');
      const { noun, record } = await requireByArn(dependencies, accountId, arn);
      const carried = (await carriedPolicies(dependencies, noun, record)).map((policy) => ({
        policy,
        grants: readGrants(policy.document),
      }));
      return {
        PoliciesGrantingServiceAccess: services.map((ServiceNamespace) => ({
          ServiceNamespace,
          Policies: carried
            .filter(({ grants }) => grants.reaches(ServiceNamespace))
            .map(({ policy }) => output(policy)),
        })),
        IsTruncated: false,
      };
    },
  });

  return { ListPoliciesGrantingServiceAccess };
}

const namespace = { min: 1, max: 64, pattern: '[\\w-]*' };

/** Who holds it is told of inline policies only. */
function output({ kind, name, arn, holder }: CarriedPolicy): PolicyGrantingServiceAccess {
  if (kind !== 'inline') {
    return { PolicyName: name, PolicyType: 'MANAGED', ...(arn !== undefined && { PolicyArn: arn }) };
  }
  return {
    PolicyName: name,
    PolicyType: 'INLINE',
    EntityType: entityTypes[holder.kind],
    EntityName: holder.name,
  };
}

const entityTypes = { user: 'USER', role: 'ROLE', group: 'GROUP' } as const;
