import { AwsError } from '../../wire/protocols/errors.ts';

/** Why the EKS operations refuse, in the words AWS clients observe (eks-access-facts F) where those are known. */

export function invalidParameter(message: string, clusterName?: string): AwsError {
  return new AwsError('InvalidParameterException', message, clusterField(clusterName));
}

export function invalidRequest(message: string, clusterName?: string): AwsError {
  return new AwsError('InvalidRequestException', message, clusterField(clusterName));
}

/** F21 */
export function noSuchCluster(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `No cluster found for name: ${name}.`, {
    clusterName: name,
  });
}

export function clusterExists(name: string): AwsError {
  return new AwsError('ResourceInUseException', `Cluster already exists with name: ${name}`, {
    clusterName: name,
  });
}

export function noSuchUpdate(clusterName: string, updateId: string): AwsError {
  return new AwsError('ResourceNotFoundException', `No update found for ID: ${updateId}`, { clusterName });
}

/** F2, D9: also for reads. */
export function accessEntriesOff(clusterName: string): AwsError {
  return invalidRequest(
    "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    clusterName,
  );
}

/** F4 */
export function noSuchEntry(clusterName: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
    { clusterName },
  );
}

/** F1 */
export function entryExists(clusterName: string): AwsError {
  return new AwsError(
    'ResourceInUseException',
    'The specified access entry resource is already in use on this cluster.',
    { clusterName },
  );
}

/** F3; COMPAT: also for ARNs that are no principal at all, for which no text is known (F38). */
export function invalidPrincipal(clusterName: string): AwsError {
  return invalidParameter('The specified principalArn is invalid: invalid principal.', clusterName);
}

/** As reported by users of EKS. */
export function noSuchProviderConfig(clusterName: string, name: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `No config found for cluster: ${clusterName}, config type: oidc, config name: ${name}`,
    { clusterName },
  );
}

export function providerConfigExists(clusterName: string, name: string): AwsError {
  return new AwsError(
    'ResourceInUseException',
    `Identity provider config ${name} is already associated with cluster ${clusterName}`,
    { clusterName },
  );
}

/** F26; for users it reads like a missing permission. */
export function crossAccountPassRole(): AwsError {
  return new AwsError('AccessDeniedException', 'Cross-account pass role is not allowed.');
}

/** COMPAT: the real text is not known (F38); this one is made like F21. */
export function noSuchPodIdentity(clusterName: string, associationId: string): AwsError {
  return new AwsError('ResourceNotFoundException', `No association found for ID: ${associationId}.`, {
    clusterName,
  });
}

/** F23 */
export function podIdentityExists(clusterName: string, associationId: string): AwsError {
  return new AwsError('ResourceInUseException', `Association already exists: ${associationId}`, {
    clusterName,
  });
}

/** Ours: a principal of AWS that nobody could be asked about. 503 where SDKs shall try again. */
export function principalUnknown(because: string, clusterName: string, isTemporary: boolean): AwsError {
  const message = `The specified principalArn cannot be looked up in AWS: ${because}.`;
  return isTemporary
    ? new AwsError('ServiceUnavailableException', message)
    : invalidRequest(message, clusterName);
}

export function limitExceeded(message: string, clusterName?: string): AwsError {
  return new AwsError('ResourceLimitExceededException', message, clusterField(clusterName));
}

function clusterField(clusterName: string | undefined): Readonly<Record<string, unknown>> {
  return clusterName === undefined ? {} : { clusterName };
}
