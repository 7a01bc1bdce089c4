import { stringify } from 'yaml';
import type { JsonObject } from '../wire/kube/json.ts';
import {
  listTransforms,
  negotiateResponse,
  objectTransforms,
  type ResponseFormat,
  type Transform,
} from '../wire/kube/negotiation.ts';
import { listKindOf } from '../wire/kube/openapi/customnames.ts';
import { apiVersionOf, type ResourceDefinition } from '../wire/kube/resources.ts';
import type { KubeStatusError } from '../wire/kube/status.ts';
import {
  type IncludeObject,
  parseIncludeObject,
  partialObjectMetadata,
  partialObjectMetadataList,
  toTable,
} from '../wire/kube/table.ts';
import type { Answer } from './context.ts';
import type { KubeObject } from './objects/object.ts';
import { listPieces, storedObject, textOrPieces } from './storedlist.ts';
import type { EventRenderer } from './watch/telling.ts';

/** Bytes and headers of an answer that is complete. */
export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Pieces are made as they are sent. */
  readonly body: string | Uint8Array | Iterable<string | Buffer>;
}

/**
 * The form a client asked for, judged before anything is done: a write whose answer nobody accepts is refused
 * unwritten.
 */
export interface AnswerForm {
  readonly object: ResponseFormat;
  readonly list: ResponseFormat;
  readonly includeObject: IncludeObject;
  readonly pretty: boolean;
}

export function answerForm(accept: string | undefined, query: URLSearchParams): AnswerForm {
  return {
    object: negotiateResponse(accept, objectTransforms),
    list: negotiateResponse(accept, [...listTransforms, ...objectTransforms]),
    includeObject: parseIncludeObject(query.get('includeObject')),
    pretty: isTrue(query.get('pretty')),
  };
}

const isTrue = (text: string | null): boolean => text === 'true' || text === '1';

export function renderAnswer(
  answer: Exclude<Answer, { kind: 'watch' }>,
  form: AnswerForm,
  now: number,
): Rendered {
  switch (answer.kind) {
    case 'document':
      return {
        status: answer.status ?? 200,
        headers: { 'Content-Type': answer.contentType, ...answer.headers },
        body: answer.body,
      };
    case 'object': {
      const { object, resource } = answer;
      const shown = resource === undefined ? object : renderObject(object, resource, form, now);
      return render(answer.status, shown, form.object, form.pretty, {});
    }
    case 'list':
      return render(200, renderList(answer, form, now), form.list, form.pretty, {});
    case 'storedList':
      return renderStoredList(answer, form, now);
    default:
      return answer satisfies never;
  }
}

/** Statuses are always JSON or YAML, whatever shape objects were wanted in. */
export function renderError(error: KubeStatusError, form: AnswerForm | undefined): Rendered {
  if (error.plainText !== undefined) {
    return {
      status: error.status.code,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', ...error.headers },
      body: error.plainText,
    };
  }
  const plain: ResponseFormat = { format: 'json', as: undefined, contentType: 'application/json' };
  const format = form?.object.format === 'yaml' ? form.object : plain;
  return render(error.status.code, error.status, format, form?.pretty ?? false, error.headers);
}

/** Events of a watch in the client's form (kubernetes-facts D3.3); later Tables leave their columns out. */
export function eventRenderer(
  resource: ResourceDefinition,
  form: AnswerForm,
  now: () => number,
): EventRenderer {
  const { as } = form.object;
  const isTable = as?.kind === 'Table';
  return {
    key: as === undefined ? '' : `${as.kind} ${as.version} ${isTable ? form.includeObject : ''}`,
    isStreamable: form.object.format === 'json',
    isWhole: as === undefined,
    hasFirst: isTable,
    render: (object, { isFirst }) => renderObject(object, resource, form, now(), !isFirst),
  };
}

function render(
  status: number,
  object: unknown,
  format: ResponseFormat,
  pretty: boolean,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Rendered {
  const json = jsonText(object, pretty);
  const body =
    format.format === 'yaml' && json.length <= maximumYamlLength
      ? stringify(object, { aliasDuplicateObjects: false })
      : json;
  return { status, headers: { 'Content-Type': format.contentType, ...headers }, body };
}

/**
 * SECURITY: the YAML library writes about a megabyte in a second, and nothing else is served meanwhile. JSON is YAML,
 * too, so a longer answer is written as JSON.
 */
const maximumYamlLength = 256 * 1024;

const jsonText = (object: unknown, pretty: boolean): string =>
  `${JSON.stringify(object, undefined, pretty ? 2 : undefined)}\n`;

function renderObject(
  object: KubeObject,
  resource: ResourceDefinition,
  form: AnswerForm,
  now: number,
  withoutColumns = false,
): JsonObject {
  const { as } = form.object;
  if (as === undefined) return object;
  if (as.kind !== 'Table') return partialObjectMetadata(object, as.version);
  const { resourceVersion = '' } = object.metadata;
  return toTable(resource, [object], {
    includeObject: form.includeObject,
    now: new Date(now),
    listMeta: { resourceVersion },
    version: as.version,
    withoutColumns,
  });
}

/** What is read by people comes whole; long lists are for programs. */
function renderStoredList(
  answer: Extract<Answer, { kind: 'storedList' }>,
  form: AnswerForm,
  now: number,
): Rendered {
  if (form.list.format === 'yaml' || form.pretty) {
    const { resource, entries, view, metadata } = answer;
    const items = entries.map((entry) => storedObject(entry, view));
    const list = { kind: 'list', resource, items, metadata } as const;
    return render(200, renderList(list, form, now), form.list, form.pretty, {});
  }
  const pieces = listPieces(answer, {
    envelope: (items) => renderList({ ...answer, kind: 'list', items }, form, now),
    isWhole: form.list.as === undefined,
  });
  return { status: 200, headers: { 'Content-Type': form.list.contentType }, body: textOrPieces(pieces) };
}

function renderList(answer: Extract<Answer, { kind: 'list' }>, form: AnswerForm, now: number): JsonObject {
  const { resource, items } = answer;
  const listMeta = answer.metadata as JsonObject;
  const as: Transform | undefined = form.list.as;
  if (as === undefined) {
    return { kind: listKindOf(resource), apiVersion: apiVersionOf(resource), metadata: listMeta, items };
  }
  if (as.kind !== 'Table') return partialObjectMetadataList(items, listMeta, as.version);
  return toTable(resource, items, {
    includeObject: form.includeObject,
    now: new Date(now),
    listMeta,
    version: as.version,
  });
}
