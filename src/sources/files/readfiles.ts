import type { Gap, Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { SourceError } from '../sourceerror.ts';
import { assemble } from './assemble/assemble.ts';
import { placeText } from './assemble/draft.ts';
import { isCredentialReport, readCredentialReport } from './awscli/credentialreport.ts';
import { collectFindings } from './findings.ts';
import { walkPaths } from './paths.ts';
import { readDocument } from './recognise.ts';
import { largestFile, readFileText } from './text/bytes.ts';
import { documentsIn } from './text/documents.ts';

export interface ReadFilesOptions {
  /** Names or ARNs of the clusters that are asked for: whose manifests are that name none. */
  readonly clusters?: readonly string[];
  /** Epoch milliseconds: when they are read. */
  readonly now: number;
}

/** Bytes of all files together. */
const largestTotal = 2 * largestFile;

/**
 * A snapshot of what files say, any mixture of saved snapshots, Kubernetes manifests, aws-auth, output of the AWS CLI,
 * Terraform plans and states, CloudFormation templates and eksctl configs, each recognised by what is in it. Directories are
 * read with all below them; `-` is standard input. What cannot be read or understood is a gap with its place. Throws
 * SourceError where a path does not exist, where nothing at all was understood, and where whose manifests are is not clear.
 *
 * SECURITY: files are of strangers (a pull request): nothing in them ends the reading, takes more than some seconds, or is
 * left out without a word.
 */
export async function readFiles(
  paths: readonly string[],
  { clusters: wanted = [], now }: ReadFilesOptions,
): Promise<Snapshot> {
  const { files, leftOut } = await walkPaths(paths);
  const { findings, facts, gaps, ignored } = collectFindings();
  const unknown: string[] = [];
  let isUnknown = false;
  let total = 0;
  for (const { path, isFound } of files) {
    const file = path === '-' ? 'standard input' : path;
    const start = { file, line: 1, column: 1 };
    const found = await readFileText(path, Math.min(largestFile, largestTotal - total));
    total += found.size;
    if (!found.ok) {
      findings.gap({ area: 'file', reason: found.fault, place: start });
      continue;
    }
    if (isCredentialReport(found.text)) {
      readCredentialReport(found.text, () => start, findings);
      continue;
    }
    let documents = 0;
    for (const document of documentsIn(file, found.text)) {
      documents++;
      if ('fault' in document) {
        findings.gap({ area: 'file', reason: document.fault, place: document.place });
      } else if (!readDocument(document, findings)) {
        if (isFound) unknown.push(file);
        else {
          isUnknown = true;
          findings.gap({ area: 'file', reason: unknownReason(document.value), place: document.placeOf() });
        }
      }
    }
    if (documents === 0 && !isFound) findings.gap({ area: 'file', reason: 'it is empty', place: start });
  }
  if (facts.length === 0) refuseNothing(paths, gaps(), { ignored, isUnknown });
  const snapshot = assemble(facts, { wanted, now });
  return {
    ...snapshot,
    sources: [
      ...paths.map((path) => (path === '-' ? 'standard input' : path)),
      ...(ignored.size > 0 ? [ignoredLine(ignored)] : []),
      ...(unknown.length > 0
        ? [`left out: ${unknown.length} documents of other kinds, in ${listed(unknown)}`]
        : []),
      ...(leftOut.length > 0 ? [`left out: ${leftOut.join(', ')}`] : []),
      ...snapshot.sources,
    ],
    gaps: [...gaps(), ...snapshot.gaps],
  };
}

/** What is read, for whoever named something else. */
const readable =
  'name manifests of RBAC or aws-auth, output of `aws eks` or `aws iam` (the whole of it: `--output json`, no `--query`), a Terraform plan of `terraform show -json`, a CloudFormation template, an eksctl config, or what `entryway snapshot` saved';

function unknownReason(value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return 'it is no manifest, no output of the AWS CLI, no plan and no template';
  }
  const what = Array.isArray(value) ? 'a list' : 'plain text';
  return `it is ${what}; if the AWS CLI printed it, print the whole answer, with \`--output json\` and without \`--query\``;
}

function refuseNothing(
  paths: readonly string[],
  gaps: readonly Gap[],
  { ignored, isUnknown }: { readonly ignored: ReadonlyMap<string, number>; readonly isUnknown: boolean },
): never {
  const [first] = gaps;
  const where = listed(paths.map((path) => (path === '-' ? 'standard input' : path)));
  if (first !== undefined) {
    const place = first.place === undefined ? '' : `${placeText(first.place)}: `;
    throw new SourceError(
      'misuse',
      `nothing in ${where} could be read: ${place}${first.reason}`,
      isUnknown ? readable : 'correct it there, or name another file',
    );
  }
  const what = ignored.size === 0 ? '' : `; ${ignoredLine(ignored)}`;
  throw new SourceError('misuse', `nothing in ${where} tells of access${what}`, readable);
}

function ignoredLine(ignored: ReadonlyMap<string, number>): string {
  const count = [...ignored.values()].reduce((sum, one) => sum + one, 0);
  const kinds = listed([...ignored.keys()].sort());
  return `${count} ${count === 1 ? 'object' : 'objects'} of ${kinds} ${count === 1 ? 'does' : 'do'} not grant access`;
}

/** The first few, each once. */
function listed(names: readonly string[]): string {
  const distinct = [...new Set(names)];
  const shown = distinct.slice(0, 5).map((name) => `\`${name}\``);
  return distinct.length > 5 ? `${shown.join(', ')} and ${distinct.length - 5} more` : shown.join(', ');
}
