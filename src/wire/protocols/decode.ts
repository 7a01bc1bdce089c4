import { authFailure } from './commonerrors.ts';
import type { Member, Structure } from './contract.ts';
import { parseForm, readFormStructure, readText } from './form.ts';
import type { HttpRequest } from './http.ts';
import { jsonMembers, parseJsonObject, readJsonStructure } from './json.ts';
import { type Reading, readStructure } from './members.ts';
import type { OperationRoute } from './route.ts';
import { decodePercent, decodeUtf8, UnreadableInput } from './scalars.ts';

const MAX_QUERY_PARAMETERS = 1000;

/**
 * The input of the routed operation, shaped like the SDK's command input (Date, Uint8Array, plain objects). Absent
 * and null members are left out, unknown ones ignored; our own operations refuse both. Throws the AwsError of the protocol
 * when a value has the wrong type, the request cannot be read, or a required member is missing. Constraints beyond types
 * are the handler's.
 */
export function decodeInput(route: OperationRoute, request: HttpRequest): unknown {
  const structure = route.shape.input;
  if (structure === undefined) {
    return {};
  }
  // SECURITY: a misspelled `expiresAt` or `resourceNames` would grant for good, or every name.
  const reading: Reading = { missing: [], fractions: false, strict: route.service === 'entryway' };
  let input: unknown;
  try {
    input = read(route, structure, request, reading);
  } catch (error) {
    if (error instanceof UnreadableInput) {
      throw authFailure('malformed', route.protocol, error.message);
    }
    throw error;
  }
  refuseMissing(route, reading.missing);
  return input;
}

function read(route: OperationRoute, structure: Structure, request: HttpRequest, reading: Reading): unknown {
  switch (route.protocol) {
    case 'awsQuery': {
      const text = route.parameters === 'body' ? decodeUtf8(request.body) : request.query;
      return readFormStructure(structure, parseForm(text), '', reading);
    }
    case 'awsJson1_1':
      return readJsonStructure(structure, parseJsonObject(request.body), '', reading);
    case 'restJson1':
      return readRest(route, structure, request, reading);
  }
}

function readRest(
  route: OperationRoute,
  structure: Structure,
  request: HttpRequest,
  reading: Reading,
): unknown {
  const query = parseQuery(request.query);
  const hasBody = structure.members.some((member) => member.location === 'body');
  const readBodyMember = jsonMembers(structure, hasBody ? parseJsonObject(request.body) : {}, '', reading);
  return readStructure(structure, '', reading, (member, path) => {
    switch (member.location) {
      case 'path':
        return readText(
          member.shape.kind,
          decodePercent(route.labels[member.name] ?? '', { plusIsSpace: false }),
          path,
        );
      case 'query':
        return readQueryMember(member, query.get(member.name), path);
      case 'body':
        return readBodyMember(member, path);
    }
  });
}

/** COMPAT: a repeated key is a list, and an empty list cannot be sent (protocol-facts 7). */
function readQueryMember(member: Member, values: readonly string[] | undefined, path: string): unknown {
  const shape = member.shape;
  if (values === undefined) {
    return undefined;
  }
  if (shape.kind === 'list') {
    return values.map((value) => readText(shape.item.kind, value, path));
  }
  if (values.length > 1) {
    throw new UnreadableInput(`Value at '${path}' is given twice`);
  }
  return readText(shape.kind, values[0] ?? '', path);
}

function parseQuery(text: string): ReadonlyMap<string, readonly string[]> {
  const query = new Map<string, string[]>();
  const pairs = text.split('&', MAX_QUERY_PARAMETERS + 1).filter((pair) => pair !== '');
  if (pairs.length > MAX_QUERY_PARAMETERS) {
    throw new UnreadableInput(`the request has more than ${MAX_QUERY_PARAMETERS} parameters`);
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const key = decodePercent(name, { plusIsSpace: true });
    const values = query.get(key) ?? [];
    values.push(decodePercent(value, { plusIsSpace: true }));
    query.set(key, values);
  }
  return query;
}

/** A list of a thousand empty items must not make an answer larger than the request. */
const SHOWN_FAILURES = 20;

/** COMPAT: all missing members are counted in one text (iam-facts H9). */
function refuseMissing(route: OperationRoute, missing: readonly string[]): void {
  if (missing.length === 0) {
    return;
  }
  const noun = missing.length === 1 ? 'validation error' : 'validation errors';
  const failures = missing
    .slice(0, SHOWN_FAILURES)
    .map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
  const message = `${missing.length} ${noun} detected: ${failures.join('; ')}`;
  throw authFailure('missingMember', route.protocol, message);
}
