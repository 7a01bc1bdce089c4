import { duplicate, type FieldError, invalidValue, required, tooMany } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { compileSchema, listOf, objectOf, type Schema, textOf } from '../../wire/kube/schema/schema.ts';
import { maximumColumns } from '../../wire/kube/table/customcolumns.ts';
import { PatternCount, schemaDocumentErrors } from './schemaerrors.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const maximumSelectable = 8;
/** Of so many each is looked at, as upstream does of any number. */
const maximumTold = 100;

/**
 * What is wrong with one version at `path`, without the members in `elsewhere`, which are looked at in another place.
 * With `isSpec` only those members are looked at that the spec says for all versions.
 * `patterns` are those of all versions.
 */
export function versionErrors(
  version: JsonObject,
  path: string,
  elsewhere: ReadonlySet<string>,
  { isSpec = false, patterns = new PatternCount() } = {},
): readonly FieldError[] {
  const errors: FieldError[] = isSpec ? [] : [...warningErrors(version, path)];
  const subresources = objectOf(version, 'subresources');
  const schema = objectOf(version, 'schema');
  if (!elsewhere.has('schema')) {
    const hasStatus = isObject(own(subresources, 'status'));
    errors.push(...schemaDocumentErrors(schema, `${path}.schema`, hasStatus, patterns));
  }
  if (!elsewhere.has('subresources')) errors.push(...scaleErrors(subresources, `${path}.subresources`));
  if (!elsewhere.has('additionalPrinterColumns')) {
    errors.push(
      ...columnsErrors(listOf(version, 'additionalPrinterColumns'), `${path}.additionalPrinterColumns`),
    );
  }
  const document = own(schema, 'openAPIV3Schema');
  if (!elsewhere.has('selectableFields') && isObject(document)) {
    const fields = listOf(version, 'selectableFields').filter(isObject);
    if (fields.length > 0) errors.push(...selectableErrors(fields, document, `${path}.selectableFields`));
  }
  return errors;
}

function warningErrors(version: JsonObject, path: string): readonly FieldError[] {
  const given = own(version, 'deprecationWarning') ?? null;
  if (typeof given !== 'string') return [];
  const at = `${path}.deprecationWarning`;
  if (version.deprecated !== true)
    return [invalidValue(at, given, 'can only be set for deprecated versions')];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(given) > 256) errors.push(invalidValue(at, given, 'must be <= 256 characters long'));
  if (given === '') errors.push(invalidValue(at, given, 'must not be an empty string'));
  const found = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(given);
  if (found !== null) {
    const index = Buffer.byteLength(given.slice(0, found.index));
    const detail = `must only contain printable UTF-8 characters; non-printable character found at index ${index}`;
    errors.push(invalidValue(at, given, detail));
  }
  return errors;
}

/** A path as far as upstream looks at it when it is written: whether it parses is seen when it is used. */
function pathErrors(text: string, path: string): readonly FieldError[] {
  return text.startsWith('.') ? [] : [invalidValue(path, text, 'must be a simple json path starting with .')];
}

function scaleErrors(subresources: JsonObject, path: string): readonly FieldError[] {
  const scale = own(subresources, 'scale');
  if (!isObject(scale)) return [];
  const errors: FieldError[] = [];
  const check = (member: string, prefixes: readonly string[], detail: string): void => {
    const text = textOf(scale, member);
    const at = `${path}.scale.${member}`;
    const wrong = pathErrors(text, at);
    if (wrong.length > 0) errors.push(...wrong);
    else if (!prefixes.some((prefix) => text.startsWith(prefix))) errors.push(invalidValue(at, text, detail));
  };
  for (const [member, part] of [
    ['specReplicasPath', 'spec'],
    ['statusReplicasPath', 'status'],
  ] as const) {
    if (textOf(scale, member) === '') errors.push(required(`${path}.scale.${member}`));
    else check(member, [`.${part}.`], `should be a json path under .${part}`);
  }
  if (textOf(scale, 'labelSelectorPath') !== '') {
    check('labelSelectorPath', ['.spec.', '.status.'], 'should be a json path under either .spec or .status');
  }
  return errors;
}

function columnsErrors(columns: readonly JsonValue[], path: string): readonly FieldError[] {
  if (columns.length > maximumColumns) return [tooMany(path, columns.length, maximumColumns)];
  return columns.filter(isObject).flatMap((column, index) => columnErrors(column, `${path}[${index}]`));
}

function columnErrors(column: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (textOf(column, 'name') === '') errors.push(required(`${path}.name`));
  const type = textOf(column, 'type');
  const types = `must be one of ${columnTypes.join(',')}`;
  if (type === '') errors.push(required(`${path}.type`, types));
  else if (!columnTypes.includes(type)) errors.push(invalidValue(`${path}.type`, type, types));
  const format = textOf(column, 'format');
  if (format !== '' && !columnFormats.includes(format)) {
    errors.push(invalidValue(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`));
  }
  const jsonPath = textOf(column, 'jsonPath');
  if (jsonPath === '') errors.push(required(`${path}.JSONPath`));
  else errors.push(...pathErrors(jsonPath, `${path}.JSONPath`));
  return errors;
}

function selectableErrors(
  fields: readonly JsonObject[],
  document: JsonObject,
  path: string,
): readonly FieldError[] {
  if (fields.length > maximumTold) return [tooMany(path, fields.length, maximumSelectable)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, field] of fields.entries()) {
    const at = `${path}[${index}].jsonPath`;
    const text = textOf(field, 'jsonPath');
    if (text === '') {
      errors.push(required(at));
      continue;
    }
    const found = fieldAt(compileSchema(document), text);
    if (typeof found === 'string') {
      errors.push(invalidValue(at, text, `is an invalid path: ${found}`));
      continue;
    }
    if (text.startsWith('.metadata'))
      errors.push(invalidValue(at, text, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.type)) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.push(invalidValue(at, text, detail));
    }
    if (seen.has(text)) errors.push(duplicate(at, text));
    seen.add(text);
  }
  if (seen.size > maximumSelectable) errors.push(tooMany(path, seen.size, maximumSelectable));
  return errors;
}

/** The schema a simple path leads to, or why it leads nowhere. */
function fieldAt(schema: Schema, path: string): Schema | string {
  if (path.includes('[')) return 'array notation is not allowed';
  let here: Schema | undefined = schema;
  for (const name of path.replace(/^\./, '').split('.')) {
    here = here.properties.get(name);
    if (here === undefined) return 'does not refer to a valid field';
  }
  return here;
}
