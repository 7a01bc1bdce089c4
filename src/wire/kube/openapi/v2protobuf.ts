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

const texts: Readonly<Record<string, number>> = { $ref: 1, format: 2, title: 3, description: 4, pattern: 13 };
const numbers: Readonly<Record<string, number>> = { multipleOf: 6, maximum: 7, minimum: 9 };
const counts: Readonly<Record<string, number>> = {
  maxLength: 11,
  minLength: 12,
  maxItems: 14,
  minItems: 15,
  maxProperties: 17,
  minProperties: 18,
};
const flags: Readonly<Record<string, number>> = {
  exclusiveMaximum: 8,
  exclusiveMinimum: 10,
  uniqueItems: 16,
};

function writeSchema(writer: WireWriter, schema: JsonObject): void {
  for (const [name, field] of Object.entries(texts)) writer.text(field, text(schema[name]));
  for (const [name, field] of Object.entries(numbers)) {
    const value = schema[name];
    if (typeof value === 'number') writer.double(field, value);
  }
  for (const [name, field] of Object.entries(counts)) {
    const value = schema[name];
    if (typeof value === 'number') writer.count(field, value);
  }
  for (const [name, field] of Object.entries(flags)) writer.flag(field, schema[name] === true);
  if (schema.default !== undefined) writer.message(5, () => writeAny(writer, schema.default ?? null));
  for (const name of items(schema.required)) writer.text(19, text(name));
  for (const value of items(schema.enum)) writer.message(20, () => writeAny(writer, value));
  const { additionalProperties, items: elements, properties } = schema;
  if (isObject(additionalProperties)) {
    writer.message(21, () => writer.message(1, () => writeSchema(writer, additionalProperties)));
  }
  if (typeof schema.type === 'string') writer.message(22, () => writer.text(1, text(schema.type)));
  if (isObject(elements)) writer.message(23, () => writer.message(1, () => writeSchema(writer, elements)));
  if (isObject(properties)) {
    writer.message(25, () => named(writer, 1, properties, (property) => writeSchema(writer, property)));
  }
  writeExtensions(writer, 31, schema);
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
