import { AwsError } from '../../wire/protocols/errors.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';

/**
 * Asks an analysis, by its operation's name, about what grants in an account (or in all) at `now` (epoch milliseconds). The
 * answer is JSON text.
 */
export type Analyse = (
  name: string,
  accountId: string | 'all',
  input: object,
  now: number,
) => Promise<AnalysisAnswer>;

export type AnalysisAnswer =
  | { readonly outcome: 'answered'; readonly text: string }
  /** The question is not one that can be answered; `hint` says how to put it. */
  | { readonly outcome: 'misasked'; readonly message: string; readonly hint?: string }
  | { readonly outcome: 'failed' }
  | { readonly outcome: 'busy' };

interface Answered {
  readonly answer: unknown;
}

/** Of one cluster: permission can be given for it alone. */
const ofCluster = [
  'WhoCan',
  'WhatCan',
  'ExplainRequest',
  'ExplainAwsRequest',
  'PlanAwsAuthMigration',
] as const;
/** Of the account as a whole. */
const ofAccount = ['LintAccess', 'DiffAccess', 'TestAccess'] as const;

/** Why, who and what if: the analyses that the commands of the same names do, for consoles and pipelines. */
export function analysisOperations({
  storage,
  analyse,
  operatorAccountId,
}: Pick<EntrywayDeps, 'storage' | 'analyse' | 'operatorAccountId'>): Operations {
  const ask = async (name: string, input: object, { caller, now }: OperationContext): Promise<Answered> => {
    const accountId = caller.accountId === operatorAccountId ? 'all' : caller.accountId;
    const result = await analyse(name, accountId, input, now);
    switch (result.outcome) {
      case 'answered':
        return { answer: JSON.parse(result.text) as unknown };
      case 'misasked':
        throw invalidParameter(
          result.hint === undefined ? result.message : `${result.message}: ${result.hint}`,
        );
      case 'busy':
        throw new AwsError(
          'ServiceUnavailableException',
          'Too many analyses are waiting: try again in a moment',
        );
      case 'failed':
        throw new AwsError(
          'ServerException',
          'The analysis could not be carried out: the log of the server says why',
        );
      default:
        return result satisfies never;
    }
  };
  const clusterOperations = ofCluster.map((name) => [
    name,
    defineOperation<{ readonly clusterName: string }, Answered>({
      authorization: ({ clusterName }, context) =>
        onCluster(`entryway:${name}`, storage, context, clusterName),
      async handle(input, context) {
        const { record } = await findCluster(storage, context, input.clusterName);
        // SECURITY: by its ARN from here on. Another account may have a cluster of the same name, which nobody was asked about.
        return await ask(name, { ...input, clusterName: record.arn }, context);
      },
    }),
  ]);
  const accountOperations = ofAccount.map((name) => [
    name,
    defineOperation<object, Answered>({
      authorization: () => ({ action: `entryway:${name}`, resources: ['*'] }),
      handle: (input, context) => ask(name, input, context),
    }),
  ]);
  return Object.fromEntries([...clusterOperations, ...accountOperations]) as Operations;
}
