/**
 * Rewrites the reference data of the Kubernetes API types and resources into the compact modules under
 * src/wire/kube/data. Run by hand when the reference changes:
 *
 *   node tools/kube-data.ts <folder with kubernetes-discovery.json and kubernetes-types.json>
 *
 * The modules are strings, one line per resource or message: a string costs nothing to load, and a message is parsed
 * only when it is first asked for. The groups the reference lacks are in groupmessages.ts beside them, by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Subresource {
  subresource: string;
  kind: string;
  verbs: string[];
  group?: string;
  version?: string;
}
interface Resource {
  resource: string;
  kind: string;
  scope: 'Namespaced' | 'Cluster';
  singular: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: Subresource[];
}
interface Discovery {
  groups: { group: string; versions: { version: string; resources: Resource[] }[] }[];
}
interface Field {
  n: number;
  json: string;
  type?: string;
  map?: string;
  rep?: boolean;
  inline?: boolean;
  always?: boolean;
  ptr?: boolean;
  patchStrategy?: string;
  patchMergeKey?: string;
  listType?: string;
  listMapKeys?: string[];
  mapType?: string;
  structType?: string;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node tools/kube-data.ts <folder>');
const data = join(import.meta.dirname, '../src/wire/kube/data');
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const storedVerbs = 'create,delete,deletecollection,get,list,patch,update,watch';
const statusVerbs = 'get,patch,update';

function verbs(list: readonly string[]): string {
  const text = [...list].sort().join(',');
  return text === storedVerbs ? '*' : text === statusVerbs ? '+' : text;
}

function resourceLine(group: string, version: string, one: Resource): string {
  const subresources = (one.subresources ?? []).map((sub) =>
    [
      sub.subresource,
      sub.kind,
      verbs(sub.verbs),
      ...(sub.version ? [`${sub.group ?? ''}/${sub.version}`] : []),
    ].join(':'),
  );
  return [
    `${group}/${version}`,
    one.resource,
    one.kind,
    one.singular,
    one.scope === 'Namespaced' ? 'n' : 'c',
    verbs(one.verbs),
    one.shortNames?.join(',') ?? '-',
    one.categories?.join(',') ?? '-',
    ...subresources,
  ].join(' ');
}

function shortName(type: string): string {
  return type
    .replace('k8s.io.apimachinery.pkg.apis.', '')
    .replace('k8s.io.apimachinery.pkg.api.', '')
    .replace('k8s.io.apimachinery.pkg.util.', '')
    .replace('k8s.io.apimachinery.pkg.', '')
    .replace('k8s.io.api.', '');
}

function fieldText(message: string, field: Field): string {
  const parent = message.slice(0, message.lastIndexOf('.') + 1);
  const full = shortName(field.type ?? field.map ?? '');
  const type = full.startsWith(parent) ? `.${full.slice(parent.length)}` : full;
  const shape = field.rep ? '[]' : field.map ? '{}' : '';
  const flags = `${field.ptr ? '*' : ''}${field.always ? '!' : ''}${field.inline ? '^' : ''}`;
  const strategies = (field.patchStrategy ?? '').split(',');
  const merge = strategies.includes('merge') ? ` +${field.patchMergeKey ?? ''}` : '';
  const retain = strategies.includes('retainKeys') ? ' %' : '';
  const replace = strategies.includes('replace') ? ' ~' : '';
  const topology = field.listType ?? field.mapType ?? field.structType;
  const keys = field.listMapKeys ? `(${field.listMapKeys.join(',')})` : '';
  return `${field.n} ${field.json} ${shape}${type}${flags}${merge}${retain}${replace}${topology ? ` =${topology}${keys}` : ''}`;
}

const discovery = read('kubernetes-discovery.json') as Discovery;
const resources = discovery.groups.flatMap(({ group, versions }) =>
  versions.flatMap(({ version, resources: list }) => list.map((one) => resourceLine(group, version, one))),
);
writeFileSync(
  join(data, 'resources.ts'),
  `/**
 * The API resources of Kubernetes 1.36, in the order of discovery (kubernetes-facts D1.2). Written by tools/kube-data.ts.
 * One line: group/version, resource, kind, singular, scope (n or c), verbs (* all eight, + get,patch,update), short names,
 * categories, then subresources as name:kind:verbs[:group/version].
 */
export const resourceLines = \`${resources.join('\n')}\`;
`,
);

const types = read('kubernetes-types.json') as { messages: Record<string, Field[]> };
const messages = Object.entries(types.messages).map(
  ([name, fields]) =>
    `${shortName(name)}|${fields.map((field) => fieldText(shortName(name), field)).join(';')}`,
);
writeFileSync(
  join(data, 'messages.ts'),
  `/**
 * Fields of the API messages of Kubernetes 1.36: protobuf numbers, JSON names and merge facts. Written by
 * tools/kube-data.ts from the interface definitions of k8s.io/api and k8s.io/apimachinery v0.36.0 (Apache-2.0).
 * One line per message, one field between semicolons: number, JSON name, type, options. Type: [] repeated, {} map of,
 * a leading dot is the message's own package, * pointer, ! always written, ^ inlined in JSON. Options: +key merge by key
 * (+ alone: merge as a set), % retainKeys, ~ replace, =topology(keys) for server-side apply.
 */
export const messageLines = \`${messages.join('\n')}\`;
`,
);
