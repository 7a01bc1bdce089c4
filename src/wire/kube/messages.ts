import { groupMessageLines } from './data/groupmessages.ts';
import { messageLines } from './data/messages.ts';

export interface MessageField {
  /** Protobuf field number. */
  readonly number: number;
  /** JSON name. */
  readonly name: string;
  readonly shape: 'one' | 'list' | 'map';
  /** `string`, `bool`, `int32`, `int64`, `double`, `bytes` or the name of a message; for a map, of its values. */
  readonly type: string;
  /** A pointer in Go: absent differs from empty. */
  readonly pointer: boolean;
  /** JSON carries it even when empty. */
  readonly always: boolean;
  /** The fields of the message are fields of the parent in JSON. */
  readonly inline: boolean;
  /** Strategic merge of a list: by this key, or '' as a set; undefined: the list is replaced. */
  readonly mergeKey: string | undefined;
  readonly retainKeys: boolean;
  /** Strategic merge of an object: it is replaced as a whole. */
  readonly replaces: boolean;
  /** Server-side apply: `atomic`, `map`, `set`, `granular`; undefined: the default of the shape. */
  readonly topology: string | undefined;
  readonly topologyKeys: readonly string[];
}

/** A built-in API type. Names are `<package>.<version>.<Type>`: `core.v1.Pod`, `meta.v1.ObjectMeta`. */
export interface Message {
  readonly name: string;
  /** Declared fields, inlined ones not yet unfolded: the protobuf view. */
  readonly fields: readonly MessageField[];
  readonly byNumber: ReadonlyMap<number, MessageField>;
  /** The JSON view: inlined fields unfolded. */
  readonly byJsonName: ReadonlyMap<string, MessageField>;
}

let lines: ReadonlyMap<string, string> | undefined;
const parsed = new Map<string, Message>();
const scalars: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

export function isScalar(type: string): boolean {
  return scalars.has(type);
}

function linesByName(): ReadonlyMap<string, string> {
  lines ??= new Map(
    `${messageLines}\n${groupMessageLines}`.split('\n').map((line) => {
      const bar = line.indexOf('|');
      return [line.slice(0, bar), line.slice(bar + 1)];
    }),
  );
  return lines;
}

const fieldPattern = /^(\d+) (\S+) (\[\]|\{\})?([\w.]+)([*!^]*)((?: \S+)*)$/;

function parseField(text: string, pkg: string): MessageField {
  const match = fieldPattern.exec(text);
  if (match === null) throw new Error(`unreadable field in the message data: ${text}`);
  const [, number, name = '', shape, type = '', flags = '', options = ''] = match;
  let mergeKey: string | undefined;
  let topology: string | undefined;
  let topologyKeys: readonly string[] = [];
  let retainKeys = false;
  let replaces = false;
  for (const option of options.split(' ')) {
    if (option.startsWith('+')) mergeKey = option.slice(1);
    else if (option === '%') retainKeys = true;
    else if (option === '~') replaces = true;
    else if (option.startsWith('=')) {
      const [kind, keys] = option.slice(1, option.endsWith(')') ? -1 : undefined).split('(');
      topology = kind;
      topologyKeys = keys?.split(',') ?? [];
    }
  }
  return {
    number: Number(number),
    name,
    shape: shape === '[]' ? 'list' : shape === '{}' ? 'map' : 'one',
    type: type.startsWith('.') ? `${pkg}${type}` : type,
    pointer: flags.includes('*'),
    always: flags.includes('!'),
    inline: flags.includes('^'),
    mergeKey,
    retainKeys,
    replaces,
    topology,
    topologyKeys,
  };
}

/** The message of that name, parsed on first use, or undefined. */
export function messageNamed(name: string): Message | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const line = linesByName().get(name);
  if (line === undefined) return undefined;
  const pkg = name.slice(0, name.lastIndexOf('.'));
  const fields = line === '' ? [] : line.split(';').map((text) => parseField(text, pkg));
  const byJsonName = new Map<string, MessageField>();
  for (const field of fields) {
    if (!field.inline) byJsonName.set(field.name, field);
    else for (const [key, inner] of messageNamed(field.type)?.byJsonName ?? []) byJsonName.set(key, inner);
  }
  const message = {
    name,
    fields,
    byNumber: new Map(fields.map((field) => [field.number, field])),
    byJsonName,
  };
  parsed.set(name, message);
  return message;
}

/** A message whose one field is a list of strings: its JSON is that list. */
export function isStringList(message: Message): boolean {
  const [only] = message.fields;
  return message.fields.length === 1 && only?.name === 'items' && only.type === 'string';
}

/** Every message name of the data, for tests that go through all of them. */
export function messageNames(): readonly string[] {
  return [...linesByName().keys()];
}

/**
 * The name of a kind's message: `('apps', 'v1', 'Deployment')` is `apps.v1.Deployment`. Options that every group
 * shares live in meta/v1. Undefined when the data lacks the kind.
 */
export function messageNameOf(group: string, version: string, kind: string): string | undefined {
  const pkg = group === '' ? 'core' : group.split('.')[0];
  const name = `${pkg}.${version}.${kind}`;
  if (linesByName().has(name)) return name;
  return sharedKinds.has(kind) ? `meta.v1.${kind}` : undefined;
}

/** Kinds that exist in every group version (DeleteOptions of `apps/v1` is meta/v1's). */
const sharedKinds: ReadonlySet<string> = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'Status',
  'UpdateOptions',
]);
