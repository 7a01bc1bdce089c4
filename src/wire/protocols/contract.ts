/**
 * What the three protocols must know about a service. The text form is what `npm run generate` writes (one line per
 * operation and structure, so that an SDK update reads well as a diff); `openContract` gives it types and compiles a
 * structure when it is first used, so that loading 320 operations costs next to nothing.
 *
 * A member is `name`, then `!` when required, `:type` unless a string, `@path` or `@query` (REST), `~` for an
 * idempotency token that clients fill in: `clusterName!@path tags:{string} clientRequestToken~`. Types are the scalars
 * below, `[item]`, `{value}` (keys are strings) and names of structures. `-` stands for "no structure at all".
 */
export interface ContractText {
  readonly service: string;
  readonly protocol: Protocol;
  readonly version: string;
  /** The `xmlns` of query answers; '' elsewhere. */
  readonly xmlNamespace: string;
  /** What stands before the dot of X-Amz-Target (JSON 1.1); '' elsewhere. */
  readonly target: string;
  /** REST: `METHOD /path/{label} status input output`; else `input output`. */
  readonly operations: Readonly<Record<string, string>>;
  /** Members; a leading `|` marks a union (exactly one member is present). */
  readonly structures: Readonly<Record<string, string>>;
  /** By class name: `status wireCode members`. */
  readonly errors: Readonly<Record<string, string>>;
}

export type Protocol = 'restJson1' | 'awsQuery' | 'awsJson1_1';
/** `document` is any JSON value: of our own operations, in JSON alone. */
export const scalars = ['string', 'number', 'boolean', 'timestamp', 'blob', 'document'] as const;
type Scalar = (typeof scalars)[number];

export interface Structure {
  readonly kind: 'structure';
  readonly name: string;
  readonly union: boolean;
  readonly members: readonly Member[];
}

export type Shape =
  | { readonly kind: Scalar }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly value: Shape }
  | Structure;

export interface Member {
  readonly name: string;
  /** How validation texts call it: `userName` (iam-facts H9). */
  readonly field: string;
  readonly shape: Shape;
  readonly required: boolean;
  readonly location: 'body' | 'path' | 'query';
  readonly idempotencyToken: boolean;
}

export interface OperationContract {
  readonly name: string;
  /** REST only: method, path pattern and status; elsewhere POST, / and 200. */
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly input: Structure | undefined;
  readonly output: Structure | undefined;
}

interface ErrorContract {
  /** The class name SDKs give it. */
  readonly name: string;
  /** What the query protocol calls it (protocol-facts 19). */
  readonly wireCode: string;
  readonly status: number;
  readonly structure: Structure;
}

export interface ServiceContract<Service extends string = string> {
  readonly service: Service;
  readonly protocol: Protocol;
  readonly version: string;
  readonly xmlNamespace: string;
  readonly target: string;
  readonly operationNames: readonly string[];
  /** Undefined for a name the service does not have; any text may be asked. */
  operation(name: string): OperationContract | undefined;
  /** Class names of the modelled errors. */
  readonly errorNames: readonly string[];
  /** A modelled error by its class name or its wire code. */
  error(code: string): ErrorContract | undefined;
}

export function openContract<Service extends string>(
  text: ContractText & { readonly service: Service },
): ServiceContract<Service> {
  const structures = new Map<string, Structure>();
  const operations = new Map<string, OperationContract>();

  const openStructure = (name: string, members: string): Structure => {
    let compiled: readonly Member[] | undefined;
    return {
      kind: 'structure',
      name,
      union: members.startsWith('|'),
      get members() {
        compiled ??= (members.match(/[^| ]+/g) ?? []).map(openMember);
        return compiled;
      },
    };
  };

  const structureOf = (name: string): Structure => {
    let structure = structures.get(name);
    if (structure === undefined) {
      const members = text.structures[name];
      if (members === undefined) {
        throw new TypeError(`the contract of ${text.service} has no structure ${name}`);
      }
      structure = openStructure(name, members);
      structures.set(name, structure);
    }
    return structure;
  };

  const openShape = (type: string): Shape => {
    if (type.startsWith('[')) {
      return { kind: 'list', item: openShape(type.slice(1, -1)) };
    }
    if (type.startsWith('{')) {
      return { kind: 'map', value: openShape(type.slice(1, -1)) };
    }
    const scalar = scalars.find((name) => name === type);
    return scalar === undefined ? structureOf(type) : { kind: scalar };
  };

  const openMember = (word: string): Member => {
    const parts = /^(\w+)(!?)(?::([^@~]+))?(?:@(path|query))?(~?)$/.exec(word);
    if (parts === null) {
      throw new TypeError(`the contract of ${text.service} has an unreadable member ${word}`);
    }
    const [, name = '', required, type = 'string', location = 'body', token] = parts;
    return {
      name,
      field: name.charAt(0).toLowerCase() + name.slice(1),
      shape: openShape(type),
      required: required === '!',
      location: location as Member['location'],
      idempotencyToken: token === '~',
    };
  };

  const openOperation = (name: string, line: string): OperationContract => {
    const words = line.split(' ');
    const [input = '-', output = '-'] = words.slice(-2);
    const [method = 'POST', path = '/', status = '200'] = words.slice(0, -2);
    return {
      name,
      method,
      path,
      status: Number(status),
      input: input === '-' ? undefined : structureOf(input),
      output: output === '-' ? undefined : structureOf(output),
    };
  };

  const errors = new Map<string, ErrorContract>();
  for (const [name, line] of Object.entries(text.errors)) {
    const [status = '', wireCode = '', ...members] = line.split(' ');
    const error = {
      name,
      wireCode,
      status: Number(status),
      structure: openStructure(name, members.join(' ')),
    };
    errors.set(name, error);
    // A class name wins over another error's wire code.
    if (!Object.hasOwn(text.errors, wireCode)) {
      errors.set(wireCode, error);
    }
  }

  return {
    service: text.service,
    protocol: text.protocol,
    version: text.version,
    xmlNamespace: text.xmlNamespace,
    target: text.target,
    operationNames: Object.keys(text.operations),
    operation(name) {
      let operation = operations.get(name);
      // SECURITY: names come from the wire; `constructor` and `__proto__` must not be found on the object.
      if (operation === undefined && Object.hasOwn(text.operations, name)) {
        operation = openOperation(name, text.operations[name] ?? '');
        operations.set(name, operation);
      }
      return operation;
    },
    errorNames: Object.keys(text.errors),
    error: (code) => errors.get(code),
  };
}
