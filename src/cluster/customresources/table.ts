import {
  type CustomVersion,
  createResourceTable,
  type ResourceDefinition,
  type ResourceTable,
  type SubresourceDefinition,
} from '../../wire/kube/resources.ts';
import type { Definition, DefinitionVersion } from './definition.ts';
import { compareVersions } from './versionorder.ts';

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const partVerbs = ['get', 'patch', 'update'];

/** A cluster's own resources and, after them, those its CustomResourceDefinitions add. */
export function withCustomResources(
  builtIn: ResourceTable,
  definitions: readonly Definition[],
): ResourceTable {
  // SECURITY: an own resource can never be served in the place of Kubernetes' own.
  const own = new Set(builtIn.definitions.map(({ group, resource }) => `${group}/${resource}`));
  const custom = definitions
    .filter((one) => one.isEstablished && !own.has(`${one.group}/${one.names.plural}`))
    .flatMap(resourcesOf)
    .sort(
      (left, right) =>
        compareText(left.group, right.group) ||
        compareVersions(left.version, right.version) ||
        compareText(left.resource, right.resource),
    );
  return custom.length === 0 ? builtIn : createResourceTable([...builtIn.definitions, ...custom]);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

const known = new WeakMap<Definition, readonly ResourceDefinition[]>();

/** The same definitions for the same object: what is made of them is shared. */
function resourcesOf(definition: Definition): readonly ResourceDefinition[] {
  const found = known.get(definition) ?? createResources(definition);
  known.set(definition, found);
  return found;
}

function createResources(definition: Definition): readonly ResourceDefinition[] {
  const { group, names, namespaced, versions } = definition;
  const stored = versions.find(({ storage }) => storage);
  if (stored === undefined) return [];
  const schemas = new Map(versions.map(({ name, schema }) => [name, schema]));
  return versions
    .filter(({ served }) => served)
    .map((version) => ({
      group,
      version: version.name,
      resource: names.plural,
      kind: names.kind,
      singular: names.singular,
      namespaced,
      verbs,
      shortNames: names.shortNames,
      categories: names.categories,
      subresources: subresourcesOf(definition, version),
      messageType: undefined,
      custom: {
        schema: version.schema,
        printerColumns: version.columns,
        listKind: names.listKind,
        storedVersion: stored.name,
        schemas,
        selectableFields: version.selectableFields,
        scale: version.scale,
        deprecation: deprecationOf(definition, version),
      } satisfies CustomVersion,
    }));
}

function subresourcesOf(
  { group, names }: Definition,
  { name: version, hasStatus, scale }: DefinitionVersion,
): readonly SubresourceDefinition[] {
  return [
    ...(hasStatus ? [{ name: 'status', kind: names.kind, group, version, verbs: partVerbs }] : []),
    ...(scale === undefined
      ? []
      : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: partVerbs }]),
  ];
}

/** What users of a deprecated version are told: the author's words, or upstream's with the next better version. */
function deprecationOf(
  { group, names, versions }: Definition,
  version: DefinitionVersion,
): string | undefined {
  if (!version.deprecated) return undefined;
  if (version.deprecationWarning !== '') return version.deprecationWarning;
  const [best] = versions
    .filter((one) => one.served && !one.deprecated && compareVersions(one.name, version.name) < 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  return best === undefined ? text : `${text}; use ${group}/${best} ${names.kind}`;
}
