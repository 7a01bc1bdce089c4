import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  Scalar,
  visit,
} from 'yaml';
import { collectFindings } from '../../engine/analysis/awsauthlint/finding.ts';
import type { AwsAuthSource, SourceKey, SourceValue } from '../../engine/analysis/awsauthlint/source.ts';
import type { Finding } from '../../engine/analysis/policylint/rule.ts';
import type { Position } from '../../engine/iam/position.ts';
import { TextFault } from '../files/text/fault.ts';
import { aliasTargets, composeDocuments, linesOf } from './compose.ts';
import { type PlaceInFile, positionIn, readValue, valueOfNode } from './nodes.ts';

export interface ReadAwsAuth {
  /** Undefined where there is none that can be read. */
  readonly source: AwsAuthSource | undefined;
  /** About the file and the manifest around the data. */
  readonly findings: readonly Finding[];
}

/** Values that count as absent (eks-access-facts G6). */
const emptyValues = new Set(['', '""', "''", '``']);
const dataKeys = new Set(['mapRoles', 'mapUsers', 'mapAccounts']);
const start: Position = { line: 1, column: 1 };

type Mapping = ParsedNode & { readonly items: readonly unknown[] };

/**
 * Finds aws-auth in a file: a ConfigMap in YAML or JSON, alone, among other documents or in a List; or its bare data. Places
 * are those in the file, also inside the text of a literal block (`mapRoles: |`); other texts stand where they begin.
 */
export function readAwsAuth(text: string): ReadAwsAuth {
  const { report, findings } = collectFindings();
  let composed: ReturnType<typeof composeDocuments>;
  try {
    composed = composeDocuments(text, 'yaml-1.1');
  } catch (fault) {
    if (!(fault instanceof TextFault)) throw fault;
    const place = positionIn(linesOf(text), fault.offset);
    report('EW-AUTH-002', '', place, `the file cannot be read: ${fault.message}`);
    return { source: undefined, findings };
  }
  const { documents: parsed, lines } = composed;
  const at = (offset: number): Position => positionIn(lines, offset);
  const alias = parsed.map(brokenAlias).find((broken) => broken !== undefined);
  if (alias !== undefined) {
    report(
      'EW-AUTH-002',
      '',
      positionOf(alias, at),
      `the file cannot be read: alias \`${alias.source}\` means nothing`,
    );
    return { source: undefined, findings };
  }
  const candidates = parsed.flatMap((document) =>
    candidatesIn(document.contents).map((mapping) => ({ document, mapping })),
  );
  const named = candidates.filter(({ mapping }) => nameOf(mapping) === 'aws-auth');
  const [found, ...others] = named.length > 0 ? named : candidates;
  if (found === undefined || (named.length === 0 && others.length > 0)) {
    report(
      'EW-AUTH-001',
      '',
      start,
      'the file holds no ConfigMap `aws-auth`',
      '`kubectl -n kube-system get configmap aws-auth -o yaml` prints it',
    );
    return { source: undefined, findings };
  }
  if (others.length > 0) {
    const place = positionOf(others[0]?.mapping, at);
    report(
      'EW-AUTH-001',
      '',
      place,
      'the file holds several ConfigMaps `aws-auth`: the last one applied counts',
    );
  }
  const { document, mapping } = found;
  const isManifest = memberOf(mapping, 'kind') !== undefined;
  if (isManifest) reportMetadata(mapping, at, report);
  const data = isManifest ? memberOf(mapping, 'data')?.value : mapping;
  if (!isMap(data)) {
    if (isManifest && data !== undefined && !isEmpty(data)) {
      report('EW-AUTH-003', 'data', positionOf(data, at), '`data` is no mapping');
    }
    return { source: { position: positionOf(mapping, at), keys: [] }, findings };
  }
  const keys = membersOf(data as Mapping).map(
    ({ name, key, value }): SourceKey => ({
      name,
      position: positionOf(key, at),
      value: valueUnder(name, value, document, text, at),
    }),
  );
  if (!isManifest && !keys.some(({ name }) => dataKeys.has(name))) {
    report(
      'EW-AUTH-001',
      '',
      positionOf(mapping, at),
      'the file is no ConfigMap and has none of `mapRoles`, `mapUsers` and `mapAccounts`',
    );
  }
  const seen = new Set<string>();
  for (const { name, position } of keys) {
    if (seen.has(name)) report('EW-AUTH-002', name, position, `\`${name}\` is given twice`);
    seen.add(name);
  }
  return { source: { position: positionOf(data, at), keys }, findings };
}

/** Aliases of the manifest; those inside the texts of aws-auth are looked at where these are read. */
function brokenAlias(document: Document.Parsed): Alias | undefined {
  const targets = aliasTargets(document);
  let broken: Alias | undefined;
  visit(document, {
    Alias(_, alias) {
      if (targets.has(alias)) return undefined;
      broken = alias;
      return visit.BREAK;
    },
  });
  return broken;
}

function valueUnder(
  key: string,
  written: unknown,
  document: Document.Parsed,
  text: string,
  at: (offset: number) => Position,
): SourceValue {
  const value = isAlias(written) ? aliasTargets(document).get(written) : written;
  if (isScalar(value) && typeof value.value === 'string') {
    if (emptyValues.has(value.value.trim())) return { kind: 'empty', text: value.value };
    const schema = key === 'mapAccounts' ? 'failsafe' : 'yaml-1.1';
    return readValue(value.value, schema, placeIn(value, text, at));
  }
  if (isEmpty(value)) return { kind: 'empty', text: '' };
  const read = valueOfNode(document, at, value as ParsedNode);
  return read.kind === 'yaml' ? { ...read, isText: false } : read;
}

/** A literal block keeps its lines: each stands one below the other, as far in as the block is. */
function placeIn(scalar: Scalar, text: string, at: (offset: number) => Position): PlaceInFile {
  const offset = scalar.range?.[0] ?? 0;
  const header = at(offset);
  if (scalar.type !== Scalar.BLOCK_LITERAL) return () => header;
  const body = text.slice(text.indexOf('\n', offset) + 1, scalar.range?.[1]).split('\n');
  const first = body.find((line) => line.trim() !== '') ?? '';
  const written = /^ */.exec(first)?.[0].length ?? 0;
  // With an indicator (`|2`) the text itself may begin with blanks.
  const kept =
    /^ */.exec(
      String(scalar.value)
        .split('\n')
        .find((line) => line.trim() !== '') ?? '',
    )?.[0].length ?? 0;
  const indentation = written - kept;
  return ({ line, column }) => ({ line: header.line + line, column: column + indentation });
}

function reportMetadata(
  mapping: Mapping,
  at: (offset: number) => Position,
  report: ReturnType<typeof collectFindings>['report'],
): void {
  const metadata = memberOf(mapping, 'metadata')?.value;
  const name = isMap(metadata) ? textOf(memberOf(metadata as Mapping, 'name')?.value) : undefined;
  const namespace = isMap(metadata) ? textOf(memberOf(metadata as Mapping, 'namespace')?.value) : undefined;
  const place = positionOf(metadata ?? mapping, at);
  if (name !== 'aws-auth') {
    report('EW-AUTH-001', 'metadata.name', place, 'the ConfigMap is not called `aws-auth`: nobody reads it');
  }
  if (namespace === undefined) {
    report(
      'EW-AUTH-008',
      'metadata.namespace',
      place,
      'the ConfigMap names no namespace: it goes into whichever is current',
      'write `namespace: kube-system`',
    );
  } else if (namespace !== 'kube-system') {
    report(
      'EW-AUTH-001',
      'metadata.namespace',
      place,
      `the ConfigMap is in namespace \`${namespace}\`: it is read in \`kube-system\` alone`,
      'write `namespace: kube-system`',
    );
  }
}

/** ConfigMaps and bare data below a document's value. */
function candidatesIn(node: unknown): readonly Mapping[] {
  if (!isMap(node)) return [];
  const mapping = node as Mapping;
  const kind = textOf(memberOf(mapping, 'kind')?.value);
  if (kind === undefined) return memberOf(mapping, 'apiVersion') === undefined ? [mapping] : [];
  if (kind === 'ConfigMap') return [mapping];
  const items = kind.endsWith('List') ? memberOf(mapping, 'items')?.value : undefined;
  return isSeq(items) ? items.items.flatMap(candidatesIn) : [];
}

/** Bare data is aws-auth's by being given to the command. */
function nameOf(mapping: Mapping): string | undefined {
  if (memberOf(mapping, 'kind') === undefined) return 'aws-auth';
  const metadata = memberOf(mapping, 'metadata')?.value;
  return isMap(metadata) ? textOf(memberOf(metadata as Mapping, 'name')?.value) : undefined;
}

interface Member {
  readonly name: string;
  readonly key: unknown;
  readonly value: unknown;
}

function membersOf(mapping: Mapping): readonly Member[] {
  return mapping.items.flatMap((item) => {
    const { key, value } = item as { readonly key: unknown; readonly value: unknown };
    return isScalar(key) ? [{ name: String(key.value), key, value }] : [];
  });
}

function memberOf(mapping: Mapping, name: string): Member | undefined {
  return membersOf(mapping).find((member) => member.name === name);
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

function isEmpty(node: unknown): boolean {
  return (
    node === null || node === undefined || (isScalar(node) && (node.value === null || node.value === ''))
  );
}

function positionOf(node: unknown, at: (offset: number) => Position): Position {
  const range = typeof node === 'object' && node !== null ? (node as Partial<ParsedNode>).range : undefined;
  return range === undefined || range === null ? start : at(range[0]);
}
