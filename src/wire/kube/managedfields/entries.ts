import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { difference, type FieldSet, noFields, sameFields, union } from './fieldset.ts';
import { decodeFields, encodedMeets, encodeFields } from './fieldsv1.ts';
import { compareText, type Manager, type Managers, managerKey, maximumManagers } from './managers.ts';

const maximumManagerLength = 128;
const maximumSubresourceLength = 256;
const maximumVersionLength = 320;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** `metadata.managedFields: []`, or one empty entry: the client wants all ownership forgotten (kubernetes-facts E13). */
export function clearsManagers(value: JsonValue | undefined): boolean {
  if (!Array.isArray(value)) return false;
  const [only] = value as readonly JsonValue[];
  return value.length === 0 || (value.length === 1 && isObject(only) && Object.keys(only).length === 0);
}

/**
 * Reads `metadata.managedFields`; absent is nobody. Undefined when an entry is malformed or there are more than
 * `maximumManagers`: upstream then goes by what was stored before.
 */
export function decodeManagers(value: JsonValue | undefined): Managers | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > maximumManagers) return undefined;
  const managers = new Map<string, Manager>();
  for (const entry of value as readonly JsonValue[]) {
    const one = decodeEntry(entry);
    if (one === undefined) return undefined;
    const key = managerKey(one);
    const known = managers.get(key);
    managers.set(key, known === undefined ? one : { ...one, fields: union(known.fields, one.fields) });
  }
  return [...managers.values()];
}

const encodedBy = new WeakMap<Manager, JsonObject>();

/**
 * What `encodeManagers` once wrote, read again: nothing is checked, a manager's fields are decoded when they are first
 * looked at, and a manager that does not change is written back as it was. Most writes touch the fields of one or two.
 */
export function readManagers(stored: readonly JsonObject[]): Managers {
  return stored.map((entry) => {
    let fields: FieldSet | undefined;
    const one: Manager = {
      manager: text(entry.manager),
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: text(entry.apiVersion),
      subresource: text(entry.subresource),
      time: text(entry.time),
      get fields() {
        fields ??= decodeFields(entry.fieldsV1) ?? noFields;
        return fields;
      },
    };
    encodedBy.set(one, entry);
    return one;
  });
}

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

/** The manager without those fields; itself when it has none of them. */
export function withoutFieldsOf(one: Manager, taken: FieldSet): Manager {
  const encoded = encodedBy.get(one);
  if (encoded !== undefined && isObject(encoded.fieldsV1) && !encodedMeets(encoded.fieldsV1, taken))
    return one;
  return { ...one, fields: difference(one.fields, taken) };
}

function isHolder(one: Manager): boolean {
  return encodedBy.has(one) || one.fields.size > 0;
}

function decodeEntry(entry: JsonValue): Manager | undefined {
  if (!isObject(entry)) return undefined;
  const { manager = '', operation, apiVersion, subresource = '', time = '', fieldsType } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (fieldsType !== 'FieldsV1') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || apiVersion.length > maximumVersionLength) {
    return undefined;
  }
  if (typeof manager !== 'string' || Buffer.byteLength(manager) > maximumManagerLength) return undefined;
  if (typeof subresource !== 'string' || subresource.length > maximumSubresourceLength) return undefined;
  if (time !== null && (typeof time !== 'string' || (time !== '' && !timePattern.test(time)))) {
    return undefined;
  }
  const fields = decodeFields(entry.fieldsV1 ?? {});
  if (fields === undefined) return undefined;
  return { manager, operation, apiVersion, subresource, time: time ?? '', fields };
}

/** `metadata.managedFields` in upstream's order: appliers first, then by time and name. Managers of nothing are left out. */
export function encodeManagers(managers: Managers): readonly JsonObject[] {
  return managers
    .filter(isHolder)
    .sort(
      (left, right) =>
        compareText(left.operation, right.operation) ||
        compareText(left.time, right.time) ||
        compareText(left.manager, right.manager) ||
        compareText(left.apiVersion, right.apiVersion) ||
        compareText(left.subresource, right.subresource),
    )
    .map((one) => encodedBy.get(one) ?? encodeManager(one));
}

function encodeManager({ manager, operation, apiVersion, time, fields, subresource }: Manager): JsonObject {
  return {
    manager,
    operation,
    apiVersion,
    ...(time !== '' && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFields(fields),
    ...(subresource !== '' && { subresource }),
  };
}

/** Whether both say the same of who owns what; times alone do not count (kubernetes-facts E13). */
export function sameManagers(left: Managers, right: Managers): boolean {
  const held = (managers: Managers): Managers => managers.filter(isHolder);
  const [one, other] = [held(left), held(right)];
  if (one.length !== other.length) return false;
  const byKey = new Map(other.map((manager) => [managerKey(manager), manager]));
  return one.every((manager) => {
    const found = byKey.get(managerKey(manager));
    if (found === manager) return true;
    return (
      found !== undefined &&
      found.apiVersion === manager.apiVersion &&
      sameFields(found.fields, manager.fields)
    );
  });
}
