import type { Member, Structure } from './contract.ts';
import { UnreadableInput } from './scalars.ts';

/** What reading one input collects on its way. */
export interface Reading {
  /** Paths of required members that were absent: `tags.1.member.key`. */
  readonly missing: string[];
  /** Whether numbers may have a fraction. */
  readonly fractions: boolean;
  /** Whether a key that names no member, and `null`, are refused. AWS's services skip both (protocol-facts 10). */
  readonly strict?: boolean;
}

/** Only members of the contract are read, whatever the wire calls its keys. */
export function readStructure(
  structure: Structure,
  path: string,
  reading: Reading,
  read: (member: Member, path: string) => unknown,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  let present = 0;
  for (const member of structure.members) {
    const memberPath = path === '' ? member.field : `${path}.${member.field}`;
    const item = read(member, memberPath);
    if (item !== undefined) {
      value[member.name] = item;
      present += 1;
    } else if (member.required) {
      reading.missing.push(memberPath);
    }
  }
  if (structure.union && present !== 1) {
    throw new UnreadableInput(`${path} must have exactly one member`);
  }
  return value;
}

/**
 * Calls `write` for each member the value has, in the order of the contract; what the contract does not name is left
 * out.
 *
 * COMPAT: botocore drops absent members, so required lists are sent even when a handler left them out, and every
 * paged IAM answer says IsTruncated (protocol-facts 12).
 */
export function writeStructure(
  structure: Structure,
  value: object,
  write: (member: Member, value: unknown) => void,
): void {
  for (const member of structure.members) {
    const item = (value as Readonly<Record<string, unknown>>)[member.name] ?? standIn(member);
    if (item !== undefined) {
      write(member, item);
    }
  }
}

function standIn(member: Member): unknown {
  if (member.required && member.shape.kind === 'list') {
    return [];
  }
  return member.name === 'IsTruncated' ? false : undefined;
}
