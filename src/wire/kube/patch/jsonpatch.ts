import fastJsonPatch, { type Operation } from 'fast-json-patch';
import { isWithinDepth } from '../body.ts';
import { isObject, type JsonValue, own } from '../json.ts';
import { badRequest, patchDoesNotApply, requestEntityTooLarge } from '../status.ts';

/** The API server's own bound. */
const maxOperations = 10_000;
/** What copies may add up to: the API server's body limit. */
const maxCopiedBytes = 3 * 1024 * 1024;
/** `copy` and `move` cost one clone of the document each in the library; this bounds the sum. */
const maxClonedBytes = 64 * 1024 * 1024;
/** Elements of lists that make room for what is put in, or close up after what is taken out: a fifth of a second. */
const maxShiftedElements = 256_000_000;

const needsValue: ReadonlySet<string> = new Set(['add', 'replace', 'test']);
const needsFrom: ReadonlySet<string> = new Set(['copy', 'move']);

function isPointer(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || value.startsWith('/'));
}

/**
 * SECURITY: prototype names have no business in a path; the library reads through the prototype chain, so `toString` or
 * `constructor` would look like an existing member.
 */
function isSafePointer(pointer: string): boolean {
  return pointer
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .every((part) => !(part in Object.prototype));
}

function checkedOperation(value: JsonValue): Operation {
  const op = own(value, 'op');
  const path = own(value, 'path');
  const from = own(value, 'from');
  const fails =
    !isObject(value) ||
    typeof op !== 'string' ||
    !(needsValue.has(op) || needsFrom.has(op) || op === 'remove') ||
    !isPointer(path) ||
    (needsFrom.has(op) && !isPointer(from)) ||
    (needsValue.has(op) && !Object.hasOwn(value, 'value'));
  if (fails) throw badRequest('the JSON patch holds an operation that is not one of RFC 6902');
  if (!isSafePointer(path) || (typeof from === 'string' && !isSafePointer(from))) throw patchDoesNotApply();
  return value as unknown as Operation;
}

/** How many elements the list has that a path puts something into, or takes something from; 0 where it is none. */
function elementsAt(document: JsonValue, path: string): number {
  const steps = path.split('/').slice(1);
  if (steps.pop() === '-') return 0;
  let list: JsonValue | undefined = document;
  for (const step of steps) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    list = Array.isArray(list) ? list[Number(name)] : own(list, name);
  }
  return Array.isArray(list) ? list.length : 0;
}

/**
 * Applies a JSON patch (RFC 6902); neither input is changed.
 * @throws KubeStatusError 400 for a malformed patch, 422 when it does not apply (a failed `test` included), 413 when it is
 * too long or would copy too much
 */
export function jsonPatch(original: JsonValue, patch: JsonValue): JsonValue {
  if (!Array.isArray(patch)) throw badRequest('the JSON patch is not a list of operations');
  if (patch.length > maxOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  const operations = patch.map(checkedOperation);
  let document: JsonValue = structuredClone(original);
  let size = JSON.stringify(original).length;
  let copied = 0;
  let cloned = 0;
  let shifted = 0;
  for (const [index, operation] of operations.entries()) {
    if (operation.op === 'copy' || operation.op === 'move') {
      cloned += 2 * size;
      if (cloned > maxClonedBytes) throw requestEntityTooLarge('the JSON patch moves or copies too much');
    }
    if (operation.op === 'add' || operation.op === 'remove') {
      shifted += elementsAt(document, operation.path);
      if (shifted > maxShiftedElements)
        throw requestEntityTooLarge('the JSON patch moves or copies too much');
    }
    try {
      if (operation.op === 'copy') {
        const source: unknown = fastJsonPatch.getValueByPointer(document, operation.from);
        copied += JSON.stringify(source ?? null).length;
      }
      if (copied <= maxCopiedBytes) {
        const step = structuredClone(operation);
        document = fastJsonPatch.applyOperation(document, step, true, true, true, index)
          .newDocument as JsonValue;
      }
    } catch (cause) {
      throw patchDoesNotApply({ cause });
    }
    if (copied > maxCopiedBytes) throw requestEntityTooLarge('the JSON patch copies too much');
    size += JSON.stringify(operation).length + (operation.op === 'copy' ? copied : 0);
  }
  // SECURITY: operations nest beneath one another, so a patch within the bound can build what no walk of this room and
  // no watch could write any more.
  if (!isWithinDepth(document)) throw requestEntityTooLarge('the JSON patch nests too deeply');
  return document ?? null;
}
