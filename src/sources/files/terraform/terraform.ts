import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import type { Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';
import { detacherOf } from './detached.ts';
import { eksResources } from './eks.ts';
import { iamResources } from './iam.ts';
import { isKubernetesResource, readKubernetesResource } from './kubernetes.ts';
import { type Reading, readResource } from './reading.ts';
import { createReferences, type References } from './references.ts';
import { listOf, resourcesOf, type TerraformResource, unknownsOf } from './resources.ts';
import { tellUnread } from './unread.ts';

/** Whether a document is what `terraform show -json` or `tofu show -json` prints, of a plan or of a state. */
export function isTerraform(value: JsonObject): boolean {
  return (
    asText(value.format_version) !== undefined &&
    ['planned_values', 'values', 'resource_changes', 'terraform_version'].some((name) =>
      Object.hasOwn(value, name),
    )
  );
}

export function isPlan(value: JsonObject): boolean {
  return Object.hasOwn(value, 'planned_values') || Object.hasOwn(value, 'resource_changes');
}

/** A state as it is; a plan as it will be when it is applied. */
export function readTerraform(document: FileDocument, value: JsonObject, findings: Findings): void {
  readSide(document, value, isPlan(value) ? 'after' : 'before', findings);
}

/** Why a document of this format cannot be read; undefined where it can. */
export function formatFault(value: JsonObject): string | undefined {
  const version = asText(value.format_version) ?? '';
  return /^[01]\./.test(version)
    ? undefined
    : `Terraform's format \`${version.slice(0, 20)}\` is not known here: 0 and 1 are`;
}

/**
 * One side of a plan: the state it was made of, or what it leads to. Data sources are of the state it was made of, on both
 * sides. What is known only after apply is a gap with the resource's address, unless it follows from another resource.
 */
export function readSide(
  document: FileDocument,
  value: JsonObject,
  side: 'before' | 'after',
  findings: Findings,
): void {
  const fault = formatFault(value);
  if (fault !== undefined) {
    findings.gap({ area: 'file', reason: fault, place: document.placeOf(value) });
    return;
  }
  const known = priorResources(value);
  const resources =
    side === 'before'
      ? known
      : [
          ...known.filter(isData),
          ...[...resourcesOf(value.planned_values, unknownsOf(value))].map(detacherOf(value)),
        ];
  const references = createReferences(value.configuration, resources);
  if (side === 'after') tellUnfinished(document, value, findings);
  tellProviders(document, value, { resources, references, findings });
  let others = 0;
  for (const resource of resources) {
    if (!readOne(resource, { findings, document, references })) others++;
  }
  if (others > 0) findings.ignore('other Terraform resources');
  if (others === resources.length) {
    const reason = `no resource of this ${isPlan(value) ? 'plan' : 'state'} tells of access`;
    findings.gap({ area: 'file', reason, place: document.placeOf(value) });
  }
}

/** The resources of a state, and of the state that a plan was made of. */
export function priorResources(value: JsonObject): readonly TerraformResource[] {
  return [...resourcesOf(asObject(isPlan(value) ? value.prior_state : value)?.values)];
}

export function isData({ part }: TerraformResource): boolean {
  return part.mode === 'data';
}

/** Reads one resource; false for one that does not tell of access. */
export function readOne(resource: TerraformResource, reading: Reading): boolean {
  const { type } = resource;
  const read = eksResources.get(type) ?? iamResources.get(type);
  if (read !== undefined) {
    // A data source of a role tells who it is, and a policy document is no policy yet.
    if (isData(resource) && !type.startsWith('aws_eks_cluster') && !principalData.has(type)) return true;
    read(readResource(resource, reading, eksResources.has(type) ? 'accessEntries' : 'iam'));
    return true;
  }
  if (isData(resource)) return false;
  if (!isKubernetesResource(type)) {
    tellUnread(resource, reading);
    return false;
  }
  readKubernetesResource(readResource(resource, reading, 'rbac'));
  return true;
}

const principalData = new Set(['aws_caller_identity', 'aws_iam_role', 'aws_iam_user', 'aws_iam_policy']);

/** A plan that failed on the way, or leaves some for later, does not hold all that it leads to. */
export function tellUnfinished({ placeOf }: FileDocument, value: JsonObject, findings: Findings): void {
  const gap = (reason: string, part: unknown): void =>
    findings.gap({ area: 'file', reason, place: placeOf(part) });
  if (value.errored === true) gap('this plan ended with an error: not all of it is there', value);
  const deferred = listOf(value.deferred_changes).map(asObject);
  for (const one of deferred) {
    const change = asObject(one?.resource_change);
    const address = asText(change?.address) ?? 'a resource without an address';
    gap(`\`${address.slice(0, 300)}\`: Terraform leaves it for a later plan`, change ?? value);
  }
  if (value.complete === false && deferred.length === 0) {
    gap('Terraform calls this plan incomplete: another has to follow it', value);
  }
}

/** Which provider is of which cluster is not told: two may be two clusters. */
export function tellProviders(
  { placeOf }: FileDocument,
  value: JsonObject,
  {
    resources,
    references,
    findings,
  }: {
    readonly resources: readonly TerraformResource[];
    readonly references: References;
    readonly findings: Findings;
  },
): void {
  const providers = new Set(
    resources.flatMap((resource) =>
      isKubernetesResource(resource.type) && !isData(resource) ? (references.providerOf(resource) ?? []) : [],
    ),
  );
  // The provider of manifests as text stands beside the one of resources, for the same cluster.
  const kinds = Map.groupBy(providers, (name) => name.replace(/^.*:/, '').split('.')[0] ?? '');
  for (const [kind, names] of kinds) {
    if (names.length < 2) continue;
    const listed = names.slice(0, 5).map((name) => `\`${name.slice(0, 100)}\``);
    const reason = `it has several providers \`${kind.slice(0, 100)}\` (${listed.join(', ')}), and all their resources are read as of one cluster`;
    findings.gap({ area: 'rbac', reason, place: placeOf(value) });
  }
}
