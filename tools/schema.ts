/**
 * Reads the runtime schemas that AWS SDK clients export (protocol-facts 1) and turns them into contract text. Anything
 * it does not know stops the generation: a codec that guesses would be wrong on the wire.
 */
import type { ContractText } from '../src/wire/protocols/contract.ts';

const STRUCTURE = 3;
const UNION = 4;
const ERROR = -3;
const SIMPLE = 0;
const LIST = 1;
const MAP = 2;
const OPERATION = 9;
const LIST_OF = 64;
const MAP_OF = 128;

const PATH = 1;
const IDEMPOTENCY_TOKEN = 4;
/** Idempotent and sensitive say nothing about the wire. */
const IGNORED = 2 | 8;

const scalarNames: Readonly<Record<number, string>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  21: 'blob',
};

type Traits = Readonly<Record<string, unknown>>;
type Schema = readonly unknown[];

/** What the clients' settings say about a service as a whole. */
export interface ServiceFacts {
  readonly service: string;
  readonly protocol: ContractText['protocol'];
  readonly version: string;
  readonly xmlNamespace: string;
  readonly target: string;
}

export function readSchemas(facts: ServiceFacts, exported: Readonly<Record<string, unknown>>): ContractText {
  const structures = new Map<string, string>();

  const typeOf = (reference: unknown): string => {
    const schema = resolve(reference);
    if (typeof schema === 'number') {
      return scalarText(schema);
    }
    if (!isSchema(schema)) {
      throw new Error(`unknown schema ${String(schema)}`);
    }
    switch (schema[0]) {
      case SIMPLE:
        return typeOf(schema[4]);
      case LIST:
        return `[${typeOf(schema[4])}]`;
      case MAP:
        if (typeOf(schema[4]) !== 'string') {
          throw new Error(`map ${String(schema[2])} has keys that are not strings`);
        }
        return `{${typeOf(schema[5])}}`;
      case STRUCTURE:
      case UNION:
        return nameOf(schema);
      default:
        // A member reference with traits of its target inside a list or map.
        if (schema.length === 2) {
          return typeOf(schema[0]);
        }
        throw new Error(`unknown kind ${String(schema[0])} of ${String(schema[2])}`);
    }
  };

  const nameOf = (schema: Schema): string => {
    const name = String(schema[2]);
    if (!structures.has(name)) {
      structures.set(name, '');
      structures.set(name, `${schema[0] === UNION ? '|' : ''}${membersOf(schema)}`);
    }
    return name;
  };

  const membersOf = (schema: Schema): string => {
    const names = schema[4] as readonly string[];
    const types = schema[5] as readonly unknown[];
    const required = Number(schema[6] ?? 0);
    return names
      .map((name, index) => {
        const [reference, traits] = withTraits(types[index]);
        const type = typeOf(reference);
        const place = locationOf(name, traits);
        return `${name}${index < required ? '!' : ''}${type === 'string' ? '' : `:${type}`}${place}`;
      })
      .join(' ');
  };

  const rootOf = (reference: unknown): string => {
    const schema = resolve(reference);
    if (schema === 'unit') {
      return '-';
    }
    return isSchema(schema) ? nameOf(schema) : fail(`operation with ${String(schema)}`);
  };

  const operations: [string, string][] = [];
  const errors: [string, string][] = [];
  for (const schema of Object.values(exported).filter(isSchema)) {
    const name = String(schema[2]);
    if (schema[0] === OPERATION) {
      const http = (typeof schema[3] === 'object' ? (schema[3] as Traits).http : undefined) as
        | Schema
        | undefined;
      const binding = http === undefined ? [] : http.map(String);
      if ((binding.length === 3) !== (facts.protocol === 'restJson1') || binding.join('').includes('+}')) {
        fail(`unexpected HTTP binding of ${name}`);
      }
      operations.push([name, [...binding, rootOf(schema[4]), rootOf(schema[5])].join(' ')]);
    } else if (schema[0] === ERROR && typeof schema[3] === 'object') {
      const traits = schema[3] as Traits;
      const [wireCode = name, queryStatus] = (traits.awsQueryError ?? []) as [string?, number?];
      const status = Number(queryStatus ?? traits.httpError);
      errors.push([name, [status, wireCode, membersOf(schema)].join(' ').trim()]);
    }
  }
  return {
    ...facts,
    operations: sorted(operations),
    structures: sorted([...structures]),
    errors: sorted(errors),
  };
}

function fail(text: string): never {
  throw new Error(text);
}

function isSchema(value: unknown): value is Schema {
  return Array.isArray(value);
}

function resolve(reference: unknown): unknown {
  let schema = reference;
  while (typeof schema === 'function') {
    schema = schema();
  }
  return schema;
}

function scalarText(schema: number): string {
  // 128 is checked first: it is the higher bit.
  for (const [flag, open, close] of [
    [MAP_OF, '{', '}'],
    [LIST_OF, '[', ']'],
  ] as const) {
    if ((schema & flag) !== 0) {
      return `${open}${scalarText(schema & ~flag)}${close}`;
    }
  }
  return scalarNames[schema] ?? fail(`unknown scalar ${schema}`);
}

function withTraits(reference: unknown): readonly [unknown, unknown] {
  return isSchema(reference) && reference.length === 2 ? [reference[0], reference[1]] : [reference, 0];
}

function locationOf(name: string, traits: unknown): string {
  if (typeof traits === 'number') {
    if ((traits & ~(PATH | IDEMPOTENCY_TOKEN | IGNORED)) !== 0) {
      fail(`unknown traits ${traits} of ${name}`);
    }
    return `${(traits & PATH) !== 0 ? '@path' : ''}${(traits & IDEMPOTENCY_TOKEN) !== 0 ? '~' : ''}`;
  }
  const { httpQuery, idempotencyToken, ...others } = traits as Traits;
  if (httpQuery !== name || Object.keys(others).length > 0) {
    fail(`unknown traits ${JSON.stringify(traits)} of ${name}`);
  }
  return `@query${idempotencyToken === 1 ? '~' : ''}`;
}

function sorted(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
