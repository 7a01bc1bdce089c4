import { type Command, Option } from 'commander';
import { connectionOptions } from '../connectionoptions.ts';
import type { CallerOptions } from '../ours.ts';
import { parseMoment } from '../trail/times.ts';
import { growHeapSlowly } from './heap.ts';
import { onlyWith } from './onlywith.ts';

/** Where an analysis takes its snapshot from, what it is about, and how it prints. */
export interface SourceOptions extends CallerOptions {
  readonly from?: readonly string[];
  readonly live?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly profile?: string;
  readonly awsRegion?: string;
  readonly cache?: string;
  readonly maxAge?: string;
  readonly cluster?: readonly string[];
  /** Epoch milliseconds. */
  readonly at?: number;
}

export const outputs = ['table', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];
export interface OutputOptions {
  readonly output: Output;
}

/** Adds the options of every command that analyses: a running server, unless `--from` or `--live` says otherwise. */
export function sourceOptions(command: Command): Command {
  onlyWith(command, 'live', ['kubeconfig', 'context', 'profile', 'awsRegion', 'cache']);
  onlyWith(command, 'cache', ['maxAge']);
  return connectionOptions(command)
    .hook('preAction', growHeapSlowly)
    .addOption(
      new Option(
        '--from <path...>',
        'read files instead: a saved snapshot, manifests, aws-auth, JSON of the AWS CLI, Terraform plans, CloudFormation, eksctl; directories; - is standard input',
      ).conflicts('live'),
    )
    .option(
      '--live',
      'read AWS, with the credentials of the environment, and a kubeconfig; nothing is written',
    )
    .option('--kubeconfig <file>', 'with --live (default: $KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'with --live: context of the kubeconfig (default: the current one)')
    .option('--profile <name>', 'with --live: profile of the AWS credentials')
    .option('--aws-region <name>', 'with --live: region of the clusters (default: $AWS_REGION)')
    .option('--cache <file>', 'with --live: keep what was read there, and read it while it is fresh')
    .option('--max-age <time>', 'with --cache: how long it is fresh: 30m, 8h, 7d (default: 1h)')
    .option('--cluster <name...>', 'only these clusters, by name or ARN')
    .option(
      '--at <when>',
      'answer for this moment: 2026-12-24 or a timestamp (default: when it was read)',
      moment,
    );
}

/** `-o`: a table for people, or all that is known as data. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'print as').choices(outputs).default('table');
}

/** What else a call of AWS has; `parseCall` reads it. */
export function keyOption(): Option {
  return new Option(
    '--key <key=value...>',
    'what else the request has: aws:SourceIp=10.0.0.1; KEY= says that it does not have the key',
  );
}

export function moment(text: string): number {
  return parseMoment(text, '--at', Date.now());
}

/** `-A`, as kubectl has it: what a question without `-n` is about anyway. */
export function allNamespacesOption(): Option {
  return new Option('-A, --all-namespaces', 'in all namespaces at once: the same as without -n').conflicts(
    'namespace',
  );
}
