import { AwsError } from '../../wire/protocols/errors.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';

/**
 * Asks an analysis, by its operation's name, about what grants in an account (or in all). The answer is JSON text.
 */
export type Analyse = (asked: AskedAnalysis) => Promise<AnalysisAnswer>;

export interface AskedAnalysis {
  readonly name: string;
  readonly accountId: string | 'all';
  /** Whose records it may look up. */
  readonly trailOf: string | 'all';
  readonly input: object;
  /** Epoch milliseconds: the moment the answer is about. */
  readonly now: number;
  /** Aborted when nobody waits any more: then what was begun is ended, and what waits is not begun. */
  readonly signal?: AbortSignal | undefined;
}

export type AnalysisAnswer =
  | { readonly outcome: 'answered'; readonly text: string }
  /** The question is not one that can be answered; `hint` says how to put it. */
  | { readonly outcome: 'misasked'; readonly message: string; readonly hint?: string }
  | { readonly outcome: 'failed' }
  /** It took more time or memory than one analysis may take. */
  | { readonly outcome: 'ended' }
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'abandoned' };

interface Answered {
  readonly answer: unknown;
}

/** Of one cluster: permission can be given for it alone, and nothing is told of another. */
const ofCluster = ['WhoCan', 'WhatCan', 'ExplainRequest', 'PlanAwsAuthMigration'] as const;
/**
 * Of the account as a whole. LeastPrivilege and ExplainPod are about a cluster, but tell what its principal called of AWS, and
 * what the account's roles allow.
 */
const ofAccount = [
  'ExplainAwsRequest',
  'ExplainPod',
  'WhoCanCallAws',
  'WhoCanBecomeRole',
  'ExplainLast',
  'LintAccess',
  'DiffAccess',
  'TestAccess',
  'LeastPrivilege',
] as const;

interface AnyInput {
  readonly clusterName?: string;
  readonly transitive?: boolean;
  readonly at?: Date;
}

/** Why, who and what if: the analyses that the commands of the same names do, for consoles and pipelines. */
export function analysisOperations({
  storage,
  analyse,
  authorize,
  operatorAccountId,
}: Pick<EntrywayDeps, 'storage' | 'analyse' | 'authorize' | 'operatorAccountId'>): Operations {
  const ask = async (
    name: string,
    { at, ...input }: AnyInput,
    { caller, now, signal }: OperationContext,
  ): Promise<Answered> => {
    const isOperator = caller.accountId === operatorAccountId;
    const result = await analyse({
      ...{ name, input, now: at?.getTime() ?? now, signal },
      accountId: isOperator ? 'all' : caller.accountId,
      // SECURITY: everybody's trail is for the root of the first account, and no policy gives it away (docs/adr/0009).
      trailOf: isOperator && caller.kind === 'root' ? 'all' : caller.accountId,
    });
    switch (result.outcome) {
      case 'answered':
        return { answer: JSON.parse(result.text) as unknown };
      case 'misasked':
        throw invalidParameter(
          result.hint === undefined ? result.message : `${result.message}: ${result.hint}`,
        );
      case 'busy':
        throw unavailable('Too many analyses are waiting: try again in a moment');
      case 'ended':
        throw unavailable(
          'The analysis took more time or memory than one may take: ask about less, or save a snapshot and ask it with the command line',
        );
      case 'abandoned':
        throw unavailable('The analysis was given up because nobody waited for it any more');
      case 'failed':
        throw new AwsError(
          'ServerException',
          'The analysis could not be carried out: the log of the server says why',
        );
      default:
        return result satisfies never;
    }
  };
  const ownCluster = async (input: AnyInput, context: OperationContext): Promise<AnyInput> => {
    if (input.clusterName === undefined) return input;
    const { record } = await findCluster(storage, context, input.clusterName);
    // SECURITY: by its ARN from here on. Another account may have a cluster of the same name, which nobody was asked about.
    return { ...input, clusterName: record.arn };
  };
  const clusterOperations = ofCluster.map((name) => [
    name,
    defineOperation<AnyInput, Answered>({
      authorization: ({ clusterName = '' }, context) =>
        onCluster(`entryway:${name}`, storage, context, clusterName),
      async handle(input, context) {
        // SECURITY: how somebody else can become one of those who may leads through the IAM of whole accounts, which the
        // permission for one cluster does not open.
        if (input.transitive === true)
          await authorize(context, { action: 'entryway:GetSnapshot', resources: ['*'] });
        return await ask(name, await ownCluster(input, context), context);
      },
    }),
  ]);
  const accountOperations = ofAccount.map((name) => [
    name,
    defineOperation<AnyInput, Answered>({
      authorization: () => ({ action: `entryway:${name}`, resources: ['*'] }),
      handle: async (input, context) => ask(name, await ownCluster(input, context), context),
    }),
  ]);
  return Object.fromEntries([...clusterOperations, ...accountOperations]) as Operations;
}

function unavailable(message: string): AwsError {
  return new AwsError('ServiceUnavailableException', message);
}
