import type { CreatePodIdentityAssociationRequest } from '@aws-sdk/client-eks';
import type { PodIdentityAssociationRecord } from '../../../storage/records/podidentity.ts';
import type { OperationContext } from '../../operation.ts';
import type { Given } from '../deps.ts';
import { invalidParameter } from '../refusals.ts';
import {
  refuseBadPodRole,
  refuseBadSessionPolicy,
  refuseBadTargetRole,
  refusePolicyWithTags,
} from './rules.ts';

/** What an association says of the credentials, and an update can change (eks-access-facts J2). */
export type PodIdentitySettings = Pick<
  PodIdentityAssociationRecord,
  'roleArn' | 'disableSessionTags' | 'targetRoleArn' | 'policy'
>;

type SettingsInput = Partial<
  Pick<CreatePodIdentityAssociationRequest, 'roleArn' | 'disableSessionTags' | 'targetRoleArn' | 'policy'>
>;

/** Those of a new association. Throws for what no association may say. */
export function readSettings(
  input: Given<SettingsInput, 'roleArn'>,
  context: OperationContext,
  clusterName: string,
): PodIdentitySettings {
  refuseBadSettings(input, context, clusterName);
  const { roleArn } = input;
  const settings = changedSettings({ roleArn, disableSessionTags: false }, input);
  refusePolicyWithTags(settings, clusterName);
  return settings;
}

/** Whatever of an update can be refused without the association. COMPAT: the text for an empty one is ours. */
export function refuseBadUpdate(input: SettingsInput, context: OperationContext, clusterName: string): void {
  const { roleArn, disableSessionTags, targetRoleArn, policy } = input;
  if ([roleArn, disableSessionTags, targetRoleArn, policy].every((value) => value === undefined)) {
    throw invalidParameter(
      'At least one of roleArn, disableSessionTags, targetRoleArn and policy must be specified',
      clusterName,
    );
  }
  refuseBadSettings(input, context, clusterName);
}

/**
 * The settings after a change: what is not sent stays, and an empty text ends what can be without (AWS's own controller
 * unsets the target role so). COMPAT: that it ends the policy, too, is our reading.
 */
export function changedSettings(settings: PodIdentitySettings, input: SettingsInput): PodIdentitySettings {
  const targetRoleArn = input.targetRoleArn ?? settings.targetRoleArn ?? '';
  const policy = input.policy ?? settings.policy ?? '';
  return {
    roleArn: input.roleArn ?? settings.roleArn,
    disableSessionTags: input.disableSessionTags ?? settings.disableSessionTags,
    ...(targetRoleArn !== '' && { targetRoleArn }),
    ...(policy !== '' && { policy }),
  };
}

export function settingsOf({
  roleArn,
  disableSessionTags,
  targetRoleArn,
  policy,
}: PodIdentitySettings): PodIdentitySettings {
  return changedSettings({ roleArn, disableSessionTags }, { targetRoleArn, policy });
}

function refuseBadSettings(input: SettingsInput, context: OperationContext, clusterName: string): void {
  const { roleArn, targetRoleArn = '', policy = '' } = input;
  if (roleArn !== undefined) refuseBadPodRole(roleArn, context, clusterName);
  if (targetRoleArn !== '') refuseBadTargetRole(targetRoleArn, context, clusterName);
  if (policy !== '') refuseBadSessionPolicy(policy, clusterName);
}
