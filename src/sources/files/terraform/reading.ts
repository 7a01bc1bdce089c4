import { asObject, type JsonObject } from '../../../access/json.ts';
import type { Gap, Place } from '../../../engine/analysis/snapshot/snapshot.ts';
import { type Findings, unknownAccount, unknownPartition } from '../facts.ts';
import { type Members, membersOf } from '../members.ts';
import type { FileDocument } from '../text/documents.ts';
import type { Reference, References } from './references.ts';
import { listOf, type TerraformResource } from './resources.ts';

/** What reads the resources of one side of one document. */
export interface Reading {
  readonly findings: Findings;
  readonly document: FileDocument;
  readonly references: References;
}

/** One resource with what tells its members. */
export interface ReadResource extends Members {
  readonly resource: TerraformResource;
  readonly place: Place;
  readonly findings: Findings;
  readonly document: FileDocument;
  gap(area: Gap['area'], reason: string): void;
  /** Whether the member, or something in it, is written and known only after apply. */
  isUnknown(name: string): boolean;
  /** The only block of this name, as an object; Terraform has it as a list of one. */
  block(name: string): JsonObject | undefined;
  blocks(name: string): readonly JsonObject[];
  /**
   * A text, also one that is known only after apply where it refers to a resource here whose name tells it; else a gap of the
   * area, if the resource cannot do without it.
   */
  settled(name: string, area: Gap['area']): string | undefined;
}

export function readResource(resource: TerraformResource, reading: Reading, area: Gap['area']): ReadResource {
  const { findings, document, references } = reading;
  const { address, values, part } = resource;
  const place = document.placeOf(part);
  const gap = (of: Gap['area'], reason: string): void =>
    findings.gap({ area: of, reason: `\`${address}\`: ${reason}`, place });
  const members = membersOf(values, 'this resource', (reason) => gap(area, reason));
  const isUnknown = (name: string): boolean =>
    holdsTrue(resource.unknown[name], 0) && references.isWritten(resource, name);
  return {
    ...members,
    ...{ resource, place, findings, document, gap, isUnknown },
    block: (name) => asObject(listOf(values[name])[0]) ?? asObject(values[name]),
    blocks: (name) =>
      listOf(values[name])
        .map(asObject)
        .filter((block) => block !== undefined),
    settled(name, of) {
      const told = members.text(name);
      if (told !== undefined && told !== '') return told;
      const text = isUnknown(name) ? referredText(resource, name, references) : undefined;
      if (text === undefined) {
        gap(of, isUnknown(name) ? `\`${name}\` is known only after apply` : `it has no \`${name}\``);
      }
      return text;
    },
  };
}

/** Members that refer to members; beyond this they go in a circle. */
const longestChain = 10;

function referredText(
  resource: TerraformResource,
  member: string,
  references: References,
): string | undefined {
  let at: Reference = { resource, attribute: member };
  for (let left = longestChain; left > 0; left--) {
    const next = references.find(at.resource, at.attribute);
    if (next === undefined) return undefined;
    const text = attributeOf(next);
    // Something else was made of it: which name that is nobody can tell.
    if (text !== undefined) return member.endsWith('_arn') && !text.startsWith('arn:') ? undefined : text;
    at = next;
  }
  return undefined;
}

function holdsTrue(value: unknown, depth: number): boolean {
  if (value === true) return true;
  if (typeof value !== 'object' || value === null || depth > 20) return false;
  return Object.values(value).some((member) => holdsTrue(member, depth + 1));
}

/** Kinds of IAM, as their ARNs have them. */
const iamKinds: ReadonlyMap<string, string> = new Map([
  ['aws_iam_role', 'role'],
  ['aws_iam_user', 'user'],
  ['aws_iam_group', 'group'],
  ['aws_iam_policy', 'policy'],
]);

/** An attribute of a resource, computed where it follows from the name: AWS has not made it yet. */
function attributeOf({ resource, attribute }: Reference): string | undefined {
  const { type, values } = resource;
  const told = values[attribute];
  if (typeof told === 'string' && told !== '') return told;
  const name = typeof values.name === 'string' && values.name !== '' ? values.name : undefined;
  if (name === undefined) return undefined;
  if (attribute === 'arn' || (attribute === 'id' && type === 'aws_iam_policy')) return arnOf(resource);
  return attribute === 'id' || attribute === 'name' ? name : undefined;
}

/** Of IAM, also before it is made: `unknownAccount` stands for the account. */
export function arnOf({ type, values }: TerraformResource): string | undefined {
  if (typeof values.arn === 'string' && values.arn !== '') return values.arn;
  const kind = iamKinds.get(type);
  if (kind === undefined || typeof values.name !== 'string' || values.name === '') return undefined;
  const path = typeof values.path === 'string' && values.path !== '' ? values.path : '/';
  return `arn:${unknownPartition}:iam::${unknownAccount}:${kind}${path}${values.name}`;
}
