import type { ExplainStep } from '../../engine/analysis/explain/explanation.ts';
import { type TokenVerdict, tokenSteps } from '../../engine/analysis/explain/tokensteps.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { defineOperation, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';

interface ExplainTokenInput {
  readonly clusterName: string;
  readonly token: string;
}

interface ExplainTokenOutput {
  readonly clusterName: string;
  readonly outcome: TokenVerdict['outcome'];
  readonly steps: readonly ExplainStep[];
}

/**
 * ExplainToken: what the authenticator of the cluster says of a token, step by step.
 *
 * SECURITY: the verdict is the authenticator's own, made as for a request, and what is told of it is what a request with
 * this token leaves in the trail of the cluster's account: the check that failed, the access key's id, the principal. The
 * token is neither told again nor recorded (`audit/cloudtrail/vocabulary.ts`).
 */
export function explainTokenOperations({
  storage,
  authenticate,
}: Pick<EntrywayDeps, 'storage' | 'authenticate'>): Operations {
  return {
    ExplainToken: defineOperation<ExplainTokenInput, ExplainTokenOutput>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:ExplainToken', storage, context, clusterName),
      async handle({ clusterName, token }, context) {
        const { record } = await findCluster(storage, context, clusterName);
        const verdict = await authenticate(record.clusterId, token, context.now);
        return { clusterName, outcome: verdict.outcome, steps: tokenSteps(verdict) };
      },
    }),
  };
}
