import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import { rbacApiGroup } from '../../../engine/rbac/manifest.ts';
import type { Findings } from '../facts.ts';
import { readManifest } from '../manifests/manifests.ts';
import { TextFault } from '../text/fault.ts';
import { parseYamlDocument } from '../text/yaml.ts';
import type { ReadResource } from './reading.ts';
import { listOf } from './resources.ts';

/** The kinds of the Kubernetes provider that are read, by the type of their resource without `_v1`. */
const kinds: ReadonlyMap<string, string> = new Map([
  ['kubernetes_role', 'Role'],
  ['kubernetes_cluster_role', 'ClusterRole'],
  ['kubernetes_role_binding', 'RoleBinding'],
  ['kubernetes_cluster_role_binding', 'ClusterRoleBinding'],
  ['kubernetes_config_map', 'ConfigMap'],
  ['kubernetes_config_map_v1_data', 'ConfigMap'],
  ['kubernetes_namespace', 'Namespace'],
  ['kubernetes_service_account', 'ServiceAccount'],
]);

export function isKubernetesResource(type: string): boolean {
  return kinds.has(withoutVersion(type)) || isManifestResource(type);
}

function isManifestResource(type: string): boolean {
  return type === 'kubernetes_manifest' || type === 'kubectl_manifest';
}

function withoutVersion(type: string): string {
  return kinds.has(type) ? type : type.replace(/_v1$/, '');
}

/** Reads a resource of the Kubernetes provider as the manifest it stands for. */
export function readKubernetesResource(of: ReadResource): void {
  const { resource, findings, place } = of;
  if (of.isUnknown('rule') || of.isUnknown('subject') || of.isUnknown('role_ref') || of.isUnknown('data')) {
    of.gap('rbac', 'some of it is known only after apply');
  }
  const manifest = isManifestResource(resource.type) ? writtenManifest(of) : manifestOf(of);
  if (manifest === undefined) of.gap('rbac', 'its manifest is not known: it is left out');
  else {
    const into = resource.type.endsWith('_data') ? { ...findings, add: addPart(findings) } : findings;
    readManifest({ value: manifest, placeOf: () => place }, manifest, into);
  }
}

/** A resource of data alone sets its keys, and leaves the others of the same object to others. */
function addPart({ add }: Findings): Findings['add'] {
  return (fact) => add(fact.fact === 'awsAuth' ? { ...fact, isAll: false } : fact);
}

function writtenManifest(of: ReadResource): JsonObject | undefined {
  if (of.resource.type === 'kubernetes_manifest') return of.object('manifest') ?? of.object('object');
  const text = of.text('yaml_body');
  if (text === undefined) return undefined;
  try {
    return asObject(parseYamlDocument(text, 0, new Map()));
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    of.gap('rbac', `its manifest cannot be read: ${error.message}`);
    return undefined;
  }
}

function manifestOf(of: ReadResource): JsonObject {
  const kind = kinds.get(withoutVersion(of.resource.type)) ?? '';
  const isRbac = kind.includes('Role');
  const { name, namespace, annotations, labels } = of.block('metadata') ?? {};
  return {
    apiVersion: isRbac ? `${rbacApiGroup}/v1` : 'v1',
    kind,
    metadata: {
      ...{ name, annotations, labels },
      // The provider's own default.
      ...(kind !== 'Namespace' && !kind.startsWith('Cluster') && { namespace: namespace ?? 'default' }),
    },
    ...(kind === 'ConfigMap' && { data: of.object('data') ?? {} }),
    ...(isRbac && !kind.endsWith('Binding') && { rules: of.blocks('rule').map(ruleOf) }),
    ...(kind === 'ClusterRole' && aggregationOf(of)),
    ...(kind.endsWith('Binding') && {
      roleRef: referenceOf(of.block('role_ref')),
      subjects: of.blocks('subject').map(subjectOf),
    }),
  };
}

function ruleOf(rule: JsonObject): JsonObject {
  return {
    verbs: rule.verbs,
    apiGroups: rule.api_groups,
    resources: rule.resources,
    resourceNames: rule.resource_names,
    nonResourceURLs: rule.non_resource_urls,
  };
}

function aggregationOf(of: ReadResource): JsonObject {
  const aggregation = of.block('aggregation_rule');
  if (aggregation === undefined) return {};
  const clusterRoleSelectors = listOf(aggregation.cluster_role_selectors).map((element) => {
    const selector = asObject(element);
    return { matchLabels: selector?.match_labels, matchExpressions: selector?.match_expressions };
  });
  return { aggregationRule: { clusterRoleSelectors } };
}

function referenceOf(reference: JsonObject | undefined): JsonObject {
  return { apiGroup: reference?.api_group ?? rbacApiGroup, kind: reference?.kind, name: reference?.name };
}

/** The provider writes a group and a namespace for every kind; the API server keeps those that the kind has. */
function subjectOf({ kind, name, namespace, api_group: apiGroup }: JsonObject): JsonObject {
  return asText(kind) === 'ServiceAccount' ? { kind, name, namespace } : { kind, name, apiGroup };
}
