import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import type { Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';
import { eksResources } from './eks.ts';
import { iamResources } from './iam.ts';
import { isKubernetesResource, readKubernetesResource } from './kubernetes.ts';
import { readResource } from './reading.ts';
import { createReferences } from './references.ts';
import { resourcesOf, unknownsOf } from './resources.ts';

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
  const version = asText(value.format_version) ?? '';
  if (!/^[01]\./.test(version)) {
    const reason = `Terraform's format \`${version.slice(0, 20)}\` is not known here: 0 and 1 are`;
    findings.gap({ area: 'file', reason, place: document.placeOf(value) });
    return;
  }
  const before = asObject(isPlan(value) ? value.prior_state : value)?.values;
  const known = [...resourcesOf(before)];
  const isData = ({ part }: (typeof known)[number]): boolean => part.mode === 'data';
  const resources =
    side === 'before'
      ? known
      : [...known.filter(isData), ...resourcesOf(value.planned_values, unknownsOf(value))];
  const references = createReferences(value.configuration, resources);
  let others = 0;
  for (const resource of resources) {
    const { type } = resource;
    const reading = { findings, document, references };
    const read = eksResources.get(type) ?? iamResources.get(type);
    if (read !== undefined) {
      // A data source of a role tells who it is, and a policy document is no policy yet.
      if (isData(resource) && !type.startsWith('aws_eks_cluster') && !principalData.has(type)) continue;
      read(readResource(resource, reading, eksResources.has(type) ? 'accessEntries' : 'iam'));
    } else if (isKubernetesResource(type) && !isData(resource)) {
      readKubernetesResource(readResource(resource, reading, 'rbac'));
    } else others++;
  }
  if (others > 0) findings.ignore('other Terraform resources');
  if (others === resources.length) {
    const reason = `no resource of this ${isPlan(value) ? 'plan' : 'state'} tells of access`;
    findings.gap({ area: 'file', reason, place: document.placeOf(value) });
  }
}

const principalData = new Set(['aws_caller_identity', 'aws_iam_role', 'aws_iam_user', 'aws_iam_policy']);
