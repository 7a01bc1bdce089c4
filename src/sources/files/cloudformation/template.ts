import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import type { Gap } from '../../../engine/analysis/snapshot/snapshot.ts';
import { ownArn } from '../awscli/iam.ts';
import { type Findings, unknownAccount, unknownPartition, unknownRegion } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';
import { createIntrinsics, unresolved } from './intrinsics.ts';
import { type ReadTemplateResource, resourceReaders } from './resources.ts';

/** Whether a document is a template of CloudFormation: its resources have types `AWS::…` or `Custom::…`. */
export function isTemplate(value: JsonObject): boolean {
  const resources = asObject(value.Resources);
  if (resources === undefined) return false;
  return (
    Object.hasOwn(value, 'AWSTemplateFormatVersion') ||
    Object.values(resources).some((resource) =>
      /^(?:AWS|Custom|Alexa)::/.test(asText(asObject(resource)?.Type) ?? ''),
    )
  );
}

/** Steps of one template, and of one resource of it: far more than the 500 resources it may have take. */
const mostSteps = 1_000_000;
const mostStepsOfOne = 20_000;

/** Names after names after names: more would not end before the stack does. */
const longestChain = 30;

/** How a type of resource is named, and what `Ref` gives of it. */
const named: ReadonlyMap<
  string,
  { readonly property: string; readonly kind: string; readonly ref: 'name' | 'arn' }
> = new Map([
  ['AWS::IAM::Role', { property: 'RoleName', kind: 'role', ref: 'name' }],
  ['AWS::IAM::User', { property: 'UserName', kind: 'user', ref: 'name' }],
  ['AWS::IAM::Group', { property: 'GroupName', kind: 'group', ref: 'name' }],
  ['AWS::IAM::ManagedPolicy', { property: 'ManagedPolicyName', kind: 'policy', ref: 'arn' }],
  ['AWS::EKS::Cluster', { property: 'Name', kind: 'cluster', ref: 'name' }],
]);

/**
 * Takes from a template who gets access: clusters, access entries, IAM. Functions are carried out as far as the template and
 * the defaults of its parameters tell; what stays open is a gap.
 */
export function readTemplate(document: FileDocument, value: JsonObject, findings: Findings): void {
  const resources = asObject(value.Resources) ?? {};
  const resourceOf = (logicalId: string): JsonObject | undefined =>
    Object.hasOwn(resources, logicalId) ? asObject(resources[logicalId]) : undefined;
  /** Names that are being told: a template may name things after one another in a circle. */
  const open = new Set<string>();

  const nameOf = (logicalId: string): string | undefined => {
    const resource = resourceOf(logicalId);
    const how = named.get(asText(resource?.Type) ?? '');
    if (how === undefined || open.has(logicalId) || open.size > longestChain) return undefined;
    open.add(logicalId);
    const written = asObject(resource?.Properties)?.[how.property];
    const name = written === undefined ? undefined : quiet.resolve(written);
    open.delete(logicalId);
    // Without a name CloudFormation makes one that begins with the stack's and has this in it.
    return typeof name === 'string' && name !== '' ? name : logicalId;
  };
  const arnOf = (logicalId: string): string | undefined => {
    const resource = resourceOf(logicalId);
    const how = named.get(asText(resource?.Type) ?? '');
    const name = nameOf(logicalId);
    if (how === undefined || name === undefined) return undefined;
    if (how.kind === 'cluster') {
      return `arn:${unknownPartition}:eks:${unknownRegion}:${unknownAccount}:cluster/${name}`;
    }
    const key = `path of ${logicalId}`;
    if (open.has(key) || open.size > longestChain) return undefined;
    open.add(key);
    const path = quiet.resolve(asObject(resource?.Properties)?.Path);
    open.delete(key);
    return ownArn(how.kind, `${typeof path === 'string' ? path.replace(/^\//, '') : ''}${name}`);
  };
  const attributeOf = (logicalId: string, attribute: string | undefined): string | undefined => {
    const how = named.get(asText(resourceOf(logicalId)?.Type) ?? '');
    if (how === undefined) return undefined;
    if (attribute === undefined) return how.ref === 'arn' ? arnOf(logicalId) : nameOf(logicalId);
    return attribute === 'Arn' || attribute === 'PolicyArn' ? arnOf(logicalId) : undefined;
  };
  const defaults = new Set<string>();
  const budget = { steps: 0 };
  let left = mostSteps;
  const options = {
    parameters: asObject(value.Parameters) ?? {},
    mappings: asObject(value.Mappings) ?? {},
    conditions: asObject(value.Conditions) ?? {},
    usesDefault: (parameter: string) => void defaults.add(parameter),
    attributeOf,
    budget,
  };
  const quiet = createIntrinsics({ ...options, report: () => {} });

  let read = 0;
  for (const [logicalId, element] of Object.entries(resources)) {
    const resource = asObject(element);
    const type = asText(resource?.Type) ?? '';
    const place = document.placeOf(resource);
    const gap = (area: Gap['area'], reason: string): void =>
      findings.gap({ area, reason: `\`${logicalId}\`: ${reason}`, place });
    const how = resourceReaders.get(type);
    if (resource === undefined || how === undefined) {
      const unread = unreadReason(logicalId, type, resource);
      if (unread === undefined) findings.ignore(type.slice(0, 100) || 'resources without a type');
      else
        findings.gap({
          area: 'file',
          reason: `\`${logicalId.slice(0, 300)}\`: ${unread}`,
          place: document.placeOf(element),
        });
      continue;
    }
    read++;
    // One that goes on without end does not take the others with it.
    const granted = Math.min(mostStepsOfOne, left);
    budget.steps = granted;
    const missing = new Set<string>();
    const intrinsics = createIntrinsics({ ...options, report: (what) => void missing.add(what) });
    const properties = asObject(resource.Properties) ?? {};
    const own = named.get(type);
    if (own !== undefined && properties[own.property] === undefined && own.kind !== 'policy') {
      gap(how.area, `its name is made when it is deployed: \`${logicalId}\` stands for it`);
    }
    if (resource.Condition !== undefined) {
      gap(
        how.area,
        `whether it is made depends on condition \`${String(asText(resource.Condition))}\`: it is read as made`,
      );
    }
    const reader: ReadTemplateResource = {
      ...{ logicalId, properties, place, findings },
      name: nameOf(logicalId) ?? logicalId,
      arn: arnOf(logicalId),
      gap: (reason) => gap(how.area, reason),
      value(name) {
        const resolved = Object.hasOwn(properties, name) ? intrinsics.resolve(properties[name]) : undefined;
        return resolved === unresolved ? undefined : resolved;
      },
      resolveDocument: (written) => intrinsics.resolveDocument(written),
    };
    how.read(reader);
    left -= granted - Math.max(budget.steps, 0);
    if (missing.size > 0)
      gap(how.area, `it cannot be told here what ${[...missing].slice(0, 5).join(', ')} will be`);
  }
  const place = document.placeOf(value);
  if (defaults.size > 0) {
    const names = [...defaults]
      .slice(0, 10)
      .map((name) => `\`${name.slice(0, 100)}\``)
      .join(', ');
    const more = defaults.size > 10 ? ` and ${defaults.size - 10} more` : '';
    const reason = `parameters are read as their defaults: ${names}${more}; deployed with others, it gives access to others`;
    findings.gap({ area: 'file', reason, place });
  }
  const macros = [value.Transform ?? []].flat().filter((name) => name !== 'AWS::LanguageExtensions');
  if (macros.length > 0) {
    findings.gap({
      area: 'file',
      reason: 'what the macros of `Transform` make of it is not read here',
      place,
    });
  }
  if (read === 0) {
    findings.gap({
      area: 'file',
      reason: 'no resource of this template tells of access',
      place,
    });
  }
}

/** Why a resource that is not read may give somebody access all the same; undefined where it cannot. */
function unreadReason(logicalId: string, type: string, resource: JsonObject | undefined): string | undefined {
  if (logicalId.startsWith('Fn::')) return 'it makes resources, and is not carried out here';
  if (resource === undefined || type === '') return 'it has no type that can be read: it is left out';
  if (harmless.has(type)) return undefined;
  return mayGrant.test(type) ? `resources of type \`${type.slice(0, 100)}\` are not read here` : undefined;
}

/** What brings resources of its own, and what else there is of EKS and IAM. */
const mayGrant =
  /^(?:AWS::(?:IAM|EKS|Serverless)::|AWS::CloudFormation::(?:Stack|StackSet|CustomResource|Macro)$|Custom::|AWSQS::)|::MODULE$/;
const harmless: ReadonlySet<string> = new Set([
  ...['AWS::IAM::InstanceProfile', 'AWS::IAM::SAMLProvider', 'AWS::IAM::ServerCertificate'],
  ...['AWS::IAM::ServiceLinkedRole', 'AWS::IAM::VirtualMFADevice'],
]);
