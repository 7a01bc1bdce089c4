import { stringify } from 'yaml';
import type { BundleFile } from './input.ts';

/** What a distribution needs beside the files an API server reads, and how it is done there. */
export interface Recipe {
  /** Where the cluster's API server sees the folder with the webhook files. */
  readonly folder: string;
  readonly files: readonly BundleFile[];
  /** Markdown: what to put where, with commands; what to restart. */
  readonly install: string;
  /** Markdown: the steps back. */
  readonly undo: string;
  /** Markdown, one paragraph each: what to know about this distribution. */
  readonly notes: readonly string[];
}

export function yamlFile(path: string, comment: readonly string[], value: unknown, mode = 0o644): BundleFile {
  const head = comment.map((line) => `# ${line}\n`).join('');
  return { path, mode, content: `${head}${stringify(value, { lineWidth: 0 })}` };
}

/** A fenced block; `sh on-the-cluster` marks commands of other tools, which no test of ours can run. */
export function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

export function onTheCluster(...commands: readonly string[]): string {
  return block('sh on-the-cluster', commands.join('\n'));
}

/** Each line that much further to the right. */
export function indented(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by));
}
