import { principalIdExtraKey } from '../../engine/authorizer/attributes.ts';
import { authorizationConfigurationVersion, type KubernetesVersion } from './version.ts';
import { seconds, windows } from './windows.ts';

/**
 * Only users that Entryway authenticated carry this key, so only they are asked about. It saves calls and protects
 * nothing: impersonation headers can spell the key too, and it is Entryway that tells such users apart.
 */
export const matchCondition = `has(request.extra) && '${principalIdExtraKey}' in request.extra`;

/**
 * The webhook authorizer as the file wants it (C12). `NoOpinion`: while Entryway is down, RBAC and the Node authorizer go
 * on as before, and nobody gains anything: we only ever add rights.
 */
function webhookAuthorizer(kubeConfigFile: string): Readonly<Record<string, unknown>> {
  return {
    timeout: '3s',
    authorizedTTL: seconds(windows.authorized),
    unauthorizedTTL: seconds(windows.unauthorized),
    subjectAccessReviewVersion: 'v1',
    matchConditionSubjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile },
    matchConditions: [{ expression: matchCondition }],
  };
}

/**
 * The chain: Node and RBAC answer from memory, so they come first, and only what they do not allow is asked over the
 * network. The price: what RBAC allows, no answer of Entryway's can forbid; it never tries to (C9).
 */
export function authorizers(kubeConfigFile: string): readonly Readonly<Record<string, unknown>>[] {
  return [
    { type: 'Node', name: 'node' },
    { type: 'RBAC', name: 'rbac' },
    { type: 'Webhook', name: 'entryway', webhook: webhookAuthorizer(kubeConfigFile) },
  ];
}

/** The file of `--authorization-config` (C11, C12). */
export function authorizationConfiguration(
  version: KubernetesVersion,
  kubeConfigFile: string,
): Readonly<Record<string, unknown>> {
  return {
    apiVersion: authorizationConfigurationVersion(version),
    kind: 'AuthorizationConfiguration',
    authorizers: authorizers(kubeConfigFile),
  };
}
