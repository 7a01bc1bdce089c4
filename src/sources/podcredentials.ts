import { asObject, asText, type JsonObject } from '../access/json.ts';
import type {
  SnapshotPod,
  SnapshotPodIdentityAssociation,
  SnapshotServiceAccount,
} from '../engine/analysis/snapshot/snapshot.ts';
import { audienceAnnotation, roleAnnotation } from '../engine/podcredentials/names.ts';

/** A ServiceAccount as far as it matters which roles its pods get; the place is told beside the object. */
export function readServiceAccount(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  object: unknown,
): SnapshotServiceAccount {
  const annotations = asObject(asObject(asObject(object)?.metadata)?.annotations);
  const textOf = (annotation: string): string | undefined =>
    annotations !== undefined && Object.hasOwn(annotations, annotation)
      ? asText(annotations[annotation])
      : undefined;
  const [roleArn, audience] = [textOf(roleAnnotation), textOf(audienceAnnotation)];
  return {
    ...{ namespace, name },
    // One that is empty names nobody, to EKS's webhook as well.
    ...(roleArn !== undefined && roleArn !== '' && { roleArn }),
    ...(audience !== undefined && audience !== '' && { audience }),
  };
}

/**
 * A Pod as far as it matters which AWS credentials its containers find. Of what its containers were told only this is kept:
 * other variables may hold anything.
 */
export function readPod(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  object: unknown,
): SnapshotPod {
  const spec = asObject(asObject(object)?.spec) ?? {};
  const phase = asObject(asObject(object)?.status)?.phase;
  let injectedRoleArn: string | undefined;
  let injectedPodIdentity = false;
  for (const list of [spec.initContainers, spec.containers]) {
    for (const container of Array.isArray(list) ? list : []) {
      const env = asObject(container)?.env;
      for (const element of Array.isArray(env) ? env : []) {
        const variable = asObject(element);
        if (variable?.name === 'AWS_ROLE_ARN') injectedRoleArn ??= asText(variable.value);
        if (variable?.name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI') injectedPodIdentity = true;
      }
    }
  }
  return {
    ...{ namespace, name },
    // The API server fills in what is left out.
    serviceAccount: asText(spec.serviceAccountName) || asText(spec.serviceAccount) || 'default',
    nodeName: asText(spec.nodeName) ?? '',
    hostNetwork: spec.hostNetwork === true,
    ...((phase === 'Succeeded' || phase === 'Failed') && { hasEnded: true }),
    ...(injectedRoleArn !== undefined && injectedRoleArn !== '' && { injectedRoleArn }),
    injectedPodIdentity,
  };
}

/** An association as AWS's API and our records have it, its id '' where it is not told; undefined where it cannot be read. */
export function readAssociation(object: JsonObject | undefined): SnapshotPodIdentityAssociation | undefined {
  const [namespace, serviceAccount] = [asText(object?.namespace), asText(object?.serviceAccount)];
  const roleArn = asText(object?.roleArn);
  if (!namespace || !serviceAccount || !roleArn) return undefined;
  const optional = (['targetRoleArn', 'externalId', 'policy'] as const).flatMap((member) => {
    const text = asText(object?.[member]);
    return text === undefined || text === '' ? [] : [[member, text] as const];
  });
  return {
    associationId: asText(object?.associationId) ?? '',
    ...{ namespace, serviceAccount, roleArn },
    disableSessionTags: object?.disableSessionTags === true,
    ...Object.fromEntries(optional),
  };
}
