import { parseAwsAuth } from '../../../access/awsauth.ts';
import { asObject, asText, asTextMap, type JsonObject } from '../../../access/json.ts';
import { readRbacObject } from '../../../access/rbacobjects.ts';
import type { Gap } from '../../../engine/analysis/snapshot/snapshot.ts';
import { rbacApiGroup } from '../../../engine/rbac/manifest.ts';
import type { RbacObjectRef } from '../../../engine/rbac/objects.ts';
import { readPod, readServiceAccount } from '../../podcredentials.ts';
import type { ClusterRef, Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';

/** Whether a document is a Kubernetes object, whatever its kind. */
export function isManifest(value: JsonObject): boolean {
  return asText(value.apiVersion) !== undefined && asText(value.kind) !== undefined;
}

/**
 * Takes from Kubernetes objects what grants access, as `kubectl` reads and prints them: RBAC, aws-auth, namespaces and
 * service accounts, alone or in lists. An object that is not as Kubernetes would take it is a gap, never used in part.
 */
export function readManifest(
  document: FileDocument,
  value: JsonObject,
  findings: Findings,
  cluster: ClusterRef = {},
): void {
  const { placeOf } = document;
  const kind = asText(value.kind) ?? '';
  const apiVersion = asText(value.apiVersion) ?? '';
  const gap = (area: Gap['area'], reason: string, part: unknown = value): void =>
    findings.gap({ area, reason, place: placeOf(part) });

  if (kind.endsWith('List') && (apiVersion === 'v1' || Array.isArray(value.items))) {
    const items = value.items ?? [];
    if (!Array.isArray(items)) {
      gap('file', `\`items\` of this ${kind} is no list`);
      return;
    }
    const itemKind = kind.slice(0, -'List'.length);
    for (const [index, item] of items.entries()) {
      const object = asObject(item);
      if (object === undefined)
        gap('file', `\`items[${index}]\` of this ${kind} is no object: it is left out`);
      // Lists of one kind, as the API server sends them, leave it out of their items.
      else if (object.kind === undefined && itemKind !== '') {
        const typed = { apiVersion, kind: itemKind, ...object };
        readManifest(
          { value: typed, placeOf: (part) => placeOf(part === typed ? object : part) },
          typed,
          findings,
          cluster,
        );
      } else readManifest(document, object, findings, cluster);
    }
    return;
  }

  const metadata = asObject(value.metadata);
  const name = asText(metadata?.name);
  const namespace = metadata?.namespace ?? '';
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const read = `${group}/${kind}`;
  const area = knownKinds.get(read);
  if (area === undefined) {
    findings.ignore(kind.slice(0, 100));
    return;
  }
  if (name === undefined || name === '' || typeof namespace !== 'string') {
    gap(area, `this ${kind} has no name that can be read: it is left out`);
    return;
  }
  const inNamespace = (): string => {
    if (namespace === '') {
      gap(area, `${kind} \`${name}\` names no namespace: it is read as in \`default\``);
      return 'default';
    }
    return namespace;
  };

  switch (read) {
    case '/Namespace':
      findings.add({ fact: 'namespace', cluster, name, place: placeOf(value) });
      break;
    case '/ServiceAccount': {
      const annotations = asTextMap(metadata?.annotations);
      if (annotations === undefined) {
        gap(area, `annotations of ServiceAccount \`${name}\` are no texts: its role is not known`, metadata);
      }
      const serviceAccount = readServiceAccount({ namespace: inNamespace(), name }, value);
      findings.add({ fact: 'serviceAccount', cluster, serviceAccount, place: placeOf(value) });
      break;
    }
    case '/Pod':
      // One that was never made tells nothing of what its containers are told.
      if (asText(metadata?.uid) === undefined) findings.ignore(kind);
      else {
        const pod = readPod({ namespace: inNamespace(), name }, value);
        findings.add({ fact: 'pod', cluster, pod, place: placeOf(value) });
      }
      break;
    case '/ConfigMap':
      if (name !== 'aws-auth' || (namespace !== 'kube-system' && namespace !== '')) {
        findings.ignore(kind);
        break;
      }
      if (namespace === '') {
        gap(area, 'ConfigMap `aws-auth` names no namespace: it is read as in `kube-system`');
      }
      readAwsAuthData(document, value.data ?? {}, value, findings, cluster);
      break;
    default: {
      const rbacKind = kind as RbacObjectRef['kind'];
      const isNamespaced = rbacKind === 'Role' || rbacKind === 'RoleBinding';
      const ref = { kind: rbacKind, name, namespace: isNamespaced ? inNamespace() : '' };
      const object = readRbacObject(ref, withDefaultGroup(value));
      if (object === undefined) {
        gap('rbac', `${kind} \`${name}\` is not as Kubernetes would take it: it is left out`);
      } else findings.add({ fact: 'rbac', cluster, object, place: placeOf(value) });
    }
  }
}

const knownKinds: ReadonlyMap<string, Gap['area']> = new Map([
  ['/Namespace', 'namespaces'],
  ['/ServiceAccount', 'serviceAccounts'],
  ['/Pod', 'pods'],
  ['/ConfigMap', 'awsAuth'],
  ...(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'] as const).map(
    (kind) => [`${rbacApiGroup}/${kind}`, 'rbac'] as const,
  ),
]);

/** The API server fills in the only group there is where a manifest leaves it out. */
function withDefaultGroup(value: JsonObject): JsonObject {
  const roleRef = asObject(value.roleRef);
  if (roleRef === undefined || (roleRef.apiGroup ?? '') !== '') return value;
  return { ...value, roleRef: { ...roleRef, apiGroup: rbacApiGroup } };
}

/** The data of kube-system/aws-auth; what the authenticator would drop is told as a gap. */
export function readAwsAuthData(
  { placeOf }: FileDocument,
  data: unknown,
  around: unknown,
  findings: Findings,
  cluster: ClusterRef,
): void {
  const object = asObject(data);
  const place = placeOf(object ?? around);
  if (object === undefined) {
    findings.gap({ area: 'awsAuth', reason: '`data` of aws-auth is no mapping', place });
    return;
  }
  const { awsAuth, errors } = parseAwsAuth(object);
  for (const error of errors) findings.gap({ area: 'awsAuth', reason: `aws-auth: ${error}`, place });
  const texts = Object.fromEntries(
    Object.entries(object).filter((member): member is [string, string] => typeof member[1] === 'string'),
  );
  findings.add({ fact: 'awsAuth', cluster, awsAuth, data: texts, isAll: true, place });
}
