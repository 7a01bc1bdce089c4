import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { WireWriter } from '../wirewriter.ts';

/**
 * Swagger 2.0 in protobuf: the message `openapi.v2.Document` of gnostic, by the field numbers of its OpenAPIv2.proto. Only
 * what our documents have; a member the message has no field for is left out.
 */
export function encodeDocument(document: JsonObject): Uint8Array {
  const writer = new WireWriter();
  writer.text(1, text(document.swagger));
  writer.message(2, () => {
    const info = members(document.info);
    writer.text(1, text(info.title));
    writer.text(2, text(info.version));
  });
  writer.message(8, () => named(writer, 2, document.paths, (item) => writePath(writer, item)));
  writer.message(9, () => named(writer, 1, document.definitions, (schema) => writeSchema(writer, schema)));
  return writer.finish();
}

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
const members = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** A map, as a list of names and values: fields 1 and 2 of each entry. */
function named(
  writer: WireWriter,
  field: number,
  map: JsonValue | undefined,
  write: (value: JsonObject) => void,
): void {
  for (const [name, value] of Object.entries(members(map))) {
    writer.message(field, () => {
      writer.text(1, name);
      writer.message(2, () => write(members(value)));
    });
  }
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function writePath(writer: WireWriter, item: JsonObject): void {
  for (const [method, field] of Object.entries(methods)) {
    const operation = item[method];
    if (isObject(operation)) writer.message(field, () => writeOperation(writer, operation));
  }
  writeParameters(writer, 9, item.parameters);
}

function writeOperation(writer: WireWriter, operation: JsonObject): void {
  writer.text(5, text(operation.operationId));
  for (const type of items(operation.produces)) writer.text(6, text(type));
  for (const type of items(operation.consumes)) writer.text(7, text(type));
  writeParameters(writer, 8, operation.parameters);
  writer.message(9, () =>
    // Between a response and its code stands a choice of the response or a reference to it.
    named(writer, 1, operation.responses, (response) =>
      writer.message(1, () => writeResponse(writer, response)),
    ),
  );
  writeExtensions(writer, 13, operation);
}

function writeResponse(writer: WireWriter, response: JsonObject): void {
  writer.text(1, text(response.description));
  const { schema } = response;
  if (isObject(schema)) writer.message(2, () => writer.message(1, () => writeSchema(writer, schema)));
}

function writeParameters(writer: WireWriter, field: number, parameters: JsonValue | undefined): void {
  for (const parameter of items(parameters).map(members)) {
    writer.message(field, () => writer.message(1, () => writeParameter(writer, parameter)));
  }
}

function writeParameter(writer: WireWriter, parameter: JsonObject): void {
  const { name, in: place, required } = parameter;
  if (place === 'body') {
    writer.message(1, () => {
      writer.text(2, text(name));
      writer.text(3, 'body');
      writer.flag(4, required === true);
      writer.message(5, () => writeSchema(writer, members(parameter.schema)));
    });
    return;
  }
  // The messages for parameters in queries and paths differ in the numbers of their later fields.
  const [choice, type, unique] = place === 'path' ? [4, 5, 19] : [3, 6, 20];
  writer.message(2, () =>
    writer.message(choice, () => {
      writer.flag(1, required === true);
      writer.text(2, text(place));
      writer.text(4, text(name));
      writer.text(type, text(parameter.type));
      writer.flag(unique, parameter.uniqueItems === true);
    }),
  );
}

/** Members of a schema that are a text, a number, a count or a flag: how they are written, and in which field. */
const plainMembers: ReadonlyMap<string, readonly ['text' | 'double' | 'count' | 'flag', number]> = new Map([
  ['$ref', ['text', 1]],
  ['format', ['text', 2]],
  ['title', ['text', 3]],
  ['description', ['text', 4]],
  ['multipleOf', ['double', 6]],
  ['maximum', ['double', 7]],
  ['exclusiveMaximum', ['flag', 8]],
  ['minimum', ['double', 9]],
  ['exclusiveMinimum', ['flag', 10]],
  ['maxLength', ['count', 11]],
  ['minLength', ['count', 12]],
  ['pattern', ['text', 13]],
  ['maxItems', ['count', 14]],
  ['minItems', ['count', 15]],
  ['uniqueItems', ['flag', 16]],
  ['maxProperties', ['count', 17]],
  ['minProperties', ['count', 18]],
]);

function writeSchema(writer: WireWriter, schema: JsonObject): void {
  for (const [name, value] of Object.entries(schema)) writeMember(writer, name, value);
  writeExtensions(writer, 31, schema);
}

function writeMember(writer: WireWriter, name: string, value: JsonValue): void {
  const plain = plainMembers.get(name);
  if (plain !== undefined) {
    const [form, field] = plain;
    if (form === 'text') writer.text(field, text(value));
    else if (form === 'flag') writer.flag(field, value === true);
    else if (typeof value === 'number') writer[form](field, value);
    return;
  }
  switch (name) {
    case 'default':
      writer.message(5, () => writeAny(writer, value));
      break;
    case 'required':
      for (const one of items(value)) writer.text(19, text(one));
      break;
    case 'enum':
      for (const one of items(value)) writer.message(20, () => writeAny(writer, one));
      break;
    case 'additionalProperties':
      if (isObject(value)) writer.message(21, () => writer.message(1, () => writeSchema(writer, value)));
      break;
    case 'type':
      writer.message(22, () => writer.text(1, text(value)));
      break;
    case 'items':
      if (isObject(value)) writer.message(23, () => writer.message(1, () => writeSchema(writer, value)));
      break;
    case 'properties':
      writer.message(25, () => named(writer, 1, value, (property) => writeSchema(writer, property)));
      break;
    default:
      break;
  }
}

/** A value of any form is its YAML, and JSON is YAML. */
function writeAny(writer: WireWriter, value: JsonValue): void {
  writer.text(2, JSON.stringify(value));
}

function writeExtensions(writer: WireWriter, field: number, from: JsonObject): void {
  for (const [name, value] of Object.entries(from)) {
    if (!name.startsWith('x-')) continue;
    writer.message(field, () => {
      writer.text(1, name);
      writer.message(2, () => writeAny(writer, value));
    });
  }
}
