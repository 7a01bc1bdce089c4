import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileText } from '../sources/files/text/bytes.ts';
import { type DocumentFault, documentsIn, type FileDocument } from '../sources/files/text/documents.ts';
import { ClusterError, type Manifests } from './cluster.ts';

/** One object to be written. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** '' where it names none. */
  readonly namespace: string;
  readonly object: Readonly<Record<string, unknown>>;
  /** Names it in messages: `chart.yaml:12 (ConfigMap settings)`. */
  readonly label: string;
}

/** Throws ClusterError `manifest` for the first that cannot be read: nothing has been written then. */
export async function readManifests(all: readonly Manifests[]): Promise<readonly ManifestObject[]> {
  const objects: ManifestObject[] = [];
  for (const [index, one] of all.entries()) {
    const origin = all.length === 1 ? 'manifest' : `manifest ${index + 1}`;
    if (typeof one === 'string') objects.push(...objectsOfText(origin, one));
    else if (one instanceof URL) objects.push(...(await objectsOfUrl(one)));
    else objects.push(...objectsIn(asJson(one, origin), origin));
  }
  return objects;
}

/** As it will be sent, so that what cannot be is told before anything is. */
function asJson(value: unknown, place: string): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (cause) {
    const [why = ''] = cause instanceof Error ? cause.message.split('\n') : [];
    throw new ClusterError('manifest', `${place}: this cannot be written as JSON: ${why}`, { cause });
  }
}

async function objectsOfUrl(url: URL): Promise<readonly ManifestObject[]> {
  if (url.protocol !== 'file:') {
    throw new ClusterError('manifest', `\`${url}\` is not the URL of a file: nothing is fetched`);
  }
  const path = fileURLToPath(url);
  const found = await stat(path).catch((cause: unknown) => {
    throw new ClusterError('manifest', `there is no file \`${path}\``, { cause });
  });
  if (!found.isDirectory()) return objectsOfFile(path);
  const names = (await readdir(path)).filter((name) => /\.(?:ya?ml|json)$/.test(name)).sort();
  const objects: ManifestObject[] = [];
  for (const name of names) objects.push(...(await objectsOfFile(join(path, name))));
  return objects;
}

async function objectsOfFile(path: string): Promise<readonly ManifestObject[]> {
  const read = await readFileText(path);
  if (!read.ok) throw new ClusterError('manifest', `\`${path}\`: ${read.fault}`);
  return objectsOfText(path, read.text);
}

function objectsOfText(origin: string, text: string): readonly ManifestObject[] {
  return [...documentsIn(origin, text)].flatMap((document) => objectsOfDocument(document, text));
}

function objectsOfDocument(document: FileDocument | DocumentFault, text: string): readonly ManifestObject[] {
  if ('fault' in document) {
    const { file, line, column } = document.place;
    throw new ClusterError('manifest', `${file}:${line}:${column}: ${document.fault}`);
  }
  const { value, placeOf } = document;
  if (typeof value === 'string' && value === text.trim()) {
    throw new ClusterError(
      'manifest',
      `\`${value.slice(0, 200)}\` is a text and no Kubernetes object: a file is named by its URL, pathToFileURL(path)`,
    );
  }
  const { file, line } = placeOf();
  return objectsIn(value, `${file}:${line}`);
}

/** The object, or those of an array or a list. */
function objectsIn(value: unknown, place: string): readonly ManifestObject[] {
  if (Array.isArray(value))
    return value.flatMap((item: unknown, index) => objectsIn(item, `${place} [${index}]`));
  if (!isRecord(value)) throw new ClusterError('manifest', `${place}: this is no Kubernetes object`);
  const kind = textOf('kind', value.kind, `${place}: the object`);
  const apiVersion = textOf('apiVersion', value.apiVersion, `${place}: the ${kind}`);
  if (kind.endsWith('List') && Array.isArray(value.items)) {
    return value.items.flatMap((item: unknown, index) => objectsIn(item, `${place} items[${index}]`));
  }
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const name = textOf('name', metadata.name, `${place}: the ${kind}`);
  const namespace =
    metadata.namespace === undefined ? '' : textOf('namespace', metadata.namespace, `${place}: the ${kind}`);
  return [{ apiVersion, kind, name, namespace, object: value, label: `${place} (${kind} ${name})` }];
}

function textOf(member: string, given: unknown, whose: string): string {
  if (given === undefined || given === '') throw new ClusterError('manifest', `${whose} has no ${member}`);
  if (typeof given === 'string') return given;
  // As kubectl reads YAML, `y` is yes and `1e3` a number.
  const shown = JSON.stringify(given);
  throw new ClusterError(
    'manifest',
    `${whose} has the ${member} ${shown}, which is no text: put it in quotes`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
