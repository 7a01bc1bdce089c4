import type { PlannedAssociation } from '../../../engine/analysis/migrateirsa/plan.ts';
import { roleAnnotation } from '../../../engine/podcredentials/names.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import type { CallerOptions } from '../../ours.ts';
import { openCluster } from '../clusterconnection.ts';
import type { AccountOfPods, FoundAssociation, IrsaTarget } from './target.ts';

/** A cluster of the running server, through IAM, EKS and its Kubernetes API, as whom the options name. */
export async function openIrsaTarget(
  options: CallerOptions,
  { clusterName, clusterArn }: { readonly clusterName: string; readonly clusterArn: string },
): Promise<IrsaTarget & { close(): void }> {
  const { call, read, change, close } = await openCluster(
    options,
    { clusterName, clusterArn },
    'service accounts cannot be looked at',
  );
  return {
    async trust(roleName) {
      try {
        const { Role: role } = await call<{ Role: { AssumeRolePolicyDocument: string } }>('iam', 'GetRole', {
          RoleName: roleName,
        });
        return decodeURIComponent(role.AssumeRolePolicyDocument);
      } catch (error) {
        if (error instanceof AwsError && error.code === 'NoSuchEntity') return undefined;
        throw error;
      }
    },
    async writeTrust(roleName, text) {
      await call('iam', 'UpdateAssumeRolePolicy', { RoleName: roleName, PolicyDocument: text });
    },
    async association({ namespace, serviceAccount }) {
      const { associations } = await call<{ associations: readonly { readonly associationId: string }[] }>(
        'eks',
        'ListPodIdentityAssociations',
        { clusterName, namespace, serviceAccount },
      );
      const [listed] = associations;
      if (listed === undefined) return undefined;
      const { associationId } = listed;
      const { association } = await call<{
        association: Omit<FoundAssociation, 'disableSessionTags'> & { readonly disableSessionTags?: boolean };
      }>('eks', 'DescribePodIdentityAssociation', { clusterName, associationId });
      const { roleArn, targetRoleArn, disableSessionTags = false, policy } = association;
      return {
        ...{ associationId, roleArn, disableSessionTags },
        ...(targetRoleArn !== undefined && { targetRoleArn }),
        ...(policy !== undefined && { policy }),
      };
    },
    async associate({ namespace, serviceAccount, roleArn }: PlannedAssociation) {
      await call('eks', 'CreatePodIdentityAssociation', { clusterName, namespace, serviceAccount, roleArn });
    },
    async disassociate(associationId) {
      await call('eks', 'DeletePodIdentityAssociation', { clusterName, associationId });
    },
    async annotation(account) {
      const found = (await read(pathOf(account))) as
        | { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }
        | undefined;
      return found?.metadata.annotations?.[roleAnnotation];
    },
    async annotate(account, roleArn) {
      if ((await read(pathOf(account))) === undefined) return false;
      await change(
        'PATCH',
        pathOf(account),
        { metadata: { annotations: { [roleAnnotation]: roleArn } } },
        'application/merge-patch+json',
      );
      return true;
    },
    // SECURITY: one that somebody has put there meanwhile is not taken away: the test refuses the whole patch.
    removeAnnotation: (account, roleArn) =>
      change(
        'PATCH',
        pathOf(account),
        [
          { op: 'test', path: annotationPath, value: roleArn },
          { op: 'remove', path: annotationPath },
        ],
        'application/json-patch+json',
      ),
    close,
  };
}

const annotationPath = `/metadata/annotations/${roleAnnotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function pathOf({ namespace, serviceAccount }: AccountOfPods): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}`;
}
