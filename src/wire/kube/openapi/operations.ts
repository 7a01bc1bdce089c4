import { messageNameOf } from '../messages.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../resources.ts';
import { customListName, customName } from './customnames.ts';
import type { GroupVersionKind } from './kinds.ts';
import { listType } from './kinds.ts';
import { schemaName } from './schemas.ts';

/** What one method of one path does: what both versions of OpenAPI are written from. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  readonly action: string;
  readonly id: string;
  readonly kind: GroupVersionKind;
  /** Names of query parameters; their types are in `parameterTypes`. */
  readonly parameters: readonly string[];
  /** Component of the body, and the media types it may have. */
  readonly body?: {
    readonly schema: string;
    readonly types: readonly string[];
    readonly isOptional: boolean;
  };
  /** Component of the answer; undefined for a stream or a text. */
  readonly answer: string | undefined;
  readonly answers: readonly (200 | 201 | 202)[];
}

export const parameterTypes: Readonly<Record<string, 'string' | 'integer' | 'boolean'>> = {
  allowWatchBookmarks: 'boolean',
  continue: 'string',
  dryRun: 'string',
  fieldManager: 'string',
  fieldSelector: 'string',
  fieldValidation: 'string',
  force: 'boolean',
  gracePeriodSeconds: 'integer',
  labelSelector: 'string',
  limit: 'integer',
  orphanDependents: 'boolean',
  pretty: 'string',
  propagationPolicy: 'string',
  resourceVersion: 'string',
  resourceVersionMatch: 'string',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
};

const listing = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
const deleting = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'];
const deletingMany = [...new Set([...listing, ...deleting])].filter(
  (name) => name !== 'watch' && name !== 'allowWatchBookmarks',
);

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
/** Nothing is known of how lists of custom resources merge (kubernetes-facts E11). */
const customPatchTypes = patchTypes.slice(0, -1);

const deleteOptions = { schema: schemaName('meta.v1.DeleteOptions'), types: ['*/*'], isOptional: true };
const status = schemaName('meta.v1.Status');

/** `api/v1` or `apis/apps/v1`: the key of the index and the path below `/openapi/v3/`. */
export function groupPath(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** Every operation of a resource and its subresources; those of a collection come first. */
export function operationsOf(one: ResourceDefinition): readonly Operation[] {
  const base = `/${groupPath(one.group, one.version)}`;
  const collection = one.namespaced
    ? `${base}/namespaces/{namespace}/${one.resource}`
    : `${base}/${one.resource}`;
  const item = `${collection}/{name}`;
  const kind = { group: one.group, kind: one.kind, version: one.version };
  const name = one.custom === undefined ? schemaName(one.messageType ?? '') : customName(one);
  const id = (verb: string, rest = ''): string =>
    `${verb}${camelGroup(one.group)}${camel(one.version)}${rest}${one.namespaced ? 'Namespaced' : ''}${one.kind}`;
  const has = (verb: string): boolean => one.verbs.includes(verb);
  const lists = { action: 'list', kind, parameters: listing, answer: listName(one), answers: [200] } as const;
  const operations: (Operation | false)[] = [
    has('list') && { ...lists, path: collection, method: 'get', id: id('list') },
    has('create') && {
      ...{ path: collection, method: 'post', action: 'post', id: id('create'), kind, parameters: writing },
      body: { schema: name, types: ['*/*'], isOptional: false },
      ...{ answer: name, answers: [200, 201, 202] },
    },
    has('deletecollection') && {
      ...{ path: collection, method: 'delete', action: 'deletecollection', kind },
      ...{ id: id('delete', 'Collection'), parameters: deletingMany },
      ...{ body: deleteOptions, answer: status, answers: [200] },
    },
    has('list') &&
      one.namespaced && {
        ...{ ...lists, path: `${base}/${one.resource}`, method: 'get' },
        id: `list${camelGroup(one.group)}${camel(one.version)}${one.kind}ForAllNamespaces`,
      },
    has('get') && {
      ...{ path: item, method: 'get', action: 'get', id: id('read'), kind },
      ...{ parameters: [], answer: name, answers: [200] },
    },
    has('update') && {
      ...{ path: item, method: 'put', action: 'put', id: id('replace'), kind, parameters: writing },
      body: { schema: name, types: ['*/*'], isOptional: false },
      ...{ answer: name, answers: [200, 201] },
    },
    has('patch') && {
      ...{ path: item, method: 'patch', action: 'patch', id: id('patch'), kind },
      ...patching(one),
      ...{ answer: name, answers: [200, 201] },
    },
    has('delete') && {
      ...{ path: item, method: 'delete', action: 'delete', id: id('delete'), kind, parameters: deleting },
      ...{ body: deleteOptions, answer: status, answers: [200, 202] },
    },
  ];
  const found: readonly Operation[] = operations.filter((each) => each !== false);
  return [
    ...found,
    ...one.subresources.flatMap((sub) => subresourceOperations(one, sub, `${item}/${sub.name}`, id)),
  ];
}

function patching(one: ResourceDefinition): Pick<Operation, 'parameters' | 'body'> {
  const types = one.custom === undefined ? patchTypes : customPatchTypes;
  return {
    parameters: [...writing, 'force'],
    body: { schema: schemaName('meta.v1.Patch'), types, isOptional: false },
  };
}

const methods: Readonly<Record<string, Operation['method']>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
};
const ids: Readonly<Record<string, string>> = {
  get: 'read',
  create: 'create',
  update: 'replace',
  patch: 'patch',
};

function subresourceOperations(
  one: ResourceDefinition,
  sub: SubresourceDefinition,
  path: string,
  id: (verb: string, rest?: string) => string,
): readonly Operation[] {
  const { group, version, kind } = sub;
  // The status of a custom resource is the custom resource.
  const isOwn = group === one.group && version === one.version && kind === one.kind;
  const schema = isOwn && one.custom !== undefined ? customName(one) : namedKind(sub);
  const connects = kind.endsWith('Options') || sub.name === 'log';
  return sub.verbs.flatMap((verb): readonly Operation[] => {
    const method = methods[verb];
    if (method === undefined) return [];
    const common = { path, method, kind: { group, kind, version } };
    if (connects) {
      const isLog = sub.name === 'log';
      const named = isLog ? id('read') : id('connect', capital(method));
      const action = isLog ? 'get' : 'connect';
      return [
        {
          ...common,
          action,
          id: `${named}${capital(sub.name)}`,
          parameters: [],
          answer: undefined,
          answers: [200],
        },
      ];
    }
    const answers = method === 'get' ? ([200] as const) : ([200, 201] as const);
    const body = { schema: schema ?? status, types: ['*/*'], isOptional: false };
    return [
      {
        ...common,
        action: method,
        id: `${id(ids[verb] ?? verb)}${capital(sub.name)}`,
        parameters: method === 'get' ? [] : writing,
        ...((method === 'put' || method === 'post') && { body }),
        ...(method === 'patch' && patching(one)),
        answer: schema,
        answers,
      },
    ];
  });
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function namedKind({ group, version, kind }: SubresourceDefinition): string | undefined {
  const type = messageNameOf(group, version, kind);
  return type === undefined ? undefined : schemaName(type);
}

function listName(one: ResourceDefinition): string | undefined {
  if (one.custom !== undefined) return customListName(one);
  const type = listType(one);
  return type === undefined ? undefined : schemaName(type);
}

/** `rbac.authorization.k8s.io` is `RbacAuthorization`, the core group is `Core`. */
function camelGroup(group: string): string {
  return group === '' ? 'Core' : camel(group.replace(/\.k8s\.io$/, ''));
}

function camel(text: string): string {
  return text.replace(/(^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
}
