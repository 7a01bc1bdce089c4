import { protobufMediaType } from './protobuf.ts';
import { notAcceptable, unsupportedMediaType } from './status.ts';

/** One clause of an Accept header, or a Content-Type: lower-case type, parameters as sent. */
interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const maxHeaderLength = 8_192;
const maxClauses = 32;

/** Splits at a character that is not inside quotes. */
function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) index += 1;
    else if (char === separator && !quoted) {
      pieces.push(text.slice(start, index));
      start = index + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = splitOutsideQuotes(text, ';');
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const value = parameter
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/s, '$1');
    parameters.set(parameter.slice(0, equals).trim().toLowerCase(), value);
  }
  return { type: type.trim().toLowerCase(), parameters };
}

function quality(clause: MediaType): number {
  const text = clause.parameters.get('q');
  if (text === undefined) return 1;
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}

/** Another shape the client wants the object in: `as=Table;v=v1;g=meta.k8s.io`. */
export interface Transform {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
}

/** How to write an answer. `contentType` is the header to send. */
export interface ResponseFormat {
  readonly format: 'json' | 'yaml';
  readonly as: Transform | undefined;
  readonly contentType: string;
}

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

function isOffered(clause: MediaType, offered: readonly Transform[]): Transform | undefined {
  const { parameters } = clause;
  return offered.find(
    (one) =>
      one.kind === parameters.get('as') &&
      one.group === parameters.get('g') &&
      one.version === parameters.get('v'),
  );
}

const meta = 'meta.k8s.io';

/** What a single object can be turned into. */
export const objectTransforms: readonly Transform[] = [
  { kind: 'Table', group: meta, version: 'v1' },
  { kind: 'Table', group: meta, version: 'v1beta1' },
  { kind: 'PartialObjectMetadata', group: meta, version: 'v1' },
  { kind: 'PartialObjectMetadata', group: meta, version: 'v1beta1' },
];
/** What a list can be turned into. */
export const listTransforms: readonly Transform[] = [
  { kind: 'Table', group: meta, version: 'v1' },
  { kind: 'Table', group: meta, version: 'v1beta1' },
  { kind: 'PartialObjectMetadataList', group: meta, version: 'v1' },
  { kind: 'PartialObjectMetadataList', group: meta, version: 'v1beta1' },
];
/** What `/api` and `/apis` can be turned into (D1.1). */
export const discoveryTransforms: readonly Transform[] = [
  { kind: 'APIGroupDiscoveryList', group: 'apidiscovery.k8s.io', version: 'v2' },
];

/**
 * Picks the answer's form from an Accept header (E19): best quality first, then order. A clause that asks for a
 * transform not offered, or for protobuf, is passed over; JSON is what a client without wishes gets.
 * @throws KubeStatusError 406 when no clause is left.
 */
export function negotiateResponse(
  accept: string | undefined,
  offered: readonly Transform[] = [],
): ResponseFormat {
  if (accept === undefined || accept.trim() === '') {
    return { format: 'json', as: undefined, contentType: 'application/json' };
  }
  // Made only when thrown: an error's stack trace cost more than the rest of the negotiation.
  const refused = () => notAcceptable(['application/json', 'application/yaml']);
  if (accept.length > maxHeaderLength) throw refused();
  const clauses = splitOutsideQuotes(accept, ',')
    .slice(0, maxClauses)
    .map(parseMediaType)
    .filter((clause) => quality(clause) > 0)
    .sort((left, right) => quality(right) - quality(left));
  for (const clause of clauses) {
    const wantsTransform = clause.parameters.has('as');
    const as = wantsTransform ? isOffered(clause, offered) : undefined;
    if (wantsTransform && as === undefined) continue;
    if (jsonTypes.has(clause.type)) {
      // Clients compare the aggregated discovery type as text; tables come as plain JSON.
      const contentType =
        as?.group === 'apidiscovery.k8s.io'
          ? `application/json;g=${as.group};v=${as.version};as=${as.kind}`
          : 'application/json';
      return { format: 'json', as, contentType };
    }
    if (clause.type === 'application/yaml') return { format: 'yaml', as, contentType: 'application/yaml' };
  }
  throw refused();
}

export type RequestFormat = 'json' | 'yaml' | 'protobuf';

const requestFormats: Readonly<Record<string, RequestFormat>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  [protobufMediaType]: 'protobuf',
};

/**
 * The form of a POST, PUT or DELETE body. No Content-Type means JSON.
 * @throws KubeStatusError 415
 */
export function requestFormat(contentType: string | undefined): RequestFormat {
  if (contentType === undefined || contentType.trim() === '') return 'json';
  const { type } = parseMediaType(contentType.slice(0, maxHeaderLength));
  const format = Object.hasOwn(requestFormats, type) ? requestFormats[type] : undefined;
  if (format === undefined) throw unsupportedMediaType(Object.keys(requestFormats));
  return format;
}

export type PatchFormat = 'jsonPatch' | 'mergePatch' | 'strategicMergePatch' | 'applyPatch';

const patchFormats: Readonly<Record<string, PatchFormat>> = {
  'application/json-patch+json': 'jsonPatch',
  'application/merge-patch+json': 'mergePatch',
  'application/strategic-merge-patch+json': 'strategicMergePatch',
  'application/apply-patch+yaml': 'applyPatch',
};

/**
 * The form of a PATCH body. `strategic: false` for resources that have no strategic merge (E11: custom resources).
 * @throws KubeStatusError 415, also without a Content-Type
 */
export function patchFormat(
  contentType: string | undefined,
  options: { readonly strategic: boolean } = { strategic: true },
): PatchFormat {
  const { type } = parseMediaType((contentType ?? '').slice(0, maxHeaderLength));
  const format = Object.hasOwn(patchFormats, type) ? patchFormats[type] : undefined;
  if (format === undefined || (format === 'strategicMergePatch' && !options.strategic)) {
    throw unsupportedMediaType(
      Object.keys(patchFormats).filter(
        (one) => options.strategic || patchFormats[one] !== 'strategicMergePatch',
      ),
    );
  }
  return format;
}
